"""Regions of a grid, as the reader of a file makes and reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from schemas.fill_down import fill_down
from schemas.mappings import SourceMapping
from schemas.settings import Settings
from tasks.ingest import cut_records, read_rows
from tasks.ingest.read_tables import read_tables
from tests import files

SHEET = {
    "name": "sheet",
    "match": ["*"],
    "layout": "day-sheet",
    "date": "Дата",
    "hour": "Час",
    "columns": {"V, м3": {"metric": "consumption_period"}},
    "identity": {"meter": "M"},
}
HEADER = "Дата;Час;V, м3"


class Found(NamedTuple):
    tables: list[list[tuple[int, str | None]]]
    """Of each table the lines that are kept: number and value."""
    problems: dict[int, str]
    lines: dict[str, int]
    doubtful: dict[str, str]


def read(folder: Path, *lines: str, workbook: bool = False, **changes: Any) -> Found:
    """Read lines, as a csv or as a sheet, by a mapping."""
    path = folder / "a"
    content = files.xlsx([line.split(";") for line in lines]) if workbook else "\n".join(lines).encode()
    path.write_bytes(content)
    mapping = SourceMapping.model_validate(SHEET | changes)
    tables = read_tables(path, mapping, relative_path="a", settings=Settings(default_tz="UTC"))
    found: list[list[tuple[int, str | None]]] = []
    problems: dict[int, str] = {}
    doubtful: dict[str, str] = {}
    for table in tables:
        rows = [row for batch in table.batches for row in batch.to_pylist()]
        problems |= {row["row_num"]: row["row_problem"] for row in rows if row["row_problem"]}
        doubtful |= table.schema.doubtful_marks
        found.append([(row["row_num"], row[table.schema.value_columns[0]]) for row in rows])
    return Found(found, problems, tables.lines, doubtful)


@pytest.mark.parametrize("rule", ["=========", "---------", "_________", "====;====;===", "==========;;"])
def test_rules_within_and_below_a_table_are_comments_and_a_dash_is_a_missing_value(tmp_path: Path, rule: str) -> None:
    found = read(tmp_path, HEADER, rule, "01.04.2025;0-1;1", rule, "01.04.2025;1-2;-", rule, "Подпись;;")

    assert (found.tables, found.problems) == ([[(3, "1"), (5, "-")]], {})
    assert found.lines == {"header": 1, "comment": 3, "reading": 2, "note": 1}


@pytest.mark.parametrize("workbook", [False, True], ids=["csv", "xlsx"])
def test_another_table_below_is_kept_line_by_line_with_its_problem(tmp_path: Path, workbook: bool) -> None:
    found = read(
        tmp_path,
        *(HEADER, "01.04.2025;0-1;1", "Возврат;;", "Дата возврата;Час;Возвращено", "02.04.2025;0-1;9", "Подпись;;"),
        workbook=workbook,
    )

    assert found.tables == [[(2, "1"), (4, "Возвращено"), (5, "9"), (6, None)]]
    assert found.problems == dict.fromkeys((4, 5, 6), "undescribed_table")
    assert found.lines == {"header": 1, "reading": 1, "note": 1, "undescribed": 3}


def test_what_is_below_the_text_of_the_mapping_is_not_taken(tmp_path: Path) -> None:
    lines = [HEADER, "01.04.2025;0-1;1", "Дата возврата;Час;Возвращено", "", "02.04.2025;0-1;9"]

    found = read(tmp_path, *lines, until="возврата")

    assert (found.tables, found.problems) == ([[(2, "1")]], {})
    assert found.lines == {"header": 1, "reading": 1, "not_taken": 2, "blank": 1}


def test_tables_below_each_other_end_where_the_next_begins(tmp_path: Path) -> None:
    lines = ["№ 111", HEADER, "01.04.2025;0-1;1", "№ 222", HEADER, "01.04.2025;0-1;7", "01.04.2025;1-2;8"]

    found = read(tmp_path, *lines, tables=[{"after": "№ 111"}, {"after": "№ 222"}])

    assert (found.tables, found.problems) == ([[(3, "1")], [(6, "7"), (7, "8")]], {})
    assert found.lines == {"header": 2, "reading": 3, "note": 2}


def test_lines_above_a_title_are_not_taken_and_those_below_it_are_notes(tmp_path: Path) -> None:
    lines = ["01.04.2025;0-1;5", "Часовой архив", "ГВС", HEADER, "01.04.2025;0-1;1"]

    found = read(tmp_path, *lines, after="часовой архив")

    assert (found.tables, found.problems) == ([[(5, "1")]], {})
    assert found.lines == {"header": 1, "reading": 1, "note": 2, "not_taken": 1}


def test_data_above_the_header_are_of_a_table_that_nobody_describes(tmp_path: Path) -> None:
    found = read(tmp_path, "Отчёт за 04.2025", "01.04.2025;0-1;5", HEADER, "01.04.2025;0-1;1")

    assert (found.tables, found.problems) == ([[(2, "5"), (4, "1")]], {2: "undescribed_table"})
    assert found.lines == {"header": 1, "reading": 1, "note": 1, "undescribed": 1}


def test_tables_side_by_side_share_each_line_and_each_has_its_own_rows(tmp_path: Path) -> None:
    lines = ["Дата 1;V1;Дата 2;V2", "01.04.2025;1;;", ";;01.04.2025;2", "02.04.2025;3;02.04.2025;4"]
    tables = [
        {"timestamp": f"Дата {number}", "columns": {f"V{number}": {"metric": "consumption_period"}}}
        for number in (1, 2)
    ]

    found = read(tmp_path, *lines, "Другое;Д;Х;Й", "03.04.2025;5;6;7", tables=tables, date=None, hour=None, columns={})

    kept = [(5, "Д"), (6, "5")]
    assert found.tables == [[(2, "1"), (4, "3"), *kept], [(3, "2"), (4, "4")]]
    assert found.lines == {"header": 1, "reading": 3, "undescribed": 2}


def test_joined_file_with_its_columns_in_another_order_is_read_by_its_own_header(tmp_path: Path) -> None:
    lines = [HEADER, "01.04.2025;0-1;1", "V, м3;Час;Дата", "9;0-1;02.04.2025", "Итого;;"]

    found = read(tmp_path, *lines)

    assert (found.tables, found.problems) == ([[(2, "1")], [(4, "9")]], {})
    assert found.lines == {"header": 2, "reading": 2, "total": 1}


def test_numbers_of_columns_below_a_repeated_header_are_no_reading(tmp_path: Path) -> None:
    found = read(tmp_path, HEADER, "1;2;3", "01.04.2025;0-1;1", HEADER, "1;2;3", "02.04.2025;0-1;2")

    assert found.tables == [[(3, "1"), (6, "2")]]
    assert found.lines == {"header": 1, "reading": 2, "repeated_header": 1, "units": 2}


@pytest.mark.parametrize("block", [40, 90, 200])
@pytest.mark.parametrize("held", [10_000, 1])
def test_what_a_line_is_does_not_depend_on_where_a_batch_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, held: int
) -> None:
    monkeypatch.setattr(cut_records, "MAX_CELL_BYTES", block)
    monkeypatch.setattr(read_rows, "_MAX_HELD", held)
    days = [f"{day:02d}.04.2025;{hour}-{hour + 1};{hour}" for day in (1, 2) for hour in range(5)]
    lines = [HEADER, *days, "Итого;;20", "", "Прибор № 222", "", HEADER, "01.04.2025;0-1;7", "Подпись"]

    found = read(tmp_path, *lines)

    assert len(found.tables[0]) == (13 if held > 1 else len(found.tables[0]))
    assert sum(found.lines.values()) == len(lines)
    if held > 1:
        assert found.problems == dict.fromkeys((16, 17, 18), "undescribed_table")


def test_wide_file_whose_lines_all_lack_a_heading_fails_only_if_most_do(tmp_path: Path) -> None:
    lines = ["Дата;Час;V, м3;", *(f"01.04.2025;{hour}-{hour + 1};1;{'x' * (hour < 2)}" for hour in range(5))]

    found = read(tmp_path, *lines)

    assert found.problems == {2: "surplus_cell", 3: "surplus_cell"}


def test_column_with_both_marks_has_doubtful_ones_unless_the_mapping_says_which_is_which(tmp_path: Path) -> None:
    lines = [HEADER, "01.04.2025;0-1;987.5", "01.04.2025;1-2;1,000"]

    assert read(tmp_path, *lines).doubtful == {"V, м3": ","}
    assert read(tmp_path, *lines, thousands=",").doubtful == {}


KINDS = "Дата;Час;V, м3;Вид"
KINDS_OF_ROWS = [KINDS, "01.04.2025;0-1;1;ГВС", "01.04.2025;0-1;7;ХВС", "01.04.2025;0-1;9;Тепло", "Итого;;17;"]


def test_rows_that_no_table_selects_are_a_class_of_their_own(tmp_path: Path) -> None:
    one = read(tmp_path, *KINDS_OF_ROWS, where={"Вид": "ГВС*"})
    two = read(tmp_path, *KINDS_OF_ROWS, tables=[{"where": {"Вид": "ГВС"}}, {"where": {"Вид": ["ХВС", ""]}}])

    assert (one.tables, one.problems) == ([[(2, "1")]], {})
    assert one.lines == {"header": 1, "reading": 1, "total": 1, "not_selected": 2}
    assert (two.tables, two.problems) == ([[(2, "1")], [(3, "7")]], {})
    assert two.lines == {"header": 1, "reading": 2, "total": 1, "not_selected": 1}


@pytest.mark.parametrize("batch_bytes", [1 << 20, 40])
def test_merged_cells_select_the_rows_below_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_bytes: int
) -> None:
    monkeypatch.setattr(cut_records, "MAX_CELL_BYTES", batch_bytes)
    rows = ["01.04.2025;0-1;1;ГВС", "01.04.2025;1-2;2;", ";;;ХВС", "01.04.2025;2-3;7;", "Итого;;9;ГВС", KINDS]
    lines = [KINDS, *rows, "01.04.2025;3-4;8;", ";;;ГВС", "01.04.2025;4-5;3;", "01.04.2025;5-6;;"]

    found = read(tmp_path, *lines, where={"Вид": "ГВС"}, fill_down=["Вид"])
    without = read(tmp_path, *lines, where={"Вид": "ГВС"})

    assert found.tables == [[(2, "1"), (3, "2"), (10, "3"), (11, None)]]
    assert found.lines == {
        "header": 1,
        "reading": 4,
        "not_selected": 2,
        "note": 2,
        "total": 1,
        "repeated_header": 1,
    }
    assert without.tables == [[(2, "1")]]


def test_table_that_goes_on_below_another_order_of_columns_repeats_the_cells_above_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    lines = ["Дата;Час;V, м3;Вид", "01.04.2025;0-1;1;ГВС", ";1-2;7;ХВС", "Вид;V, м3;Час;Дата", ";8;2-3;", "ГВС;3;3-4;"]
    path.write_text("\n".join(lines))
    mapping = SourceMapping.model_validate(SHEET | {"where": {"Вид": "ХВС"}, "fill_down": ["Вид", "Дата"]})

    tables = read_tables(path, mapping, relative_path="a", settings=Settings(default_tz="UTC"))
    found = [
        fill_down(table.schema, batch).select(["Дата", "Час", "Вид"]).to_pylist()
        for table in tables
        for batch in table.batches
    ]

    assert [[*row.values()] for rows in found for row in rows] == [
        ["01.04.2025", "1-2", "ХВС"],
        ["01.04.2025", "2-3", "ХВС"],
    ]


def test_code_that_a_line_states_holds_below_another_header_too(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("Вид;Дата;Час;V, м3\nприбор;W-1;;\n;01.04.2025;0-1;1\nВид;Дата;V, м3;Час\n;01.04.2025;2;1-2\n")
    code = {"column": "Дата", "of": {"Вид": "прибор"}}
    mapping = SourceMapping.model_validate(SHEET | {"identity": {"meter": code}})

    tables = read_tables(path, mapping, relative_path="a", settings=Settings(default_tz="UTC"))
    found = [(len([*table.batches]), table.schema.stated_codes["meter"].lines) for table in tables]

    assert found == [(1, [(2, "W-1")]), (1, [(2, "W-1")])]


def test_table_goes_on_below_columns_in_an_order_in_which_its_lines_were_no_readings(tmp_path: Path) -> None:
    lines = [HEADER, "01.04.2025;0-1;1", "V, м3;Дата;Час", "2;01.04.2025;1-2", "3;01.04.2025;2-3", "Подпись;;"]

    found = read(tmp_path, *lines)

    assert found.tables == [[(2, "1")], [(4, "2"), (5, "3")]]
    assert found.lines == {"header": 2, "reading": 3, "note": 1}


@pytest.mark.parametrize(
    ("lines", "left_out"),
    [
        (["01.04.2025;0-1;1", ";1-2;2", "Подпись;;"], 0),
        (["01.04.2025;;", ";0-1;1", ";1-2;2", "02.04.2025;;", ";0-1;1"], 2),
    ],
)
def test_notes_that_rows_repeat_are_lines_without_which_stage_cannot_be_read_again(
    tmp_path: Path, lines: list[str], left_out: int
) -> None:
    path = tmp_path / "a"
    path.write_text("\n".join([HEADER, *lines]))
    mapping = SourceMapping.model_validate(SHEET | {"fill_down": "Дата"})

    tables = read_tables(path, mapping, relative_path="a", settings=Settings(default_tz="UTC"))
    for table in tables:
        assert [*table.batches]

    assert tables.source_lines.left_out == left_out


def test_line_whose_cells_are_shifted_is_an_error_of_one_table_whatever_it_seems_to_select(tmp_path: Path) -> None:
    lines = [*KINDS_OF_ROWS, "01.04.2025;1-2;1,;5;ГВС", "01.04.2025;1-2;1"]
    tables = [{"where": {"Вид": "ГВС"}}, {"where": {"Вид": "ХВС"}}]

    found = read(tmp_path, *lines, tables=tables)

    assert found.tables == [[(2, "1"), (6, "1,"), (7, "1")], [(3, "7")]]
    assert found.problems == {6: "surplus_cell", 7: "missing_column"}
    assert found.lines == {"header": 1, "reading": 4, "total": 1, "not_selected": 1}


@pytest.mark.parametrize("workbook", [False, True], ids=["csv", "xlsx"])
def test_table_without_header_is_read_by_letters_from_the_top_or_below_its_title(
    tmp_path: Path, workbook: bool
) -> None:
    spec: dict[str, Any] = {"header": "none", "date": "A", "hour": "B", "columns": {"C": {"metric": "T1"}}}
    lines = ["01.04.2025;0-1;1", "01.04.2025;1-2;2", "Итого;;3"]

    top = read(tmp_path, *lines, workbook=workbook, **spec)
    below = read(tmp_path, "01.03.2025;0-1;9", "Апрель;;", *lines, workbook=workbook, after="апрель", **spec)

    assert (top.tables, top.problems) == ([[(1, "1"), (2, "2")]], {})
    assert top.lines == {"reading": 2, "total": 1}
    assert (below.tables, below.problems) == ([[(3, "1"), (4, "2")]], {})
    assert below.lines == {"reading": 2, "total": 1, "note": 1, "not_taken": 1}


def test_header_over_a_table_of_which_the_mapping_says_that_it_has_none_is_not_passed_over(tmp_path: Path) -> None:
    spec: dict[str, Any] = {"header": "none", "date": "A", "hour": "B", "columns": {"C": {"metric": "T1"}}}

    found = read(tmp_path, "Дата;Час;V", "01.04.2025;0-1;1", **spec)

    assert found.problems == {1: "undescribed_table", 2: "undescribed_table"}


def test_empty_row_within_a_header_is_no_line_of_a_workbook(tmp_path: Path) -> None:
    lines = [";;", HEADER, "01.04.2025;0-1;1"]

    assert read(tmp_path, *lines, workbook=True, header_lines=2).lines == {"header": 1, "reading": 1}
    assert read(tmp_path, *lines, header_lines=2).lines == {"header": 2, "reading": 1}


def test_letters_in_another_order_are_no_header_of_a_table_without_one(tmp_path: Path) -> None:
    spec: dict[str, Any] = {"header": "none", "date": "A", "hour": "B", "columns": {"C": {"metric": "T1"}}}

    found = read(tmp_path, "01.04.2025;0-1;1;x", "D;A;B;C", "01.04.2025;1-2;2;x", **spec)

    assert found.tables == [[(1, "1"), (2, "B"), (3, "2")]]
    assert found.problems == {2: "undescribed_table", 3: "undescribed_table"}


def test_line_that_is_empty_for_the_only_table_that_selects_it_is_not_selected(tmp_path: Path) -> None:
    lines = ["Дата 1;V1;Дата 2;V2;Вид", "01.04.2025;1;;;б", "01.04.2025;1;01.04.2025;2;а", "01.04.2025;3;;;а"]
    tables = [
        {"timestamp": f"Дата {number}", "columns": {f"V{number}": {"metric": "T1"}}, "where": {"Вид": kind}}
        for number, kind in ((1, "а"), (2, "б"))
    ]

    found = read(tmp_path, *lines, tables=tables, date=None, hour=None, columns={})

    assert found.tables == [[(3, "1"), (4, "3")], []]
    assert found.lines == {"header": 1, "reading": 2, "not_selected": 1}
