"""Collect which meters and hours have readings: those with the most gaps, and how many more there are."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.report import Column, Completeness, MeterLine
from schemas.settings import Settings
from tasks.report.periods import Period, columns_of_days, hours_of, midnight
from tasks.warehouse.connection import fetch_one
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    import asyncpg

sql = Statements(__file__)

_MOST_METERS = 100
_MOST_SILENT = 20
_SILENT_AFTER = dt.timedelta(days=7)
# About five million readings: above it only the one day is ranked, or a month of a city takes minutes.
_MOST_METER_DAYS = 30_000


class _Window(NamedTuple):
    """The period by which meters are ranked: [since, until), hours that are over."""

    since: dt.datetime
    until: dt.datetime
    hours: int


async def collect_completeness(connection: asyncpg.Connection, settings: Settings, period: Period) -> Completeness:
    """Rank the meters that speak by their gaps, and fetch hours and days of the worst."""
    hours = hours_of(period.day, period.now, settings.zone)
    days = columns_of_days(period, settings.zone)
    known = await connection.fetchval(sql.text("count_meters", settings))
    window = _window(days if known * len(days) <= _MOST_METER_DAYS else _day_of(days, hours), period, settings)
    week_before = window.since - _SILENT_AFTER
    rows = await connection.fetch(
        sql.text("select_gap_meters", settings),
        window.since,
        window.until,
        window.hours,
        week_before,
        _MOST_METERS,
    )
    silent = await fetch_one(
        connection, sql.text("find_silent_meters", settings), week_before, window.until, _MOST_SILENT
    )
    meters = rows[0]["meters"] if rows else 0
    with_gaps = rows[0]["with_gaps"] if rows else 0
    return Completeness(
        day=period.day,
        since=window.since,
        until=window.until,
        hour_columns=hours,
        day_columns=days if len(days) > 1 else [],
        days_not_shown=period.days_not_shown,
        meters=await _lines(connection, settings, rows, hours, days),
        meters_not_shown=meters - len(rows),
        meters_complete=meters - with_gaps,
        meters_with_gaps=with_gaps,
        meters_silent=silent["count"],
        silent_examples=silent["examples"],
    )


def _day_of(days: list[Column], hours: list[Column]) -> list[Column]:
    return [day for day in days if day.start == hours[0].start]


def _window(days: list[Column], period: Period, settings: Settings) -> _Window:
    last = days[-1].start.astimezone(settings.zone).date()
    end = midnight(last + dt.timedelta(days=1), settings.zone)
    hours = sum(day.hours for day in days)
    return _Window(days[0].start, min(end, max(period.now, days[0].start)), hours)


async def _lines(
    connection: asyncpg.Connection,
    settings: Settings,
    meters: list[Any],
    hours: list[Column],
    days: list[Column],
) -> list[MeterLine]:
    until = midnight(days[-1].start.astimezone(settings.zone).date() + dt.timedelta(days=1), settings.zone)
    found = await connection.fetch(
        sql.text("select_meter_hours", settings), [row["id"] for row in meters], days[0].start, until
    )
    metrics: dict[int, dict[dt.datetime, int]] = defaultdict(dict)
    per_day: dict[int, dict[dt.date, int]] = defaultdict(lambda: defaultdict(int))
    for row in found:
        metrics[row["meter_id"]][row["hour"]] = row["metrics"]
        per_day[row["meter_id"]][row["hour"].astimezone(settings.zone).date()] += 1
    dates = [day.start.astimezone(settings.zone).date() for day in days]
    return [
        MeterLine(
            meter_code=row["meter_code"],
            building_code=row["building_code"],
            kind=row["kind"],
            interval_minutes=row["interval_minutes"],
            missing_hours=row["missing_hours"],
            hours=[metrics[row["id"]].get(hour.start, 0) for hour in hours],
            metrics=max(metrics[row["id"]].values(), default=0),
            days=[per_day[row["id"]][date] for date in dates] if len(dates) > 1 else [],
        )
        for row in meters
    ]
