"""Bring up to date what is built on core: hourly and daily aggregates, then REFRESH_OBJECTS."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import Settings
from schemas.windows import Bounds, Window, local_midnight
from tasks.transform.find_targets import Target
from tasks.transform.plan_windows import RetentionSplit, split_at_retention
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.statements import SHARED, Statements

sql = Statements(__file__)

# A day of the daily aggregate is a twenty-fourth of its readings.
_DAILY_PARTITION_FACTOR = 10
_MAX_TRIES = 10
_RETRY_SECONDS = 3.0


async def refresh(
    connection: Connection,
    targets: Sequence[Target],
    windows: Sequence[Window],
    settings: Settings,
) -> RetentionSplit:
    """Refresh each target over windows of whole local days, each in a transaction; a plain view is always up to date.

    What retention has dropped, or may have dropped in part, stays as it is: an aggregate outlives its readings.
    The connection must not be in a transaction: continuous aggregates refuse one.

    Returns which windows that were, and which were left because of retention.

    """
    retention_start = await _retention_start(connection, settings)
    split = split_at_retention(windows, retention_start)
    for name in ("changed_days", "measurements"):
        await connection.execute(*sql("analyze_new", settings, table_name=name))
    for target in targets:
        if target.kind == "materialized_view":
            await _refresh_view(connection, target)
        for window in split.kept:
            if target.kind == "continuous_aggregate":
                await _refresh_continuous(connection, target, window, retention_start, settings)
            elif target.kind == "rollup":
                await _refresh_rollups(connection, window, settings)
        if target.kind == "rollup":
            for name in ("meter_hour_sums", target.table):
                await connection.execute(*sql("analyze_new", settings, table_name=name))
        elif target.is_own and target.kind == "continuous_aggregate":
            await connection.execute(*sql("analyze_new", settings, table_name=target.table))
    return split


async def _retention_start(connection: Connection, settings: Settings) -> dt.date | None:
    if not await connection.fetchval(*SHARED("has_timescale", settings)):
        return None
    start: dt.date | None = await connection.fetchval(
        *sql("select_retention_start", settings, zone=settings.default_tz)
    )
    return start


async def _refresh_view(connection: Connection, target: Target) -> None:
    concurrently = "concurrently " if target.can_be_concurrent else ""
    await retry_on_lock(connection, f"refresh materialized view {concurrently}{target.quoted}")


async def _refresh_continuous(
    connection: Connection, target: Target, window: Window, retention_start: dt.date | None, settings: Settings
) -> None:
    since, until = window.bounds(settings.zone)
    query = sql(
        "select_cagg_window",
        settings,
        schema_name=target.name.split(".")[0],
        view_name=target.table,
        since=since,
        until=until,
        retention_start=local_midnight(retention_start, settings.zone) if retention_start else None,
    )
    aligned = Bounds(*await fetch_one(connection, *query))
    if aligned.since < aligned.until:
        call = sql("refresh_continuous_aggregate", settings, name=target.name, **aligned._asdict())
        await retry_on_lock(connection, *call)


async def _refresh_rollups(connection: Connection, window: Window, settings: Settings) -> None:
    """Delete and insert the sums of the changed building-days: of hours that are not one reading, and of days."""
    zone = {"zone": settings.default_tz}
    days, bounds = {"first_day": window.first, "last_day": window.last}, window.bounds(settings.zone)._asdict()
    await connection.execute(*sql("drop_changed_meter_days", settings))
    await connection.execute(*sql("create_changed_meter_days", settings))
    await connection.execute(*sql("fill_changed_meter_days", settings, **days, **zone))
    await connection.execute("analyze changed_meter_days")
    clock = dict(await fetch_one(connection, *sql("select_midnights", settings, **days, **zone)))
    await connection.execute(*sql("create_new_days", settings, **bounds, **clock))
    await connection.execute(*sql("create_new_hours", settings, **bounds, **clock))
    width = settings.chunk_days
    await connection.execute(*sql("ensure_sum_partitions", settings, partition_days=width, **zone))
    width *= _DAILY_PARTITION_FACTOR
    await connection.execute(*sql("ensure_daily_partitions", settings, partition_days=width, **days, **zone))
    async with connection.transaction():
        await connection.execute(*sql("delete_hour_sums", settings, **bounds))
        await connection.execute(*sql("insert_hour_sums", settings))
        await connection.execute(*sql("delete_daily", settings, **bounds))
        await connection.execute(*sql("insert_daily", settings))
    await connection.execute(*sql("drop_changed_meter_days", settings))


async def retry_on_lock(connection: Connection, query: str, *values: object) -> None:
    """Run a refresh; wait and repeat while another one holds the object (55P03).

    Raises:
        TerminalError: the other refresh does not end.

    """
    for _ in range(_MAX_TRIES):
        try:
            await connection.execute(query, *values)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
    raise TerminalError(f"another refresh does not end: {query} {values[:1]}")
