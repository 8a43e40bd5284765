"""Collect which meters and hours have readings: the meters with the most gaps, and how many others there are."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import asyncpg

from schemas.report import Column, Completeness, MeterLine
from schemas.settings import Settings
from schemas.windows import local_midnight
from tasks.report.periods import Period, days_of_period, hours_of_day
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.statements import SHARED, Statements

sql = Statements(__file__)

_MAX_METERS = 100
_MAX_SILENT_EXAMPLES = 20
_SILENT_AFTER = dt.timedelta(days=7)
# About five million readings: above that only one day is ranked, as a month of a city would take minutes.
_MAX_METER_DAYS = 30_000


class RankedWindow(NamedTuple):
    """The period by whose gaps meters are ranked: [since, until), and its hours that are over."""

    since: dt.datetime
    until: dt.datetime
    hours: int


class Presence:
    """Which hours of which meters have readings, and of how many metrics."""

    def __init__(self, rows: Iterable[asyncpg.Record], zone: ZoneInfo) -> None:
        self._metrics: dict[int, dict[dt.datetime, int]] = defaultdict(dict)
        self._hours: dict[tuple[int, dt.date], int] = defaultdict(int)
        for row in rows:
            self._metrics[row["meter_id"]][row["hour"]] = row["metrics"]
            self._hours[row["meter_id"], row["hour"].astimezone(zone).date()] += 1

    def metrics_in_hour(self, meter_id: int, hour: dt.datetime) -> int:
        """Return how many metrics a meter has in an hour."""
        return self._metrics[meter_id].get(hour, 0)

    def max_metrics(self, meter_id: int) -> int:
        """Return how many metrics a meter sends: as many as it has in its fullest hour."""
        return max(self._metrics[meter_id].values(), default=0)

    def hours_on_day(self, meter_id: int, day: dt.date) -> int:
        """Return how many hours of a local day have readings."""
        return self._hours.get((meter_id, day), 0)


async def collect_completeness(connection: Connection, settings: Settings, period: Period) -> Completeness:
    """Rank the reporting meters by their gaps, and fetch hours and days of the worst."""
    hours = hours_of_day(period.day, period.now, settings.zone)
    days = days_of_period(period, settings.zone)
    meters = await connection.fetchval(*sql("count_meters", settings))
    window = choose_window(days, hours[0].start, period.now, settings.zone, meters=meters)
    reporting_since = window.since - _SILENT_AFTER
    worst = await _rank_meters(connection, window, reporting_since, settings)
    silent = await _find_silent(connection, reporting_since, window.until, settings)
    reporting = worst[0]["meters"] if worst else 0
    with_gaps = worst[0]["with_gaps"] if worst else 0
    return Completeness(
        day=period.day,
        since=window.since,
        until=window.until,
        hour_columns=hours,
        day_columns=days if len(days) > 1 else [],
        days_not_shown=period.days_not_shown,
        meters=await _collect_lines(connection, settings, worst, hours, days),
        meters_not_shown=reporting - len(worst),
        meters_complete=reporting - with_gaps,
        meters_with_gaps=with_gaps,
        meters_silent=silent["count"],
        silent_examples=silent["examples"],
    )


def choose_window(
    days: Sequence[Column], day_start: dt.datetime, now: dt.datetime, zone: ZoneInfo, *, meters: int
) -> RankedWindow:
    """Choose the period for ranking: all days, or only the one that begins at `day_start` if they are too many."""
    if meters * len(days) > _MAX_METER_DAYS:
        days = [day for day in days if day.start == day_start]
    since = days[0].start
    return RankedWindow(since, min(_end(days, zone), max(now, since)), sum(day.hours for day in days))


def _end(days: Sequence[Column], zone: ZoneInfo) -> dt.datetime:
    last = days[-1].start.astimezone(zone).date()
    return local_midnight(last + dt.timedelta(days=1), zone)


async def _rank_meters(
    connection: Connection, window: RankedWindow, reporting_since: dt.datetime, settings: Settings
) -> list[asyncpg.Record]:
    return await connection.fetch(
        *sql(
            "select_gap_meters",
            settings,
            since=window.since,
            until=window.until,
            period_hours=window.hours,
            reporting_since=reporting_since,
            max_meters=_MAX_METERS,
        )
    )


async def _find_silent(
    connection: Connection, since: dt.datetime, until: dt.datetime, settings: Settings
) -> asyncpg.Record:
    query = SHARED("find_silent_meters", settings, since=since, until=until, max_examples=_MAX_SILENT_EXAMPLES)
    return await fetch_one(connection, *query)


async def _collect_lines(
    connection: Connection,
    settings: Settings,
    meters: Sequence[asyncpg.Record],
    hours: Sequence[Column],
    days: Sequence[Column],
) -> list[MeterLine]:
    ids = [meter["id"] for meter in meters]
    until = _end(days, settings.zone)
    rows = await connection.fetch(*sql("select_meter_hours", settings, meter_ids=ids, since=days[0].start, until=until))
    presence = Presence(rows, settings.zone)
    dates = [day.start.astimezone(settings.zone).date() for day in days]
    return [
        MeterLine(
            meter_code=meter["meter_code"],
            building_code=meter["building_code"],
            kind=meter["kind"],
            interval_minutes=meter["interval_minutes"],
            missing_hours=meter["missing_hours"],
            hours=[presence.metrics_in_hour(meter["id"], hour.start) for hour in hours],
            metrics=presence.max_metrics(meter["id"]),
            days=[presence.hours_on_day(meter["id"], date) for date in dates] if len(dates) > 1 else [],
        )
        for meter in meters
    ]
