from __future__ import annotations

import datetime as dt

import pytest

from tasks.sources.find_tables import FoundColumn
from tasks.sources.recognise_hours import ends_a_day, find_hours, length_of_ranges, length_until, offset


def column(heading: str, *cells: str) -> FoundColumn:
    return FoundColumn(heading, None, [*cells])


@pytest.mark.parametrize(
    ("ends", "minutes"),
    [
        (["08:15", "08:30"], 15),
        (["00:00", "00:15"], None),
        (["08:15", "09:30"], None),
        (["08:00", "08:15"], None),
        (["07:45", "08:00"], None),
        (["8.15", "8.30"], None),
    ],
    ids=["later", "a_day_s_half", "uneven", "same", "earlier", "numbers"],
)
def test_only_clock_that_is_always_as_much_later_says_the_length(ends: list[str], minutes: int | None) -> None:
    hours = column("Od", "08:00", "08:15")

    length = length_until(hours, column("Do", *ends))

    assert length == (None if minutes is None else dt.timedelta(minutes=minutes))
    assert length_until(hours, hours) is None


def test_one_line_is_no_evidence_of_a_length() -> None:
    assert length_until(column("Od", "08:00"), column("Do", "08:15")) is None


def test_hours_are_found_by_heading_before_clocks() -> None:
    clocks, hours, numbers = column("Uhr", "00:15", "00:30"), column("Час", "1", "2"), column("V", "1", "2")

    assert find_hours([clocks, numbers, hours]) is hours
    assert find_hours([numbers, clocks]) is clocks
    assert find_hours([numbers]) is None
    assert find_hours([numbers, halves := column("Uhr", "12:15 AM", "12:30 PM")]) is halves
    assert [offset(text) for text in halves.samples] == [dt.timedelta(minutes=15), dt.timedelta(hours=12, minutes=30)]


def test_ranges_have_a_length_and_hours_an_offset() -> None:
    assert length_of_ranges(column("Час", "0-1", "23-24")) == dt.timedelta(hours=1)
    assert length_of_ranges(column("Час", "0-1", "1-3")) is None
    assert [offset(text) for text in ("0,25", "24:00", "01:30 - 02:00", "вечер")] == [
        dt.timedelta(hours=6),
        dt.timedelta(days=1),
        dt.timedelta(hours=1, minutes=30),
        None,
    ]
    assert ends_a_day(column("Час", "23", "24"))
    assert not ends_a_day(column("Час", "22", "23"))
