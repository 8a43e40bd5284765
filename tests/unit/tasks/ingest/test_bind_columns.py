from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings
from schemas.table_schema import TableSchema
from schemas.table_spec import TableSpec
from tasks.ingest.bind_columns import bind
from tasks.ingest.find_header import Header, Heading


def bound(headings: list[str], units: dict[int, str] | None = None, **changes: Any) -> TableSchema:
    spec = TableSpec.model_validate(
        {
            "layout": "day-sheet",
            "date": "Дата",
            "hour": "Час",
            "columns": {"V, м3": {"metric": "consumption_period"}},
            "identity": {"meter": "M"},
        }
        | changes
    )
    header = Header(1, 1, 1, [Heading(text) for text in headings], frozenset(), 1, units or {})
    codes: dict[str, str | None] = {"building": None, "itp": None, "meter": "M"}
    return bind(header, range(len(headings)), spec, sheet=None, codes=codes, settings=Settings(default_tz="UTC"))


def test_columns_are_bound_by_their_headings_wherever_they_are() -> None:
    schema = bound(["V, м3", "Час", "Примечание", "Дата"])

    assert (schema.date_column, schema.hour_column) == ("Дата", "Час")
    assert [(metric.key, metric.metric) for metric in schema.metrics] == [("V, м3", "consumption_period")]
    assert (schema.meter_code, schema.time_zone) == ("M", "UTC")
    assert schema.notes == ["столбцы без описания, сохранены в сырье: C «Примечание»"]


def test_of_very_many_unknown_columns_only_the_first_are_named() -> None:
    schema = bound(["Дата", "Час", "V, м3", *(f"x{number}" for number in range(25))])

    assert schema.notes[0].endswith("W «x19» и ещё 5")


def test_columns_have_excels_letters_and_unique_keys() -> None:
    schema = bound(["Дата", "Час", "V, м3", *[""] * 23, "note", "note", "row_num"])

    assert [column.letter for column in schema.columns[24:]] == ["Y", "Z", "AA", "AB", "AC"]
    assert [column.key for column in schema.columns[25:]] == ["Z", "note", "note (2)", "row_num (2)"]


def test_block_chooses_among_equal_headings_and_times_may_be_outside() -> None:
    schema = bound(["Дата", "Час", "V, м3", "V, м3"], block="D:D")

    assert [metric.key for metric in schema.metrics] == ["V, м3 (2)"]
    assert schema.date_column == "Дата"


@pytest.mark.parametrize(
    ("headings", "problem", "data"),
    [
        (["Дата", "Час"], FileProblem.COLUMN_MISSING, {"column": "V, м3", "present": "«Дата», «Час»"}),
        (
            ["Дата", "Час", "V м3"],
            FileProblem.COLUMN_RENAMED,
            {"column": "V, м3", "similar": "V м3", "present": "«Дата», «Час», «V м3»"},
        ),
        (
            ["Дата", "Час", "V, м3", "v,м³"],
            FileProblem.COLUMN_DOUBLED,
            {"column": "V, м3", "columns": "C «V, м3», D «v,м³»"},
        ),
    ],
)
def test_column_that_is_not_there_once_fails_the_table(
    headings: list[str], problem: FileProblem, data: dict[str, object]
) -> None:
    with pytest.raises(FileError) as caught:
        bound(headings)

    assert (caught.value.problem, caught.value.data) == (problem, data)


def test_other_unit_below_the_header_fails_the_table_and_another_spelling_does_not() -> None:
    with pytest.raises(FileError) as caught:
        bound(["Дата", "Час", "V, м3"], units={2: "л"})

    assert caught.value.problem is FileProblem.UNIT_DIFFERS
    assert caught.value.data == {"column": "V, м3", "unit": "л", "expected": "м3"}
    assert bound(["Дата", "Час", "V, м3"], units={2: "м³"}).metrics
