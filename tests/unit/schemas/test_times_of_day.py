from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from schemas.dates import NotATimeError
from schemas.times import Times
from schemas.times_of_day import read_interval_of_day

HOURS = Times(ZoneInfo("Europe/Berlin"), dt.timedelta(hours=1), "end")
NUMBERS = HOURS._replace(counts_intervals=True)
SPRING, AUTUMN, USUAL = "30.03.2025", "26.10.2025", "01.04.2025"


def start(date: str, hour: str, times: Times = HOURS, *, is_again: bool | None = None) -> str | None:
    found = read_interval_of_day(date, hour, None, times, is_again=is_again)
    return f"{dt.datetime.fromtimestamp(found.start / 1e6, dt.UTC):%d %H:%M}" if found else None


def test_hour_is_the_start_whatever_stamps_of_the_file_mean() -> None:
    assert (start(USUAL, "00:00"), start(USUAL, "23:00")) == ("31 22:00", "01 21:00")


def test_hour_that_a_day_lacks_is_none() -> None:
    assert (start(SPRING, "01:00"), start(SPRING, "02:00"), start(SPRING, "03:00")) == ("30 00:00", None, "30 01:00")
    assert (start(SPRING, "23", NUMBERS), start(SPRING, "24", NUMBERS)) == ("30 21:00", None)
    assert (start(AUTUMN, "25", NUMBERS), start(AUTUMN, "26", NUMBERS)) == ("26 22:00", None)


def test_hour_that_comes_twice_is_told_by_its_column_and_else_not_read() -> None:
    assert start(AUTUMN, "02:00", is_again=False) == "26 00:00"
    assert start(AUTUMN, "02:00", is_again=True) == "26 01:00"
    assert start(AUTUMN, "03:00", is_again=False) == "26 02:00"
    assert start(AUTUMN, "03:00", is_again=True) is None
    with pytest.raises(NotATimeError):
        start(AUTUMN, "02:00")


def test_bad_date_is_not_an_hour_that_is_missing() -> None:
    with pytest.raises(NotATimeError) as caught:
        start("32.04.2025", "24", NUMBERS)

    assert caught.value.cell == "date"
