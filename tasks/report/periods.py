"""Choose the hours and days that a report shows; local days of 23 and 25 hours are what they are."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.report import Column

MOST_DAYS = 31
_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)


class Period(NamedTuple):
    """What to look at: one day by the hour, and `days` (with it) by the day."""

    day: dt.date
    days: list[dt.date]
    days_not_shown: int
    now: dt.datetime


def choose_period(
    first: dt.datetime | None, last: dt.datetime | None, day: dt.date, *, now: dt.datetime, zone: ZoneInfo
) -> Period | None:
    """Choose from the first and last reading of a day's files; None if they hold none.

    The report's own day is shown by the hour if the files have readings of it, else their last day.
    """
    if first is None or last is None:
        return None
    since, until = first.astimezone(zone).date(), last.astimezone(zone).date()
    count = (until - since).days + 1
    shown = min(count, MOST_DAYS)
    days = [until - _DAY * number for number in reversed(range(shown))]
    return Period(day if day in days else until, days, count - shown, now)


def midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Give the start of a local day in UTC."""
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


def hours_of(day: dt.date, now: dt.datetime, zone: ZoneInfo) -> list[Column]:
    """Give the hours of a local day; those that are not over at `now` count 0."""
    start, end = midnight(day, zone), midnight(day + _DAY, zone)
    starts = [start + _HOUR * number for number in range(int((end - start) / _HOUR))]
    return [Column(start=one, label=f"{one.astimezone(zone):%H}", hours=int(one + _HOUR <= now)) for one in starts]


def columns_of_days(period: Period, zone: ZoneInfo) -> list[Column]:
    """Give the period's days with the hours of each that are over."""
    return [
        Column(
            start=midnight(day, zone),
            label=f"{day:%d.%m}",
            hours=sum(hour.hours for hour in hours_of(day, period.now, zone)),
        )
        for day in period.days
    ]
