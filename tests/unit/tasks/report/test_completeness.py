from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from tasks.report.completeness import Presence, choose_window
from tasks.report.periods import Period, days_of_period

MOSCOW = ZoneInfo("Europe/Moscow")
FIRST, LAST = dt.date(2025, 4, 1), dt.date(2025, 4, 30)
NOON = dt.datetime(2025, 4, 30, 9, tzinfo=dt.UTC)


def april(now: dt.datetime) -> Period:
    return Period(LAST, [FIRST + dt.timedelta(days=number) for number in range(30)], 0, now)


def test_meters_are_ranked_by_all_days_up_to_now() -> None:
    days = days_of_period(april(NOON), MOSCOW)

    window = choose_window(days, days[-1].start, NOON, MOSCOW, meters=1_000)

    assert window == (dt.datetime(2025, 3, 31, 21, tzinfo=dt.UTC), NOON, 29 * 24 + 12)


def test_a_whole_city_is_ranked_by_the_day_that_is_shown_by_the_hour() -> None:
    next_week = NOON + dt.timedelta(days=7)
    days = days_of_period(april(next_week), MOSCOW)

    window = choose_window(days, days[4].start, next_week, MOSCOW, meters=1_001)

    assert window == (dt.datetime(2025, 4, 4, 21, tzinfo=dt.UTC), dt.datetime(2025, 4, 5, 21, tzinfo=dt.UTC), 24)


def test_days_that_are_still_to_come_are_an_empty_window() -> None:
    early = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    days = days_of_period(april(early), MOSCOW)

    window = choose_window(days, days[-1].start, early, MOSCOW, meters=1)

    assert (window.since, window.hours) == (window.until, 0)


def test_presence_counts_metrics_by_hour_and_hours_by_local_day() -> None:
    before_midnight, after_midnight = (dt.datetime(2025, 4, 29, hour, tzinfo=dt.UTC) for hour in (20, 22))
    rows: list[Any] = [
        {"meter_id": 1, "hour": before_midnight, "metrics": 2},
        {"meter_id": 1, "hour": after_midnight, "metrics": 5},
        {"meter_id": 2, "hour": after_midnight, "metrics": 1},
    ]

    presence = Presence(rows, MOSCOW)

    assert [presence.metrics_in_hour(1, hour) for hour in (before_midnight, after_midnight)] == [2, 5]
    assert [presence.max_metrics(meter) for meter in (1, 2, 3)] == [5, 1, 0]
    assert [presence.hours_on_day(1, day) for day in (dt.date(2025, 4, 29), LAST)] == [1, 1]
    assert presence.metrics_in_hour(2, before_midnight) == presence.hours_on_day(3, LAST) == 0
