from __future__ import annotations

import datetime as dt

import pytest

from tasks.sources.measure_times import Answer, find_stamp, measure_interval, runs_backwards
from tasks.sources.recognise_dates import OPEN

MIDNIGHT = dt.datetime(2025, 4, 1)  # noqa: DTZ001 - the clock on the wall


def series(first: float, count: int, *, step: float = 1) -> list[dt.datetime]:
    return [MIDNIGHT + dt.timedelta(hours=first + number * step) for number in range(count)]


def stamp(times: list[dt.datetime], interval: int = 60, heading: str = "t", *, written_24: bool = False) -> Answer:
    return find_stamp(times, str(interval), heading, written_24=written_24)


def test_interval_is_the_distance_of_times_however_they_are_ordered_and_repeated() -> None:
    half_hours = series(0, 5, step=0.5)

    for times in (half_hours, half_hours[::-1], sorted(half_hours * 2), half_hours + half_hours):
        answer = measure_interval(times)
        assert (answer.value, answer.evidence, answer.is_certain) == ("30", "4 of 4 steps between times", True)


def test_day_that_stands_on_many_lines_is_a_question() -> None:
    days = [MIDNIGHT + dt.timedelta(days=day) for day in range(3) for _ in range(96)]

    answer = measure_interval(days)

    assert (answer.value, answer.is_certain) == ("1440", False)
    assert answer.comment == "??? 2 of 2 steps between times; each day stands on 96 lines: of as many meters?"
    assert measure_interval(days[::96]).is_certain


def test_gap_does_not_hide_the_interval_but_is_said() -> None:
    answer = measure_interval([*series(0, 3), *series(10, 1)])

    assert (answer.value, answer.is_certain) == ("60", False)
    assert answer.comment == "??? 2 of 3 steps between times; 1 are otherwise"


@pytest.mark.parametrize(
    ("times", "why"),
    [
        (series(0, 1), "one time only"),
        (series(0, 3, step=24 * 30), "mostly 30 days apart"),
        (series(0, 3, step=1 / 120), "mostly 0 min 30 s apart"),
        ([*series(0, 2), *series(3, 1), *series(7, 1)], "steps between times differ: 60 min (1), 120 min (1)"),
    ],
)
def test_interval_that_times_do_not_tell_is_asked(times: list[dt.datetime], why: str) -> None:
    answer = measure_interval(times)

    assert answer.value == OPEN
    assert why in answer.comment
    assert OPEN not in answer.comment


def test_whole_days_prove_what_a_time_stands_for() -> None:
    assert stamp(series(0, 24)) == Answer("start", "the times run from 00:00 to 23:00, whole days", is_certain=True)
    assert stamp(series(1, 48)) == Answer("end", "the times run from 01:00 to 00:00, whole days", is_certain=True)
    assert stamp(series(0.5, 48, step=0.5), 30).value == "end"


def test_first_time_alone_is_only_a_hint() -> None:
    assert stamp(series(1, 3)).comment == "??? start or end; the first time is 01:00, as of a day whose times are ends"
    assert not stamp(series(0, 3)).is_certain
    assert stamp(series(7, 24)).value == OPEN


def test_heading_or_24_o_clock_says_it() -> None:
    assert stamp(series(7, 3), heading="Начало периода").value == "start"
    assert stamp(series(0, 24), heading="Interval End").value == "end"
    assert stamp(series(1, 24), written_24=True).is_certain
    assert stamp(series(7, 3), heading="start or end").value == OPEN


def test_dates_of_days_are_asked_about_and_other_clocks_of_days_too() -> None:
    assert stamp(series(0, 3, step=24), 1440).comment.startswith("??? the times are dates of days")
    assert stamp(series(9, 3, step=24), 1440).value == OPEN


def test_newest_first_is_seen() -> None:
    assert runs_backwards(series(0, 5)[::-1])
    assert not runs_backwards(series(0, 5))
    assert not runs_backwards(series(0, 1))
