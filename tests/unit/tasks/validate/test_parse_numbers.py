from __future__ import annotations

import math

import pyarrow as pa
import pytest

from tasks.validate.parse_numbers import read_numbers


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0.12000000000000001", 0.12000000000000001),
        ("12471.956999999984", 12471.956999999984),
        ("1 234,5", 1234.5),
        ("1\u202f234,5", 1234.5),
        ("1\xa0234,5", 1234.5),
        ("1'234.5", 1234.5),
        ("12,5", 12.5),
        ("−5", -5.0),
        ("1e3", 1000.0),
        (" 3 ", 3.0),
    ],
)
@pytest.mark.parametrize("beside", [[], ["not a number"]], ids=["tidy_column", "untidy_column"])
def test_every_spelling_of_a_number_is_read_exactly(cell: str, value: float, beside: list[str]) -> None:
    numbers = read_numbers(pa.array([cell, *beside], pa.string()))

    assert numbers.value[0] == value
    assert not numbers.missing[0]
    assert not numbers.bad[0]


@pytest.mark.parametrize("cell", ["NaN", "inf", "-inf", "#DIV/0!", "abc", "1.234,5", "12 34", "1,2,3", "--1"])
@pytest.mark.parametrize("beside", [[], ["1,5"]], ids=["tidy_column", "untidy_column"])
def test_text_that_is_not_a_number_is_bad_and_has_no_value(cell: str, beside: list[str]) -> None:
    numbers = read_numbers(pa.array([cell, *beside], pa.string()))

    assert numbers.bad[0]
    assert math.isnan(numbers.value[0])


@pytest.mark.parametrize("cell", [None, "", " ", "-", "—", "н/д", "Н/Д", "\xa0"])
def test_an_empty_cell_is_missing_never_zero(cell: str | None) -> None:
    numbers = read_numbers(pa.array([cell, "1,5"], pa.string()))

    assert numbers.missing[0]
    assert math.isnan(numbers.value[0])


def test_unit_behind_a_number_is_kept_for_checking() -> None:
    numbers = read_numbers(pa.array(["12,5 м3", "1 л/с"]))

    assert numbers.value.tolist() == [12.5, 1.0]
    assert numbers.unit.to_pylist() == ["м3", "л/с"]


def test_formula_without_value_is_told_from_a_bad_number() -> None:
    numbers = read_numbers(pa.array(["=A1+1"]))

    assert numbers.formula.tolist() == [True]
    assert numbers.bad.tolist() == [False]


def test_negative_zero_becomes_zero() -> None:
    assert str(read_numbers(pa.array(["-0"])).value[0]) == "0.0"
