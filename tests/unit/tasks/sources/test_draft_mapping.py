"""A draft that is answered reads the file that it was drafted from; one that is not answered is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.errors import MappingError
from schemas.mappings import read_mappings
from schemas.settings import Settings
from tasks.ingest.read_tables import peek, read_tables
from tasks.sources.cells import Row
from tasks.sources.draft_mapping import Draft, draft_mapping
from tasks.sources.find_tables import Sheet
from tasks.sources.look_at_file import Looked
from tasks.validate.parse_readings import parse
from tests import files

HOURS: files.Rows = [["01.04.2025", f"{hour}-{hour + 1}", 70.5 + hour, 1.5, 100 + hour] for hour in range(4)]
SHEET: files.Rows = [["Дата", "Время суток, ч", "Т1 гвс, оС", "Расход, м3", "Накопленный объём"], *HOURS]
HEAT: files.Rows = [
    ["Отчёт о параметрах теплопотребления"],
    ["Теплосчётчик", "ВКТ-7 № 00123", None, "Абонент: ЖСК"],
    [],
    ["Часовой архив"],
    ["Дата", "Час", "Подающий", None],
    [None, None, "t", "V"],
    [None, None, "°C", "м3"],
    [1, 2, 3, 4],
    *(row[:4] for row in HOURS),
    ["Итого:", None, None, 6],
    [],
    ["Суточный архив"],
    ["Дата", "Подающий t, °C"],
    ["01.04.2025", 71.5],
    ["02.04.2025", 72.5],
]
LONG: files.Rows = [
    ["Когда", "Прибор", "Параметр", "Знач.", "Ед. изм."],
    ["2025-04-01 00:00", "M-1", "T1", 70.5, "°C"],
    ["2025-04-01 00:30", "M-1", "Подача", 1.5, "м3"],
]


def draft(tmp_path: Path, rows: files.Rows) -> tuple[str, Path]:
    path = tmp_path / "Архив 2025-04.xlsx"
    path.write_bytes(files.xlsx(rows))
    sheets = [Sheet(name, [*lines]) for name, lines in peek(path, Settings())]
    return draft_mapping("new", path.name, Looked(sheets)).yaml, path


def readings(path: Path, yaml: str) -> list[list[dict[str, Any]]]:
    (mapping,) = read_mappings("new.yaml", yaml.encode())
    assert mapping.takes("2025/Архив 2026-11.xlsx")
    return [
        [reading for batch in table.batches for reading in parse(table.schema, batch).to_pylist()]
        for table in read_tables(path, mapping, relative_path=path.name, settings=Settings())
    ]


def answered(yaml: str, meter: str) -> str:
    yaml = yaml.replace("description: ???", "description: New").replace("meter: ???", f"meter: {meter}")
    return yaml.replace("interval_minutes: ???", "interval_minutes: 60").replace("stamp: ???", "stamp: start")


@pytest.mark.parametrize("rows", [SHEET, HEAT, LONG], ids=["sheet", "heat_meter", "long"])
def test_draft_is_refused_as_long_as_a_question_is_open(tmp_path: Path, rows: files.Rows) -> None:
    yaml, _ = draft(tmp_path, rows)

    with pytest.raises(MappingError):
        read_mappings("new.yaml", yaml.encode())


def test_day_sheet_is_drafted_with_its_columns_and_asks_for_what_it_only_guesses(tmp_path: Path) -> None:
    yaml, path = draft(tmp_path, SHEET)

    ((*found,),) = readings(path, answered(yaml, "M"))

    assert '"Расход, м3": {metric: consumption_period, unit: "м3"}  # such as "1.5"; ??? a guess' in yaml
    assert "??? unit: without one it is м3" in yaml
    assert "??? register_read_at" in yaml
    assert sorted({reading["metric"] for reading in found}) == ["T1", "consumption_cumulative", "consumption_period"]
    assert [reading["problems"] for reading in found] == [0] * 12


def test_heat_meter_is_drafted_with_both_tables_header_in_two_lines_and_code_in_its_cell(tmp_path: Path) -> None:
    yaml, path = draft(tmp_path, HEAT)
    code = r"{cell: B2, pattern: '№\s*(\S+)'}"
    assert code in yaml

    hourly, daily = readings(path, answered(yaml, code))

    assert {(reading["metric"], reading["meter_code"]) for reading in hourly} == {
        ("T1", "00123"),
        ("flow_supply", "00123"),
    }
    assert [reading["value"] for reading in hourly if reading["metric"] == "T1"] == [70.5, 71.5, 72.5, 73.5]
    assert [(reading["metric"], reading["value"]) for reading in daily] == [("T1", 71.5), ("T1", 72.5)]
    assert "interval_minutes: 1440" in yaml


def test_long_table_with_headings_of_its_own_is_drafted_as_long(tmp_path: Path) -> None:
    yaml, path = draft(tmp_path, LONG)

    ((*found,),) = readings(path, answered(yaml, '{column: "Прибор"}'))

    assert [(one["meter_code"], one["metric"], one["value"]) for one in found] == [
        ("M-1", "T1", 70.5),
        ("M-1", "flow_supply", 3.0),
    ]
    assert "interval_minutes: 30" in yaml


@pytest.mark.parametrize(
    ("heading", "times"),
    [
        ("Когда", ["13/04/2025 01:00", "13/04/2025 02:00"]),
        ("Когда", ["4/13/2025 1:00 AM", "4/13/2025 2:00 AM"]),
        ("Время", ["1744495200", "1744498800"]),
        ("Время", ["1744495200000", "1744498800000"]),
        ("Время", ["202504130100", "202504130200"]),
        ("Когда", ["13-Apr-25 01:00", "13-Apr-25 02:00"]),
        ("Когда", ["13. 4. 2025 1:00", "13 апреля 2025 02:00"]),
        ("Период", ["13.04.2025 01:00 - 13.04.2025 02:00", "13.04.2025 02:00 - 13.04.2025 03:00"]),
    ],
    ids=["day_first", "month_first", "seconds", "milliseconds", "compact", "word", "plain", "ranges"],
)
def test_proposed_spelling_of_dates_reads_them(tmp_path: Path, heading: str, times: list[str]) -> None:
    yaml, path = draft(tmp_path, [[heading, "T1, °C"], *([time, 60] for time in times)])

    ((*found,),) = readings(path, answered(yaml, "M"))

    moscow = [f"{one['ts'].astimezone(Settings().zone):%d %H:%M}" for one in found]
    assert [one["problems"] for one in found] == [0, 0]
    assert moscow in (["13 01:00", "13 02:00"], ["13 00:00", "13 01:00"])  # as the start or the end of an hour


def drafted(*sheets: Sheet, file_name: str = "Архив 1.csv") -> Draft:
    return draft_mapping("new", file_name, Looked([*sheets]))


def test_what_is_open_is_numbered_with_its_line_at_the_end() -> None:
    draft = drafted(Sheet(None, [["Время", "T1, °C"], ["01.04.2025 00:00", "60"], ["01.04.2025 01:00", "61"]]))

    lines = draft.yaml.splitlines()
    assert lines[lines.index("# Open:") + 1 :] == [f"# {n}. {text}" for n, text in enumerate(draft.questions, start=1)]
    assert [text.split(": ")[1] for text in draft.questions] == ["description", "stamp", "meter"]
    for text in draft.questions:
        number, _, shown = text.removeprefix("line ").partition(": ")
        assert shown in lines[int(number) - 1]


def test_tables_below_each_other_end_where_the_next_begins_without_the_dates_of_their_titles() -> None:
    lines = drafted(
        Sheet(
            None,
            [
                *(["Отчёт"], ["Период отдачи", "Отдано"], ["2025-04-01 00:00", "1"], []),
                *(["Данные с 02.04.2025"], ["Период возврата", "Возвращено"], ["2025-04-02 00:00", "9"]),
                *(["День", "Всего м3"], ["2025-04-02", "9"]),
            ],
        )
    ).yaml.splitlines()

    borders = [line.strip().removeprefix("- ") for line in lines if "after:" in line or "until:" in line]
    assert borders == ['after: "Отчёт"', 'until: "Данные с"', 'after: "Данные с"', 'until: "День"']


def test_sheets_with_the_same_headings_are_one_table_and_an_only_sheet_is_not_named() -> None:
    rows: list[Row] = [["Время", "T1, °C"], ["01.04.2025 00:00", "60"]]

    assert 'sheet: ["Лист1", "Лист2"]' in drafted(Sheet("Лист1", rows), Sheet("Лист2", rows)).yaml
    assert 'sheet: "Лист2"' in drafted(Sheet("Лист1", [["x"]]), Sheet("Лист2", rows)).yaml
    assert "sheet:" not in drafted(Sheet("Лист1", rows)).yaml


def test_zone_is_a_key_where_the_file_names_it_and_else_a_comment() -> None:
    rows: list[Row] = [["Time (UTC)", "T1, °C"], ["2025-04-01 00:00", "60"]]

    plain = drafted(Sheet(None, [["Time", "T1, °C"], rows[1]])).yaml
    named = drafted(Sheet(None, rows)).yaml
    offset = drafted(Sheet(None, [rows[0], ["2025-04-01 00:00Z", "60"]])).yaml

    assert "\n# time_zone: Europe/Moscow  # of the supplier's clock, if it is not DEFAULT_TZ\n" in plain
    assert "# time_zone" not in named
    assert "\ntime_zone: UTC  # the heading" in named
    assert "\ntime_zone:" not in offset


TABLE: list[Row] = [["Дата", "Час", "V, м3"], ["01.04.2025", "0-1", "1"]]


def test_meters_below_each_other_are_one_table_with_the_code_in_its_titles() -> None:
    yaml = drafted(Sheet("Л", [["Прибор № 1, А"], *TABLE, ["Прибор № 2, А"], *TABLE, ["Прибор № 7"], *TABLE])).yaml

    assert yaml.count("identity:") == 1
    assert "after:" not in yaml
    shown = '"Прибор № 1, А" and 2 more below it'
    assert rf"  # meter: {{above: 'Прибор №\s+([^\s,;]+)'}}  # {shown}" in yaml


def test_two_meters_with_titles_of_their_own_have_an_identity_each() -> None:
    yaml = drafted(Sheet("Л", [["Прибор № 1"], *TABLE, ["Счётчик № 2"], *TABLE])).yaml

    assert yaml.count("identity:") == 2
    assert 'after: "Прибор № 1"' in yaml
    assert r"""{cell: A4, pattern: '№\s*(\S+)'}""" in yaml


@pytest.mark.parametrize("evil", ["Т1\nname: evil\n", "Т1\x85name: evil", "Т1 # ???\r\nname: evil"])
def test_texts_of_a_file_never_become_keys(evil: str) -> None:
    yaml = drafted(Sheet(evil, [[evil], [evil, evil], ["01.04.2025", evil], ["01/04/2025", "1"]]), file_name=evil).yaml

    assert not [line for line in yaml.splitlines() if line.strip().startswith("name: evil")]


def test_table_whose_day_is_elsewhere_is_drafted_with_its_columns() -> None:
    sheet = Sheet(None, [["Показания на 01.04.2025"], ["Зав. №", "V, м3", "T"], ["20133674", "12,5", "1"]])

    yaml = drafted(sheet, file_name="показания_2025-04-01.csv").yaml

    assert "date: ???" in yaml
    assert "# date: {cell: A1, pattern: " in yaml
    assert '# meter: {column: "Зав. №"}' in yaml
    assert '"V, м3": {metric: "???", unit: "м3"}' in yaml


def test_file_without_a_table_is_drafted_as_a_question(tmp_path: Path) -> None:
    yaml, _ = draft(tmp_path, [["Объявление"], ["Горячей воды не будет"]])

    assert "??? No line with headings" in yaml
