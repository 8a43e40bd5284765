from __future__ import annotations

import datetime as dt

import pytest

from schemas.dates import NotATimeError
from schemas.hours import read_clock, read_hour, read_number

HALF = dt.timedelta(minutes=30)


def test_range_is_of_one_interval_whatever_stamps_mean() -> None:
    assert read_hour("00:30-01:00", HALF, "end") == (HALF, True)
    with pytest.raises(NotATimeError):
        read_hour("00:30-01:30", HALF, "end")


def test_clock_goes_up_to_24_00() -> None:
    assert read_clock("24:00") == dt.timedelta(days=1)
    with pytest.raises(NotATimeError):
        read_clock("24:01")


def test_points_stand_between_hours_and_minutes_only() -> None:
    assert read_clock("01.30") == dt.timedelta(hours=1, minutes=30)
    with pytest.raises(NotATimeError):
        read_clock("01.04.25")


def test_number_of_an_interval_is_whole() -> None:
    assert read_number("48.0") == 48
    with pytest.raises(NotATimeError):
        read_number("48.5")
