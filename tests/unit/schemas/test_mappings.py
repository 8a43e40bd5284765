from __future__ import annotations

import re
import time
import warnings
from pathlib import Path

import pytest

from schemas.errors import FileError, MappingError
from schemas.mappings import (
    SourceMapping,
    load_mappings,
    load_usable_mappings,
    match_mapping,
    read_mappings,
    survey_mappings,
)
from schemas.node_rows import NodeRows
from schemas.problems import FileProblem, Kind
from schemas.settings import PROJECT_ROOT, Settings
from schemas.table_spec import Identity, TableSpec
from tasks.ingest.read_tables import read_tables
from tasks.validate.parse_readings import parse
from tests import files

GOOD = """
name: boiler
match: ["*.csv"]
layout: day-sheet
date: Дата
hour: Час
columns:
  "Т1, °C": {metric: T1, unit: °C}
identity:
  meter: M
"""


def write(folder: Path, text: str, name: str = "x.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hour: Час", "hour: Час\nheader: none", ["letters of columns", "not Дата, Час, Т1, °C"]),
        ("date: Дата\nhour: Час", "timestamp: А\nheader: none\nheader_row: 2", ["either header: none, or header_row"]),
        ("hour: Час", "hour: Час\nthousands: ','\ndecimal: ','", ["different marks in decimal and thousands"]),
        ("hour: Час", "hour: Час\nfactor: 0", ["line 7", "factor", "a number other than 0, or a heading"]),
        ("hour: Час", "hour: Час\nfactor: true", ["line 7", "factor"]),
        ("hour: Час", "hour: Час\nfactor: Час", ["one meaning for a column", "the factor"]),
        ("hour: Час", "hour: Час\nunit: {cell: B1, sheet: '.'}", ["line 7", "unit", "one of column, sheet, cell"]),
        (
            "hour: Час\ncolumns:",
            "hour: Час\nunit: {cell: B1}\ncolumns:\n  V: {metric: flow_supply}",
            ["columns of one kind"],
        ),
        ("hour: Час", "hour: Час\nstatus: {column: С, words: {ОК: good}}", ["line 7", "status.words.ОК", "'valid'"]),
        ("hour: Час", "hour: Час\nmetric: {column: П, words: {V: T9}}", ["line 7", "metric.words.V.metric", "one of"]),
        (
            "hour: Час",
            "hour: Час\nmetric: {column: П, words: {V: {metric: T1, unit: м3}}}",
            ["line 7", "metric.words.V", "fits T1"],
        ),
        ("hour: Час", "hour: Час\nmetric: {column: П, words: {V: T1, v: T2}}", ["line 7", "one meaning for a word"]),
        ("layout: day-sheet", "layuot: day-sheet", ["line 4", "layuot", "no such key"]),
        ("metric: T1", "metric: T9", ["line 8", "columns.Т1, °C.metric", "one of", "flow_supply"]),
        ("unit: °C", "unit: кг", ["line 8", "fits T1", "кг"]),
        ("hour: Час", 'hour: "Т1, °C"', ["one meaning for a column"]),
        ("  meter: M", '  meter: "{flat-M"', ["line 9", "identity", "templates such as", "{flat-M"]),
        ("  meter: M", "  path: '(['\n  meter: M", ["line 10", "identity.path", "regular expression"]),
        ("  meter: M", "  meter: {cell: B2, pattern: '(?=№)\\d'}", ["line 10", "identity.meter.pattern", "RE2", "(?="]),
        ("name: boiler", "name: boiler\ntime_zone: Mars/Base", ["time_zone", "IANA"]),
        ("date: Дата", "date: Дата\ndate: День", ["line", "duplicate"]),
        ("hour: Час", "hour: Час\ninterval_number: Период", ["either hour, or interval_number"]),
        ("date: Дата\nhour: Час", "timestamp: Дата\ninterval_number: Период", ["either timestamp, or date"]),
        ("hour: Час", "hour: Час\nthousands: ' '", ["line 7", "thousands", "','"]),
    ],
    ids=[
        "letters",
        "letters_and_line",
        "marks",
        "factor_of_zero",
        "factor_of_no_number",
        "factor_in_a_column_of_times",
        "unit_twice",
        "unit_of_two_kinds",
        "status",
        "metric_of_a_word",
        "unit_of_a_word",
        "word_twice",
        "key",
        "metric",
        "unit",
        "two_claim_one",
        "template",
        "regex",
        "look_ahead",
        "zone",
        "key_twice",
        "hour_twice",
        "time_twice",
        "thousands",
    ],
)
def test_wrong_mapping_is_refused_with_file_line_and_key(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    with pytest.raises(MappingError) as caught:
        load_mappings(write(tmp_path, GOOD.replace(old, new)))

    assert all(part in str(caught.value) for part in ["x.yaml", *said]), str(caught.value)


def test_glob_with_many_stars_takes_no_time(tmp_path: Path) -> None:
    (mapping,) = load_mappings(write(tmp_path, GOOD.replace("*.csv", "a*" * 60 + "b")))
    started = time.monotonic()

    assert not mapping.takes("a" * 4_000)

    assert time.monotonic() - started < 2, "matching a path of 4,000 characters"


def test_name_used_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="used twice"):
        load_mappings(write(tmp_path, f"{GOOD}---{GOOD}"))


def test_mapping_with_an_error_keeps_only_files_waiting_that_could_be_its_own(tmp_path: Path) -> None:
    other = GOOD.replace("boiler", "pump").replace("*.csv", "pump*")
    last = GOOD.replace("boiler", "last").replace('match: ["*.csv"]', 'match: ["*.csv"]\nfallback: true')
    write(tmp_path, f"{GOOD.replace('layout', 'layuot')}---{other}", "x.yaml")
    write(tmp_path, "name: [", "y.yaml")

    mappings = load_usable_mappings(write(tmp_path, last, "z.yaml"))

    assert [mapping.name for mapping in mappings.usable] == ["pump", "last"]
    assert [error.file_name for error in mappings.errors] == ["x.yaml", "y.yaml"]
    assert "line 4: layuot: there is no such key" in str(mappings.errors[0])
    assert mappings.match("pump 1.csv").name == "pump"
    for path in ("boiler.csv", "a.xlsx"):  # taken by the last resort, and by none
        with pytest.raises(FileError) as caught:
            mappings.match(path)
        assert caught.value.problem is FileProblem.MAPPING_HAS_ERROR
        assert caught.value.data == {"mappings": "x.yaml, y.yaml"}


def test_a_file_that_two_mappings_take_is_not_guessed(tmp_path: Path) -> None:
    mappings = load_mappings(write(tmp_path, f"{GOOD}---{GOOD.replace('boiler', 'other')}"))

    with pytest.raises(FileError) as caught:
        match_mapping(mappings, "a.csv")

    assert (caught.value.problem, caught.value.data) == (FileProblem.SEVERAL_MAPPINGS, {"mappings": "boiler, other"})


def test_a_file_that_no_mapping_takes_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        match_mapping(load_mappings(write(tmp_path, GOOD)), "a.pdf")

    assert caught.value.problem is FileProblem.NO_MAPPING
    assert "dataops sources new" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "name", "identity"),
    [
        ("Посуточная ведомость ОДПУ ГВС.xlsx", "odpu-gvs", "D-0000/D-0000-ITP/D-0000-GVS"),
        ("D-0007/ПОСУТОЧНАЯ ведомость ОДПУ ГВС (1).XLSX", "odpu-gvs", "D-0007/D-0007-ITP/D-0007-GVS"),
        ("D-0007/Посуточная ведомость водосчетчика ХВС ИТП.xlsx", "vodoschetchik-hvs", "D-0007/D-0007-ITP/D-0007-HVS"),
        ("D-0007/посуточная_ВЕДОМОСТЬ__ОДПУ_гвс.xlsx", "odpu-gvs", "D-0007/D-0007-ITP/D-0007-GVS"),
        ("long/показания.csv", "long", None),
    ],
)
def test_shipped_mappings_take_their_files(path: str, name: str, identity: str | None) -> None:
    mapping = match_mapping(load_mappings(PROJECT_ROOT / "schemas" / "sources"), path)

    assert (mapping.name, mapping.path_identity(path)) == (name, identity)


def test_constant_codes_are_part_of_whose_readings_a_file_holds(tmp_path: Path) -> None:
    (mapping,) = load_mappings(write(tmp_path, GOOD))

    assert mapping.path_identity("any.csv") == "M"


CONTRIBUTING = (PROJECT_ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", re.findall(r"```yaml\n(.*?)```", CONTRIBUTING, re.DOTALL))
def test_mapping_that_the_developers_guide_shows_is_one(document: str) -> None:
    (mapping,) = read_mappings("CONTRIBUTING.md", document.encode())

    assert mapping.takes("D-0417/ТЭЦ_0417_2025-04." + ("csv" if mapping.tables[0].table_format == "long" else "xlsx"))


def test_heat_meter_of_the_developers_guide_is_read_as_it_says(tmp_path: Path) -> None:
    (mapping, *_) = read_mappings(
        "CONTRIBUTING.md", re.findall(r"```yaml\n(.*?)```", CONTRIBUTING, re.DOTALL)[0].encode()
    )
    rows: files.Rows = [
        ["Архив"],
        ["Прибор", "ВКТ-7 № 00123"],
        ["Часовой архив"],
        ["Дата", "Час", "Подающий", None, "Обратный", "Показание"],
        [None, None, "t", "V", "t", None],
        [None, None, "°C", "м3", "°C", "м3"],
        [1, 2, 3, 4, 5, 6],
        ["01.04.2025", 1, 70.5, 1.5, 50, 100],
        ["Итого", None, 70.5, 1.5, 50, None],
        ["Суточный архив"],
        ["Дата", "Подающий t"],
        ["01.04.2025", 70.5],
    ]
    path = tmp_path / "a.xlsx"
    path.write_bytes(files.xlsx(rows))

    (table,) = read_tables(path, mapping, relative_path="D-0417/ТЭЦ_0417_2025-04.xlsx", settings=Settings())
    readings = [one for batch in table.batches for one in parse(table.schema, batch).to_pylist()]

    assert {(one["building_code"], one["itp_code"], one["meter_code"], one["problems"]) for one in readings} == {
        ("D-0417", "D-0417-ITP", "00123", 0)
    }
    assert {one["metric"]: (f"{one['ts']:%d %H:%M}", one["value"]) for one in readings} == {
        "T1": ("31 19:00", 70.5),
        "T2": ("31 19:00", 50),
        "flow_supply": ("31 19:00", 1.5),
        "consumption_cumulative": ("31 20:00", 100),
    }


@pytest.mark.parametrize(
    "key", [*SourceMapping.yaml_keys(), *TableSpec.yaml_keys(), *Identity.model_fields, *NodeRows.model_fields]
)
def test_developers_guide_explains_every_key(key: str) -> None:
    reference = CONTRIBUTING.partition("Of a file:")[2].partition("## ")[0]

    assert f"`{key}`" in reference


def test_content_decides_where_no_name_does_and_two_that_fit_are_named(tmp_path: Path) -> None:
    by_content = GOOD.replace('["*.csv"]', "{content: true}").replace(
        "name: boiler", 'name: boiler\nexclude: ["*.tmp"]'
    )
    pump = GOOD.replace("boiler", "pump").replace("*.csv", "pump*")
    last = GOOD.replace("boiler", "last").replace('match: ["*.csv"]', 'match: ["*.csv"]\nfallback: true')
    write(tmp_path, "---".join([by_content, by_content.replace("boiler", "other"), pump, last]))
    mappings = load_usable_mappings(tmp_path)

    def match(path: str, *fitting: str) -> str:
        return mappings.match(path, lambda asked: [mapping for mapping in asked if mapping.name in fitting]).name

    assert match("pump 1.csv", "boiler") == "pump"
    assert match("1.csv", "boiler", "pump") == "boiler"
    assert match("1.csv") == "last"
    for path, fitting, problem in (
        ("1.csv", ("boiler", "other"), FileProblem.SEVERAL_MAPPINGS),
        ("1.tmp", ("boiler", "other"), FileProblem.NO_MAPPING),
        ("1.xlsx", (), FileProblem.NO_MAPPING),
    ):
        with pytest.raises(FileError) as caught:
            match(path, *fitting)
        assert caught.value.problem is problem


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("fallback: true", "either match: {content: true}, or fallback"),
        ("header: none", "globs where a table has no header"),
        ("exclude: 1", "list"),
    ],
)
def test_match_by_content_needs_a_table_that_can_be_told(tmp_path: Path, key: str, said: str) -> None:
    own = GOOD.replace('["*.csv"]', f"{{content: true}}\n{key}").replace("Дата", "A").replace("Час", "B")

    with pytest.raises(MappingError, match=re.escape(said)):
        load_mappings(write(tmp_path, own.replace("Т1, °C", "C")))


@pytest.mark.parametrize("match", ["{content: false}", "{name: a}", "[]", "{}"])
def test_match_is_globs_or_content(tmp_path: Path, match: str) -> None:
    with pytest.raises(MappingError, match="line 3: match"):
        load_mappings(write(tmp_path, GOOD.replace('["*.csv"]', match)))


def test_draft_with_an_open_question_is_refused_with_each_of_its_lines() -> None:
    draft = b"name: acme\nmatch: [a]\nlayout: long\nmetric: ???\nidentity:\n  meter: {column: '???'}\n"

    with pytest.raises(MappingError) as refused:
        read_mappings("acme.yaml", draft)

    assert str(refused.value) == (
        "acme.yaml: line 4: metric: must be answered, not '???'; "
        "line 6: identity.meter.column: must be answered, not '???'"
    )


def test_errors_of_a_folder_are_found_without_raising(tmp_path: Path) -> None:
    assert "holds no *.yaml" in str(survey_mappings(tmp_path).errors[0])

    (tmp_path / "a.yaml").write_text("name: a\nmatch: [a]\nlayout: long\n")
    (tmp_path / "b.yaml").write_text("name: b\nmatch: [b]\nlayout: tall\n")

    (error,) = survey_mappings(tmp_path).errors
    assert str(error).startswith("b.yaml: line 3: layout: must be")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("positions: [2, 12]", "line 3: positions: must be ascending positions of two columns or more, the first"),
        ("positions: [1, 12, 12]", "line 3: positions: must be ascending"),
        ("positions: [1, 17, 12]", "line 3: positions: must be ascending"),
        ("positions: 12", "line 3: positions: must be ascending"),
        ("positions: [1, b]", "line 3: positions.1: must be a valid integer"),
        ("positions: [1, 0]", "line 3: positions.1: must be greater than or equal to 1"),
        ("positions: [1, 12]\nsheet: A", "line 3: positions: must be either positions, which are those of a text, or"),
        ("tables: [{positions: [1, 5]}, {}]", "the same positions in all tables"),
    ],
)
def test_positions_are_those_of_one_text(keys: str, said: str) -> None:
    rest = "layout: day-sheet\ntimestamp: t\ncolumns: {V: {metric: T1}}\nidentity: {meter: M}\n"

    with pytest.raises(MappingError) as refused:
        read_mappings("a.yaml", f"name: a\nmatch: [a]\n{keys}\n{rest}".encode())

    assert said in str(refused.value)


def test_where_cells_are_cut_is_told_by_a_digest_unless_the_file_says_it() -> None:
    rest = "match: [a]\nlayout: long\n"
    documents = (
        "",
        "positions: [1, 5]",
        "positions: [1, 6]",
        "xml: {rows: //a, columns: {timestamp: b}}",
        "json: {rows: //a, columns: {timestamp: b}}",
    )

    mappings = [read_mappings("a.yaml", f"name: a\n{rest}{document}\n".encode())[0] for document in documents]

    assert mappings[0].cut is None
    assert len({mapping.cut for mapping in mappings}) == 4
    assert [mapping.kind for mapping in mappings] == [None, Kind.TEXT, Kind.TEXT, Kind.XML, Kind.JSON]


def test_an_anchor_may_be_used_again() -> None:
    content = GOOD.replace("name: boiler", "name: &a boiler").replace('["*.csv"]', '[&a "*.csv", *a]').encode()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (mapping,) = read_mappings("x.yaml", content)

    assert mapping.match == ["*.csv", "*.csv"]
