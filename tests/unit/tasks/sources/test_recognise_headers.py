from __future__ import annotations

import pytest

from tasks.sources.recognise_headers import is_header, unit_of


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        *(("V1\nм³", "м³"), ("t1 °C", "°C"), ("Volume (m3)", "m3"), ("Q [kWh]", "kWh"), ("V, л", "л"), ("kWh", "kWh")),
        *(("cold_water_l", "l"), ("Время суток", None), ("Час", None), ("T", None), ("utc_timestamp", None)),
    ],
)
def test_unit_stands_at_the_end_of_a_heading(heading: str, unit: str | None) -> None:
    assert unit_of(heading) == unit


def test_header_holds_words_and_hours_or_numbers_only_if_these_count() -> None:
    assert is_header(["Дата", "V", "T"])
    assert is_header(["Дата", "00:00", "01:00", "02:00"])
    assert is_header(["Дата", "1", "2", "3"])
    assert not is_header(["Дата", "1", "7", "3"])
    assert not is_header(["Дата", "01.04.2025"])
    assert not is_header(["Дата"])
