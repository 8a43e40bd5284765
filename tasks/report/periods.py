"""Choose the hours and days that a report shows; local days may have 23 or 25 hours."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.report import Column
from schemas.windows import local_midnight

_MAX_DAYS = 31
_HOUR = dt.timedelta(hours=1)
_DAY = dt.timedelta(days=1)


class Period(NamedTuple):
    """What to show: one day by the hour, and `days`, which include it, by the day."""

    day: dt.date
    days: list[dt.date]
    days_not_shown: int
    now: dt.datetime


def choose_period(
    first: dt.datetime | None, last: dt.datetime | None, day: dt.date, *, now: dt.datetime, zone: ZoneInfo
) -> Period | None:
    """Choose the period from the first and last reading of a day's files; None if they have no readings.

    The report's own day is shown by the hour if the files have readings of it, otherwise their last day.
    """
    if first is None or last is None:
        return None
    since, until = first.astimezone(zone).date(), last.astimezone(zone).date()
    count = (until - since).days + 1
    shown = min(count, _MAX_DAYS)
    days = [until - _DAY * number for number in reversed(range(shown))]
    return Period(day if day in days else until, days, count - shown, now)


def hours_of_day(day: dt.date, now: dt.datetime, zone: ZoneInfo) -> list[Column]:
    """Return the hours of a local day; those that are not over at `now` count 0."""
    start, end = local_midnight(day, zone), local_midnight(day + _DAY, zone)
    starts = [start + _HOUR * number for number in range(int((end - start) / _HOUR))]
    return [Column(start=hour, label=f"{hour.astimezone(zone):%H}", hours=int(hour + _HOUR <= now)) for hour in starts]


def days_of_period(period: Period, zone: ZoneInfo) -> list[Column]:
    """Return the period's days, each with the number of its hours that are over."""
    return [
        Column(
            start=local_midnight(day, zone),
            label=f"{day:%d.%m}",
            hours=sum(hour.hours for hour in hours_of_day(day, period.now, zone)),
        )
        for day in period.days
    ]
