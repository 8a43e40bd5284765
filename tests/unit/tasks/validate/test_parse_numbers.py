from __future__ import annotations

import math
from typing import Literal

import pyarrow as pa
import pytest

from tasks.validate.parse_numbers import NumberStyle, read_numbers


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


@pytest.mark.parametrize("cell", ["inf", "-inf", "#DIV/0!", "abc", "1.234,5", "12 34", "1,2,3", "--1"])
@pytest.mark.parametrize("beside", [[], ["1,5"]], ids=["tidy_column", "untidy_column"])
def test_text_that_is_not_a_number_is_bad_and_has_no_value(cell: str, beside: list[str]) -> None:
    numbers = read_numbers(pa.array([cell, *beside], pa.string()))

    assert numbers.bad[0]
    assert math.isnan(numbers.value[0])


@pytest.mark.parametrize(
    "cell",
    [
        *(None, "", " ", "-", "—", "----", "\xa0", "NaN", "null", "None", "n/a", "No data"),
        *("н/д", "Н/Д", "нд", "н.д.", "Н. д.", "нет", "нет данных", "Ош.д.", "#N/A", "#Н/Д"),
    ],
)
def test_an_empty_cell_or_a_word_for_nothing_is_missing_never_zero(cell: str | None) -> None:
    numbers = read_numbers(pa.array([cell, "1,5"], pa.string()))

    assert numbers.missing[0]
    assert math.isnan(numbers.value[0])


def test_word_for_nothing_is_missing_also_in_a_column_of_plain_numbers() -> None:
    numbers = read_numbers(pa.array(["nan", "1.5"]))

    assert (numbers.missing.tolist(), numbers.bad.tolist()) == ([True, False], [False, False])


@pytest.mark.parametrize("cell", ["#N/A", "#Н/Д", "#DIV/0!"])
def test_error_value_of_a_workbook_is_no_word_for_nothing(cell: str) -> None:
    numbers = read_numbers(pa.array([cell, "1,5"]), NumberStyle(is_of_workbook=True))

    assert (numbers.missing[0], numbers.bad[0]) == (False, True)


@pytest.mark.parametrize(
    ("thousands", "cells"),
    [
        (",", {"1,000": 1000, "1,002.5": 1002.5, "987.5": 987.5, "1,234,567": 1234567, "12 м3": 12, "12,5": None}),
        (".", {"1.000": 1000, "1.002,5": 1002.5, "987,5": 987.5, "1.234.567": 1234567, "12": 12, "12.5": None}),
        (None, {"1,000": 1, "1.000": 1, "1 000,5": 1000.5, "1,002.5": None}),
    ],
)
def test_thousands_are_read_as_the_mapping_says(
    thousands: Literal[",", "."] | None, cells: dict[str, float | None]
) -> None:
    numbers = read_numbers(pa.array([*cells]), NumberStyle(thousands))

    assert [None if math.isnan(value) else value for value in numbers.value] == [*cells.values()]
    assert numbers.bad.tolist() == [value is None for value in cells.values()]


@pytest.mark.parametrize(
    ("doubtful", "bad"),
    [("", []), (",", ["1,000", "1,000 м3"]), (".", ["1.000"]), (",.", ["1,000", "1.000", "1,000 м3"])],
)
def test_three_digits_behind_a_doubtful_mark_are_not_guessed(doubtful: str, bad: list[str]) -> None:
    cells = ["1,000", "1.000", "1,5", "1.5", "1,0000", "1,000 м3"]

    numbers = read_numbers(pa.array(cells), NumberStyle(None, doubtful))

    assert [cell for cell, is_bad in zip(cells, numbers.bad, strict=True) if is_bad] == bad


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


def test_number_of_a_workbook_has_a_point_where_texts_group_by_it() -> None:
    cells = {"70.5": 70.5, "1234.567": 1234.567, "0.123": 0.123, "1.5e-05": 1.5e-05, "1,5": 1.5, "1.200": 1200}
    cells |= {"1.234.567": 1234567, "1.234,5": 1234.5}
    doubtful = ["1.234", "-12.345"]

    numbers = read_numbers(pa.array([*cells, *doubtful]), NumberStyle(".", is_of_workbook=True))

    assert numbers.value[: len(cells)].tolist() == [*cells.values()]
    assert numbers.bad.tolist() == [False] * len(cells) + [True] * len(doubtful)


@pytest.mark.parametrize("cells", [["1.5", "-9999", "-9999.0", "2"], ["1.5", "нет СВЯЗИ", "9 ошибка", "2 м3"]])
def test_words_of_the_supplier_for_nothing_are_missing_values(cells: list[str]) -> None:
    numbers = read_numbers(pa.array([*cells, None]), NumberStyle(missing=("Нет связи", "-9999", "9 Ошибка")))

    assert numbers.missing.tolist() == [False, True, True, False, True]
    assert not numbers.bad.any()
    assert [value for value in numbers.value if not math.isnan(value)] == [1.5, 2]
