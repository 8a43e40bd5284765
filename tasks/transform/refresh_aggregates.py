"""Bring up to date what stands on core: hourly and daily aggregates, then REFRESH_OBJECTS."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import Settings
from schemas.windows import Window
from tasks.warehouse.connection import fetch_one
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Iterator

sql = Statements(__file__)

_OWN = ("meter_hourly", "meter_daily", "meter_last_reading")  # each is made from the one before
# A day of the daily aggregate is a twenty-fourth of the hourly one.
_DAILY_PARTITIONS_WIDER = 10
_TRIES = 10
_DAY = dt.timedelta(days=1)
# No transaction gets longer than a week of the city.
_MOST_DAYS_AT_ONCE = 7


class Target(NamedTuple):
    """A thing to refresh, as the catalog describes it."""

    name: str
    """schema.name"""
    kind: str
    """continuous_aggregate, rollup, materialized_view or view."""
    can_be_concurrent: bool
    is_own: bool


async def find_targets(connection: asyncpg.Connection, settings: Settings) -> list[Target]:
    """Look up the product's own aggregates and REFRESH_OBJECTS, all of them before any is touched.

    Raises:
        TerminalError: an object does not exist or is no view; all such are named.

    """
    own = [f"{settings.features_schema}.{name}" for name in _OWN]
    names = [*own, *(name for name in settings.refresh_objects or () if name not in own)]
    found = {name: await _look_up(connection, name, is_own=name in own, settings=settings) for name in names}
    if unknown := [name for name, target in found.items() if target is None]:
        raise TerminalError(
            f"REFRESH_OBJECTS: {', '.join(unknown)}: "
            "there is no continuous aggregate, materialised view or view of that name"
        )
    return [target for target in found.values() if target]


async def _look_up(connection: asyncpg.Connection, name: str, *, is_own: bool, settings: Settings) -> Target | None:
    row = await connection.fetchrow(sql.text("select_refresh_target", settings), name)
    if row is None:
        return None
    is_aggregate = await _has_timescale(connection) and await connection.fetchval(
        "select exists (select from timescaledb_information.continuous_aggregates "
        "where view_schema = $1 and view_name = $2)",
        *name.split("."),
    )
    kinds = {"m": "materialized_view", "v": "view"} | ({"p": "rollup"} if is_own else {})
    kind = "continuous_aggregate" if is_aggregate else kinds.get(row["kind"])
    return Target(name, kind, row["can_be_concurrent"], is_own) if kind else None


async def _has_timescale(connection: asyncpg.Connection) -> bool:
    return bool(
        await connection.fetchval("select to_regclass('timescaledb_information.continuous_aggregates') is not null")
    )


async def refresh(
    connection: asyncpg.Connection,
    targets: Sequence[Target],
    windows: Sequence[Window],
    settings: Settings,
    *,
    full: bool = False,
) -> list[Window]:
    """Refresh each target over windows of whole local days; a plain view is always up to date.

    What retention has dropped, or may have dropped in part, is left as it is: an aggregate outlives its readings.
    The connection must not be in a transaction: continuous aggregates refuse one.

    `full`: the product's own aggregates over all that core holds, for their definition or zone is new.
    Gives the windows that retention kept from being refreshed.

    """
    kept_from = await _kept_from(connection, settings)
    changed, skipped = _within_retention(windows, kept_from)
    everything = _within_retention(await _whole_span(connection, settings), kept_from).kept if full else []
    for name in ("changed_days", "measurements"):
        await connection.execute(sql.text("analyze_new", settings), name)
    for target in targets:
        if target.kind == "materialized_view":
            how = "concurrently " if target.can_be_concurrent else ""
            name = ".".join(f'"{part}"' for part in target.name.split("."))
            await _patiently(connection, f"refresh materialized view {how}{name}")
        for window in _pieces(everything if full and target.is_own else changed):
            if target.kind == "continuous_aggregate":
                await _refresh_aggregate(connection, target, window, kept_from, settings)
            elif target.kind == "rollup":
                await _roll_up(connection, target, window, settings, full=full)
        if target.is_own:
            await connection.execute(sql.text("analyze_new", settings), target.name.split(".")[1])
    return skipped


class _Split(NamedTuple):
    kept: list[Window]
    skipped: list[Window]


def _within_retention(windows: Iterable[Window], kept_from: dt.date | None) -> _Split:
    if kept_from is None:
        return _Split(list(windows), [])
    kept = [Window(max(first, kept_from), last) for first, last in windows if last >= kept_from]
    skipped = [Window(first, min(last, kept_from - _DAY)) for first, last in windows if first < kept_from]
    return _Split(kept, skipped)


def _pieces(windows: Iterable[Window]) -> Iterator[Window]:
    for first, last in windows:
        for day in range(0, (last - first).days + 1, _MOST_DAYS_AT_ONCE):
            start = first + day * _DAY
            yield Window(start, min(start + (_MOST_DAYS_AT_ONCE - 1) * _DAY, last))


async def _kept_from(connection: asyncpg.Connection, settings: Settings) -> dt.date | None:
    if not await _has_timescale(connection):
        return None
    query = sql.text("select_retention_start", settings)
    found: dt.date | None = await connection.fetchval(query, settings.core_schema, settings.default_tz)
    return found


async def _whole_span(connection: asyncpg.Connection, settings: Settings) -> list[Window]:
    """Give the local days of core, and one more at both ends: buckets of another zone may lie there."""
    first, last = await fetch_one(connection, sql.text("select_span", settings), settings.default_tz)
    return [Window(first - _DAY, last + _DAY)] if first else []


async def _midnight(connection: asyncpg.Connection, day: dt.date, settings: Settings) -> dt.datetime:
    midnight: dt.datetime = await connection.fetchval(
        "select $1::date::timestamp at time zone $2", day, settings.default_tz
    )
    return midnight


async def _bounds(
    connection: asyncpg.Connection, window: Window, settings: Settings
) -> tuple[dt.datetime, dt.datetime]:
    since = await _midnight(connection, window.first, settings)
    return since, await _midnight(connection, window.last + _DAY, settings)


async def _refresh_aggregate(
    connection: asyncpg.Connection, target: Target, window: Window, kept_from: dt.date | None, settings: Settings
) -> None:
    bounds = await _bounds(connection, window, settings)
    kept_since = await _midnight(connection, kept_from, settings) if kept_from else None
    since, until = await fetch_one(
        connection, sql.text("select_cagg_window", settings), *target.name.split("."), *bounds, kept_since
    )
    if since < until:
        call = "call refresh_continuous_aggregate($1::regclass, $2::timestamptz, $3::timestamptz)"
        await _patiently(connection, call, target.name, since, until)


async def _roll_up(
    connection: asyncpg.Connection, target: Target, window: Window, settings: Settings, *, full: bool
) -> None:
    """Make the buckets of the changed building-days (all of them: `full`) anew."""
    name = target.name.split(".")[1]
    width = settings.chunk_days * (_DAILY_PARTITIONS_WIDER if name == "meter_daily" else 1)
    await connection.execute(sql.text("ensure_rollup_partitions", settings), name, width, settings.default_tz, *window)
    grain = name.removeprefix("meter_")
    since, until = await _bounds(connection, window, settings)
    async with connection.transaction():
        await connection.execute(sql.text("create_changed_meter_days", settings))
        await connection.execute(sql.text("fill_changed_meter_days", settings), *window, settings.default_tz, full)
        await connection.execute("analyze changed_meter_days")
        await connection.execute(sql.text(f"delete_{grain}", settings), since, until)
        await connection.execute(sql.text(f"insert_{grain}", settings), since, until, settings.default_tz)


async def _patiently(connection: asyncpg.Connection, query: str, *values: object) -> None:
    """Run a refresh, waiting while another one holds the object (55P03)."""
    for _ in range(_TRIES):
        try:
            await connection.execute(query, *values)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(3)
        else:
            return
    raise TerminalError(f"another refresh does not end: {query} {values[:1]}")
