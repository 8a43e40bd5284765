from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.table_spec import TableSpec
from tasks.ingest.find_header import Header
from tasks.ingest.find_unit import find_unit
from tasks.ingest.grids import Row

ROWS: list[Row] = [["Расход", "ед. изм.", "л"], [], ["Узел 2"], ["Ед. изм.:", " м3 "], ["Дата", "V"], ["Ед.: кг"]]
ABOVE = r"(?i)ед\. изм\.:?\s*(\S+)"


def unit(place: object, *, rows: list[Row] = ROWS, begins: int = 5, first_line: int = 5, **changes: Any) -> str | None:
    spec = TableSpec.model_validate(
        {
            "layout": "day-sheet",
            "timestamp": "Дата",
            "columns": {"V": {"metric": "consumption_period"}},
            "identity": {"meter": "M"},
            "unit": place,
        }
        | changes
    )
    header = Header(begins, first_line, first_line, [], frozenset(), first_line, {})
    return find_unit(spec, header, sheet="V, л", rows=iter(rows))


@pytest.mark.parametrize(
    ("place", "found"),
    [
        (None, None),
        ("Ед.", None),
        ({"column": "Ед."}, None),
        ({"cell": "B4"}, "м3"),
        ({"sheet": r",\s*(\S+)$"}, "л"),
        ({"above": ABOVE}, "л"),
    ],
)
def test_unit_of_a_table_is_in_one_place(place: object, found: str | None) -> None:
    assert unit(place) == found


def test_unit_below_the_tables_title_comes_before_those_above_it() -> None:
    assert unit({"above": ABOVE}, begins=3) == "м3"


def test_units_above_the_title_that_differ_are_not_guessed_between() -> None:
    rows: list[Row] = [["Ед.: л"], ["Ед.: м3"], ["Узел"], ["Дата", "V"]]

    with pytest.raises(FileError) as caught:
        unit({"above": r"Ед\.: (\S+)"}, rows=rows, begins=3, first_line=4)

    assert caught.value.problem is FileProblem.UNIT_NOT_FOUND
    assert unit({"above": r"Ед\.: (\S+)"}, rows=rows[1:], begins=2, first_line=3) == "м3"


@pytest.mark.parametrize(
    ("place", "problem", "data"),
    [
        ({"cell": "Z9"}, FileProblem.UNIT_NOT_FOUND, {"place": "cell: Z9"}),
        ({"above": "Ед.: (кг)"}, FileProblem.UNIT_NOT_FOUND, {"place": "above: Ед.: (кг)"}),
        ({"sheet": "^V"}, FileProblem.UNIT_UNFIT, {"unit": "V", "place": "sheet: ^V"}),
        ({"cell": "A1", "pattern": "х"}, FileProblem.UNIT_UNFIT, {"unit": "х", "place": "cell: A1, pattern: х"}),
    ],
)
def test_unit_that_is_not_there_or_does_not_fit_fails_the_table(
    place: object, problem: FileProblem, data: dict[str, str]
) -> None:
    with pytest.raises(FileError) as caught:
        unit(place)

    assert (caught.value.problem, caught.value.data) == (problem, data)


def test_unit_of_a_long_table_only_has_to_be_known() -> None:
    assert unit({"cell": "B4"}, layout="long", columns={}) == "м3"
