from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
import xlsxwriter

from schemas.errors import FileError
from schemas.mappings import SourceMapping, load_mappings, match_mapping, read_mappings
from schemas.problems import FileProblem
from schemas.settings import PROJECT_ROOT, Settings
from schemas.table_schema import TableSchema
from schemas.table_spec import Identity
from tasks.ingest.read_tables import find_fitting, read_tables

LONG = match_mapping(load_mappings(PROJECT_ROOT / "schemas" / "sources"), "a.csv")
SHEET = SourceMapping.model_validate(
    {
        "name": "sheet",
        "match": ["*"],
        "layout": "day-sheet",
        "sheet": "Лист",
        "date": "Дата",
        "hour": "Час",
        "columns": {"Т1, °C": {"metric": "T1"}, "Т2, °C": {"metric": "T2"}},
        "identity": {"meter": {"cell": "B1"}},
    }
)

SHEET_OF_M = SHEET.model_copy(
    update={"tables": [table.model_copy(update={"identity": Identity(meter="M")}) for table in SHEET.tables]}
)


class Found(NamedTuple):
    schema: TableSchema
    rows: list[dict[str, Any]]
    """Without the column of problems."""
    problems: dict[int, str]
    """Number of the line → why its cells are not the columns'."""
    lines: dict[str, int]
    notes: list[str]


def read(path: Path, mapping: SourceMapping = LONG, **settings: object) -> Found:
    """Read a file with one table."""
    tables = read_tables(
        path, mapping, relative_path=path.name, settings=Settings.model_validate({"raw_dir": path.parent} | settings)
    )
    ((schema, rows),) = [
        (table.schema, [row for batch in table.batches for row in batch.to_pylist()]) for table in tables
    ]
    problems = {row["row_num"]: problem for row in rows if (problem := row.pop("row_problem"))}
    return Found(schema, rows, problems, tables.lines, tables.notes)


def csv_file(folder: Path, text: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def csv_table(folder: Path, lines: list[list[str]]) -> Path:
    return csv_file(folder, "\n".join(";".join(f'"{cell}"' for cell in line) for line in lines))


def workbook(folder: Path, rows: list[list[object]], sheet: str = "Лист") -> Path:
    path = folder / "a.xlsx"
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet(sheet)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, dt.date):
                page.write_datetime(
                    number, column, dt.datetime.combine(cell, dt.time()), book.add_format({"num_format": "dd.mm.yyyy"})
                )
            elif cell is not None:
                page.write(number, column, cell)
    book.close()
    return path


TEXT = "ts;счётчик;показатель;значение\n01.04.2025 05:00;М1;Т1;60,5\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_every_encoding_and_delimiter_gives_the_same_rows(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = read(csv_file(tmp_path, TEXT.replace(";", delimiter), encoding)).rows

    assert rows == [{"row_num": 2, "ts": "01.04.2025 05:00", "счётчик": "М1", "показатель": "Т1", "значение": "60,5"}]


def test_lines_are_numbered_as_a_person_counts_them(tmp_path: Path) -> None:
    text = 'title\n\nts,meter,metric,value,note\n1,M,T1,1,"two\nlines"\n\n2,M,T1,2,\n'

    found = read(csv_file(tmp_path, text))

    assert found.schema.header_row == 3
    assert [(row["row_num"], row["ts"]) for row in found.rows] == [(4, "1"), (7, "2")]
    assert found.lines == {"header": 1, "reading": 3, "note": 1, "blank": 2}


def test_line_that_ends_before_a_needed_column_or_goes_on_behind_the_last_is_kept_with_its_problem(
    tmp_path: Path,
) -> None:
    lines = ["1,M,T1", "2,M,T1,2", "3,M,T1,2,5", "4,M,T1,2", "5,M,T1,2,,,"]

    found = read(csv_file(tmp_path, "\n".join(["ts,meter,metric,value", *lines])))

    assert [row["value"] for row in found.rows] == [None, "2", "2,5", "2", "2"]
    assert found.problems == {2: "missing_column", 4: "surplus_cell"}


def test_cells_that_are_cut_off_at_the_end_of_a_line_are_empty(tmp_path: Path) -> None:
    lines = ["Дата;Час;Т1, °C;Т2, °C;Примечание", "01.04.2025;0-1;60;40;", "01.04.2025;1-2;60", "01.04.2025;2-3;61;41"]

    found = read(csv_file(tmp_path, "\n".join(lines)), SHEET_OF_M)

    assert [row["Т2, °C"] for row in found.rows] == ["40", None, "41"]
    assert found.problems == {}


def test_filled_cells_without_a_heading_are_a_problem_of_the_line_and_of_the_file_if_most_have_them(
    tmp_path: Path,
) -> None:
    some = ["ts;meter;metric;value;", "1;M;T1;2;", "2;M;T1;2;x", "3;M;T1;2;"]
    most = ["ts,meter,metric,value", "1,M,T1,0,5", "2,M,T1,1,5", "3,M,T1,2"]

    assert read(csv_file(tmp_path, "\n".join(some))).problems == {3: "surplus_cell"}
    with pytest.raises(FileError, match=r"в 2 строках из 3 .*\(E\).*запятая") as caught:
        read(csv_file(tmp_path, "\n".join(most)))
    assert caught.value.problem is FileProblem.SURPLUS_CELLS


def test_totals_blank_lines_comments_and_repeated_headers_are_not_readings(tmp_path: Path) -> None:
    text = (
        "# made by hand\nts,meter,metric,value\n1,M,T1,1\n,,,\nts,meter,metric,value\nИтого,,,5\nСреднее:,,,5\n"
        "----,----,----,----\n2,M,T1,2\n# end\nПодпись\n"
    )

    found = read(csv_file(tmp_path, text))

    assert [row["ts"] for row in found.rows] == ["1", "2"]
    assert found.lines == {
        "header": 1,
        "reading": 2,
        "repeated_header": 1,
        "note": 1,
        "total": 2,
        "comment": 3,
        "blank": 1,
    }


@pytest.mark.parametrize(
    ("header", "problem", "said"),
    [
        ("ts,meter,metric,valeu", FileProblem.COLUMN_RENAMED, "нет столбца «value», похожий: «valeu»"),
        ("ts,meter,metric,value,val", FileProblem.COLUMN_DOUBLED, "несколько раз"),
        ("one,two", FileProblem.HEADER_NOT_FOUND, "шапка не найдена"),
    ],
)
def test_column_renamed_or_doubled_is_named_with_the_nearest(
    tmp_path: Path, header: str, problem: FileProblem, said: str
) -> None:
    with pytest.raises(FileError, match=said) as caught:
        read(csv_file(tmp_path, f"{header}\n1,M,T1,1,2\n"))

    assert caught.value.problem is problem


def test_added_column_is_kept_raw_and_noted(tmp_path: Path) -> None:
    found = read(csv_file(tmp_path, "value,примечание,ts,meter,metric\n1,ok,1,M,T1\n"))

    assert found.rows[0]["примечание"] == "ok"
    assert found.schema.notes == ["столбцы без описания, сохранены в сырье: B «примечание»"]


@pytest.mark.parametrize(
    ("content", "problem", "said"),
    [
        (b"ts,meter,metric,value\na,M,T1,\x00\n", FileProblem.NUL_BYTE, "позиции 29"),
        (
            "ts,meter,metric,значение\n".encode() + b"a,M,T1,1\n" * 40_000 + b"a,M,T1,\xff\n",
            FileProblem.BYTE_NOT_IN_ENCODING,
            "позиции 360040",
        ),
        (b"<!DOCTYPE html><html>", FileProblem.WRONG_KIND, "страница html"),
        (b"%PDF-1.7", FileProblem.WRONG_KIND, "документ pdf"),
        (b"PK\x03\x04 cut", FileProblem.DAMAGED, "повреждён"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), FileProblem.ENCRYPTED, "зашифрован"),
        (b"\x1f\x8b\x08", FileProblem.ARCHIVE_WITHOUT_TABLES, "gzip"),
        (b"\x7fELF" + bytes(200), FileProblem.WRONG_KIND, "двоичный"),
    ],
    ids=["nul", "invalid_utf8_far_in", "html", "pdf", "truncated_zip", "encrypted", "gzip", "binary"],
)
def test_what_cannot_be_read_says_what_it_is(tmp_path: Path, content: bytes, problem: FileProblem, said: str) -> None:
    with pytest.raises(FileError, match=said) as caught:
        read(csv_file(tmp_path, content))

    assert caught.value.problem is problem


def test_empty_file_has_no_table_and_a_bare_header_no_rows(tmp_path: Path) -> None:
    empty = csv_file(tmp_path, "")
    assert list(read_tables(empty, LONG, relative_path="a.csv", settings=Settings())) == []

    assert read(csv_file(tmp_path, "ts,meter,metric,value\n")).rows == []


def test_workbook_with_title_two_line_header_and_code_in_a_cell(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Прибор", "M-17"],
        [None, None, "Т1,", "Т2,"],
        ["Дата", "Час", "°C", "°C"],
        ["01.04.2025", "0-1", 60.1, 40],
        [dt.date(2025, 4, 1), "1-2", "#DIV/0!", None],
    ]

    found = read(workbook(tmp_path, rows), SHEET)

    assert (found.schema.header_row, found.schema.meter_code, found.schema.sheet) == (3, "M-17", "Лист")
    assert [list(row.values()) for row in found.rows] == [
        [4, "01.04.2025", "0-1", "60.1", "40"],
        [5, "2025-04-01", "1-2", "#DIV/0!", None],
    ]


@pytest.mark.parametrize("total", [["60", "40", "Итого", ""], ["60", "40", "", "Среднее:"]], ids=["date", "hour"])
def test_total_names_itself_in_the_date_or_the_hour_wherever_these_are(tmp_path: Path, total: list[str]) -> None:
    lines = [["Т1, °C", "Т2, °C", "Дата", "Час"], ["60", "40", "01.04.2025", "0-1"], total]

    found = read(csv_table(tmp_path, lines), SHEET_OF_M)

    assert (found.lines, len(found.rows)) == ({"header": 1, "reading": 1, "total": 1}, 1)


@pytest.mark.parametrize(
    ("line", "is_note"),
    [
        (["Подпись", "", "Иванов", ""], True),
        (["Ответственный", "Иванов И.И.", "", ""], True),
        (["Сформировано 01.05.2025", "", "", ""], True),
        (["02.04.2025", "", "", ""], True),
        (["авария", "1-2", "н/д", "н/д"], False),
        (["авария", "", "60,5", ""], False),
        (["#ССЫЛКА!", "", "#ССЫЛКА!", ""], False),
        (["=A5", "=B5", "", ""], False),
        (["02.04.2025", "1-2", "", ""], False),
        (["02.04.2025", "", "н/д", ""], False),
    ],
)
def test_only_a_line_that_cannot_be_a_reading_is_a_note(tmp_path: Path, line: list[str], is_note: bool) -> None:
    lines = [["Дата", "Час", "Т1, °C", "Т2, °C"], ["01.04.2025", "0-1", "60", "40"], line]

    found = read(csv_table(tmp_path, lines), SHEET_OF_M)

    assert (found.lines.get("note", 0), len(found.rows)) == ((1, 1) if is_note else (0, 2))


def test_missing_sheet_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"нет листа «Лист».*«Другой»"):
        read(workbook(tmp_path, [["x"]], sheet="Другой"), SHEET)


@pytest.mark.parametrize(
    ("wanted", "read_sheets"),
    [(None, ["Явный", "Ещё"]), ("Скрытый", ["Скрытый"]), ("*", ["Явный", "Ещё"])],
    ids=["all_visible", "hidden_by_name", "glob_of_visible"],
)
def test_hidden_sheet_is_read_only_when_the_mapping_names_it(
    tmp_path: Path, wanted: str | None, read_sheets: list[str]
) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name in ("Скрытый", "Явный", "Ещё"):
            page = book.add_worksheet(name)
            page.write_row(0, 0, ["ts", "meter", "metric", "value"])
        book.get_worksheet_by_name("Явный").activate()
        book.get_worksheet_by_name("Явный").set_first_sheet()
        book.get_worksheet_by_name("Скрытый").hide()
    mapping = SourceMapping.model_validate({"name": "x", "match": ["*"], "layout": "long", "sheet": wanted or ()})

    tables = read_tables(path, mapping, relative_path="a.xlsx", settings=Settings())

    assert [table.schema.sheet for table in tables] == read_sheets


def test_csv_of_any_size_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "ts,meter,metric,value\n" + "2025-04-01 00:00,M,T1,60.5\n" * 600_000)
    before = pa.total_allocated_bytes()

    (table,) = read_tables(path, LONG, relative_path="a.csv", settings=Settings())
    seen = [(len(batch), pa.total_allocated_bytes() - before) for batch in table.batches]

    assert sum(rows for rows, _ in seen) == 600_000
    assert max(allocated for _, allocated in seen) < path.stat().st_size / 2


def test_workbook_renamed_to_csv_is_read_by_its_content(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["ts", "meter", "metric", "value"], ["1", "M", "T1", 1]])

    found = read(path.rename(tmp_path / "a.csv"))

    assert found.rows[0]["value"] == "1"


def test_zip_bomb_is_refused_by_its_list_of_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (2 << 20))

    with pytest.raises(FileError, match="MAX_UNPACKED_MB"):
        read(path, max_unpacked_mb=1)


def test_mapping_with_a_meter_a_column_fits_a_file_of_another_name(tmp_path: Path) -> None:
    mapping = rb"""name: zones
match: ["zones/*"]
layout: day-sheet
timestamp: t
columns: {'DMA (?P<dma>\S+)': {metric: T1}}
identity: {path: '(?P<place>[A-Z]+)/', meter: "{place}-{dma}"}
"""
    fitting, other = tmp_path / "a.csv", tmp_path / "b.csv"
    fitting.write_text("t,DMA 1\n2025-04-01 00:00,5\n")
    other.write_text("t,Zone 1\n2025-04-01 00:00,5\n")
    mappings = read_mappings("a.yaml", mapping)

    assert find_fitting(fitting, mappings, Settings()) == mappings
    assert find_fitting(other, mappings, Settings()) == []


def test_mapping_with_positions_fits_a_text_of_another_name_and_one_with_xml_fits_none(tmp_path: Path) -> None:
    rest = "layout: day-sheet\ntimestamp: t\ncolumns: {V: {metric: T1}}\nidentity: {meter: M}\n"
    positions = f"name: a\nmatch: [a]\npositions: [1, 18]\n{rest}"
    paths = f"name: b\nmatch: [b]\nxml: {{rows: //p, columns: {{t: t, V: v}}}}\n{rest}"
    mappings = read_mappings("a.yaml", f"{positions}---\n{paths}".encode())
    text, xml = tmp_path / "a.csv", tmp_path / "a.xml"
    text.write_text("t                V\n2025-04-01 00:00 5\n")
    xml.write_text("<r><p><t>2025-04-01 00:00</t><v>5</v></p></r>")

    assert find_fitting(text, mappings, Settings()) == mappings[:1]
    assert find_fitting(workbook(tmp_path, [["t", "V"], ["2025-04-01 00:00", 5]]), mappings, Settings()) == []
    assert find_fitting(xml, mappings, Settings()) == []
