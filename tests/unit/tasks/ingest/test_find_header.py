from __future__ import annotations

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.spellings import fold
from schemas.table_spec import TableSpec
from tasks.ingest.find_header import count_known, find_header, most_known, wanted_columns
from tasks.ingest.grids import Row


def day_sheet(**changes: object) -> TableSpec:
    return TableSpec.model_validate(
        {
            "layout": "day-sheet",
            "date": "Дата",
            "hour": "Час",
            "columns": {"T1": {"metric": "T1"}},
            "identity": {"meter": "M"},
        }
        | changes
    )


LONG = TableSpec.model_validate({"layout": "long"})
HEADER: Row = ["Дата", "Час", "T1"]
DATA: Row = ["01.04.2025", "0-1", "60"]


def test_header_is_the_line_with_most_of_the_wanted_headings() -> None:
    header = find_header(iter([["Отчёт"], ["Дата", "отчёта"], HEADER, DATA]), day_sheet())

    assert (header.line, header.ends) == (3, 3)
    assert [heading.text for heading in header.headings] == ["Дата", "Час", "T1"]


def test_header_in_two_lines_is_joined_and_a_merged_cell_heads_those_to_its_right() -> None:
    spec = day_sheet(columns={"Подающий t": {"metric": "T1"}, "Подающий V": {"metric": "flow_supply"}})

    header = find_header(iter([["Дата", "Час", "Подающий", None], [None, None, "t", "V"]]), spec)

    assert header.line == 2
    assert [heading.text for heading in header.headings] == ["Дата", "Час", "Подающий t", "Подающий V"]


def test_lines_of_units_and_column_numbers_belong_to_the_header() -> None:
    header = find_header(iter([HEADER, [None, None, "°C"], ["1", "2.0", "3"], DATA]), day_sheet())

    assert (header.line, header.ends, header.units) == (1, 3, {2: "°C"})
    assert fold("2.0") in header.words


def test_given_line_is_the_header_whatever_it_says() -> None:
    header = find_header(iter([HEADER, ["a", "b", "c"], DATA]), day_sheet(header_row=2))

    assert [heading.text for heading in header.headings] == ["a", "b", "c"]


def test_table_begins_below_its_title() -> None:
    header = find_header(iter([HEADER, DATA, ["Суточный архив: "], HEADER]), day_sheet(after="суточный АРХИВ"))

    assert header.line == 4


@pytest.mark.parametrize(
    ("changes", "problem", "data"),
    [
        ({}, FileProblem.HEADER_NOT_FOUND, {"columns": "«Дата», «Час», «T1»"}),
        ({"header_row": 9}, FileProblem.HEADER_LINE_MISSING, {"line": 9}),
        ({"after": "Архив"}, FileProblem.TITLE_NOT_FOUND, {"title": "Архив"}),
    ],
)
def test_missing_header_says_what_was_looked_for(
    changes: dict[str, object], problem: FileProblem, data: dict[str, object]
) -> None:
    with pytest.raises(FileError) as caught:
        find_header(iter([["a", "b"], ["1", "2"]]), day_sheet(**changes))

    assert (caught.value.problem, caught.value.data) == (problem, data)


def test_long_table_wants_the_contracts_columns_and_its_own_headings_instead() -> None:
    own = TableSpec.model_validate({"layout": "long", "value": "Знач.", "identity": {"meter": {"column": "Прибор"}}})

    wanted = {column.field: (column.spellings[0], column.required) for column in wanted_columns(own)}

    assert wanted["value"] == ("Знач.", True)
    assert wanted["meter_code"] == ("Прибор", True)
    assert wanted["metric"] == ("metric", True)
    assert wanted["unit"] == ("unit", False)


def test_only_needed_columns_count() -> None:
    assert count_known(["TS", "счётчик", "unit", None], wanted_columns(LONG)) == 2


def test_interval_of_the_mapping_is_not_looked_for_among_the_columns_of_the_contract() -> None:
    fields = {column.field for column in wanted_columns(LONG.model_copy(update={"interval": "month"}))}

    assert "interval" not in fields
    assert "interval" in {column.field for column in wanted_columns(LONG)}


def test_pattern_counts_as_one_heading_and_matches_a_whole_one() -> None:
    wanted = wanted_columns(day_sheet(columns={r"DMA (?P<m>\S+)": {"metric": "T1"}}, identity={"meter": "{m}"}))

    assert count_known(["Дата", "Час", "DMA  1", "DMA 2"], wanted) == 3
    assert count_known(["Дата", "Час", "of DMA 1", "DMA 1 of"], wanted) == 2
    assert most_known([["Отчёт"], ["Дата", "DMA 1"], ["Дата", "Час", "DMA 1"], ["Дата"]], wanted) == 3


def test_intervals_are_columns_that_a_table_needs_instead_of_a_value() -> None:
    long = TableSpec.model_validate(
        {"layout": "long", "date": "Дата", "intervals": {"headings": r"(?P<start>\d\d:\d\d)"}}
    )
    wanted = {column.field: column.required for column in wanted_columns(long)}

    assert wanted["intervals"]
    assert not {"value", "timestamp", "interval"} & wanted.keys()
    assert count_known(["Дата", "meter", "metric", "00:00", "01:00"], wanted_columns(long)) == 4


def test_header_in_three_lines_is_joined_and_a_group_ends_with_the_group_above_it() -> None:
    spec = day_sheet(columns={"ГВС Подача t": {"metric": "T1"}, "Обратка t": {"metric": "T2"}})
    lines: list[Row] = [
        ["Дата", "Час", "ГВС", None, None, "ХВС", "Прим."],
        [None, None, "Подача", None, "Обратка", None, None],
        [None, None, "t", "V", "t", "V", None],
    ]

    header = find_header(iter([["Отчёт"], *lines, DATA]), spec)

    assert (header.first_line, header.line, header.ends) == (2, 4, 4)
    assert [heading.text for heading in header.headings] == [
        *("Дата", "Час", "ГВС Подача t", "ГВС Подача V", "ГВС Обратка t", "ХВС V", "Прим."),
    ]
    assert (header.headings[4].lower_two, header.headings[4].middle) == ("Обратка t", "Обратка")


@pytest.mark.parametrize(
    ("changes", "first_line", "first"),
    [
        ({"header_lines": 3}, 1, "a b Дата"),
        ({"header_lines": 2}, 2, "b Дата"),
        ({"header_row": 3}, 3, "Дата"),
        ({"header_row": 3, "header_lines": 2}, 2, "b Дата"),
    ],
)
def test_mapping_says_how_many_lines_the_header_has(changes: dict[str, object], first_line: int, first: str) -> None:
    header = find_header(iter([["a", "a"], ["b", "b"], HEADER, DATA]), day_sheet(**changes))

    assert (header.first_line, header.line, header.headings[0].text) == (first_line, 3, first)


def test_table_without_header_has_letters_and_begins_at_the_top_or_below_its_title() -> None:
    spec = {"header": "none", "date": "A", "hour": "B", "columns": {"C": {"metric": "T1"}}}
    row: Row = ["01.04.2025", "0-1", "60", "x"]

    top = find_header(iter([row, row]), day_sheet(**spec))
    below = find_header(iter([["Архив"], row]), day_sheet(**spec, after="архив"))

    assert [heading.text for heading in top.headings] == ["A", "B", "C", "D"]
    assert (top.begins, top.first_line, top.line, top.ends) == (0, 1, 0, 0)
    assert (below.begins, below.first_line, below.line, below.ends) == (1, 2, 1, 1)
