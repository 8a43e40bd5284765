from __future__ import annotations

import pytest

from tasks.sources.recognise_headers import is_header, is_header_of_codes, unit_of


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        *(("V1\nм³", "м³"), ("t1 °C", "°C"), ("Volume (m3)", "m3"), ("Q [kWh]", "kWh"), ("V, л", "л"), ("kWh", "kWh")),
        *(("Energy in kilowatt hours", "kilowatt hours"), ("Running time in hours", "hours"), ("Volume in m³", "m³")),
        *(("Used (cubic metres)", "cubic metres"), ("Flow litres per second", "litres per second")),
        *(("Вода в литрах", "литрах"), ("Энергия, киловатт-часы", "киловатт-часы"), ("Cubic metres of 2024", None)),
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
    assert is_header(["Дата", "01", "02", "03"])
    assert is_header(["Дата", "0015", "0030", "0045"])
    assert is_header(["Дата", "00:00-06:00", "06:00-12:00", "12:00-18:00", "18:00-20:00", "20:00-00"])


def test_header_of_codes_heads_each_column_of_data_and_has_a_word_over_the_dates() -> None:
    data = [["01.04.2025", "1", "2"]]

    assert is_header_of_codes(["Datum", "85912345", "85912346"], data, {0})
    assert is_header_of_codes(["Datum", "85912345"], [["01.04.2025", "1"]], {0})
    assert not is_header_of_codes(["Прибор", "85912345"], [["01.04.2025", "1"]], {0})
    assert not is_header_of_codes(["Datum", "85912345"], data, {0})
    assert not is_header_of_codes(["Datum", "85912345", "85912345"], data, {0})
    assert not is_header_of_codes(["Datum", "85912345", "12,5"], data, {0})
    assert not is_header_of_codes(["85912345", "Datum", "85912346"], data, {0})
    assert not is_header_of_codes(["Datum", "85912345", "85912346"], data, set())
