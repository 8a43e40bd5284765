from __future__ import annotations

import pytest

from schemas.units import find_unit, find_units, has_unit, is_line_of_units, is_unit, unit_in_heading


def test_unit_is_found_by_any_of_its_spellings_with_all_that_it_may_mean() -> None:
    assert find_units("куб. м") == find_units("м³") == (find_unit("м3"),)
    assert [(unit.dimension, unit.factor) for unit in find_units("кгс/см²")] == [("pressure", 0.0980665)]
    assert {unit.dimension for unit in find_units("с")} == {"duration", "temperature"}
    assert find_units("кубит") == ()


@pytest.mark.parametrize(
    "text", ["Гкал", "т", "МПа", "кгс/см2", "бар", "%", "шт", "кВт·ч", "кВт*ч", "л/с", "°C", "-", "—"]
)
def test_line_of_units_holds_units_of_any_kind_and_dashes(text: str) -> None:
    assert is_unit(text)
    assert has_unit(text) is (text not in "-—")


@pytest.mark.parametrize("text", ["V1", "Подпись", "1", "2,5", "", "3 л"])
def test_other_texts_are_no_units(text: str) -> None:
    assert not is_unit(text)


def test_line_of_units_has_at_least_one() -> None:
    assert is_line_of_units(["м3", "-", "Гкал"])
    assert not is_line_of_units(["-", "-"])
    assert not is_line_of_units(["м3", "Подпись"])


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("Узел A (L/s)", "L/s"),
        ("Объём, л", "л"),
        ("Consumption [kWh]", "kWh"),
        ("Расход (прямой), м3/ч ", "м3/ч"),
        ("Т1 гвс, оС", "оС"),
        ("Q\n(Гкал)", "Гкал"),
        ("V1", None),
        ("Потребление, всего", None),
        ("Кв. (2)", None),
        ("Адрес, дом", None),
        ("м3", None),
    ],
)
def test_unit_of_a_heading_is_in_brackets_or_behind_a_comma_at_its_end(heading: str, unit: str | None) -> None:
    assert unit_in_heading(heading) == unit
