from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from schemas.times import NotATimeError, Stamp, Times, interval_start

MOSCOW = ZoneInfo("Europe/Moscow")


def start(date: str, hour: str | None = None, tz: str | None = None, stamp: Stamp = "start") -> str:
    times = Times(MOSCOW, dt.timedelta(hours=1), stamp)
    micros = interval_start(date, hour, tz, times)
    return dt.datetime.fromtimestamp(micros / 1e6, MOSCOW).isoformat()


@pytest.mark.parametrize(
    "date",
    ["01.04.2025", "1.4.2025", "01.04.25", "2025-04-01", "2025-04-01T00:00:00", "45748", "45748.0"],
    ids=["text", "short", "two_digit_year", "iso", "date_cell_with_time", "serial", "serial_as_float"],
)
def test_every_spelling_of_a_date_is_the_same_day(date: str) -> None:
    assert start(date, "5-6") == "2025-04-01T05:00:00+03:00"


@pytest.mark.parametrize(
    ("hour", "expected"),
    [
        ("0-1", "00"),
        ("23-24", "23"),
        ("23-0", "23"),
        ("00:00-01:00", "00"),
        ("13:00:00", "13"),
        ("7", "07"),
        ("7.0", "07"),
    ],
)
def test_every_spelling_of_an_hour_is_its_interval_start(hour: str, expected: str) -> None:
    assert start("01.04.2025", hour) == f"2025-04-01T{expected}:00:00+03:00"


@pytest.mark.parametrize(("hour", "expected"), [("1", "00"), ("24:00", "23"), ("0-1", "00")])
def test_an_hour_that_names_the_end_is_moved_to_the_start(hour: str, expected: str) -> None:
    assert start("01.04.2025", hour, stamp="end") == f"2025-04-01T{expected}:00:00+03:00"


def test_first_of_april_is_not_read_as_fourth_of_january() -> None:
    assert start("01.04.2025 00:00").startswith("2025-04-01")


@pytest.mark.parametrize(
    ("date", "hour", "cell"),
    [
        ("04/01/2025", "0-1", "date"),
        ("31.02.2025", "0-1", "date"),
        ("12345", "0-1", "date"),
        ("01.04.0202", "0-1", "date"),
        ("3025-04-01", "0-1", "date"),
        ("", "0-1", "date"),
        ("01.04.2025", "2025-01-02", "hour"),
        ("01.04.2025", "24:00", "hour"),
        ("01.04.2025", "0-2", "hour"),
        ("01.04.2025", "25-26", "hour"),
        ("01.04.2025", "", "hour"),
        ("01.04.2025 05:00", "0-1", "date"),
    ],
)
def test_text_that_is_not_a_time_is_refused_and_its_cell_is_named(date: str, hour: str, cell: str) -> None:
    with pytest.raises(NotATimeError) as caught:
        start(date, hour)

    assert caught.value.cell == cell


@pytest.mark.parametrize("stamp", ["2014-10-26 01:30", "2011-03-27 02:30"], ids=["came_twice", "never_came"])
def test_hour_of_a_clock_change_is_refused_not_guessed(stamp: str) -> None:
    with pytest.raises(NotATimeError):
        start(stamp)


def test_an_offset_in_the_time_stamp_resolves_a_repeated_hour() -> None:
    first, second = start("2014-10-26T01:30+04:00"), start("2014-10-26T01:30+03:00")

    assert first != second


def test_zone_column_beats_the_suppliers_zone() -> None:
    assert start("2025-04-01 05:00", tz="Asia/Yekaterinburg") == "2025-04-01T03:00:00+03:00"


def test_unknown_zone_is_refused() -> None:
    with pytest.raises(NotATimeError):
        start("2025-04-01 05:00", tz="Mars/Base")
