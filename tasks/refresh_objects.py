"""Refresh continuous aggregates and materialised views that stand on core."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.sql import statement

if TYPE_CHECKING:
    from datetime import date

_OWN = ("meter_last_reading", "meter_hourly")
_TRIES = 10


class Target(NamedTuple):
    """A thing to refresh, as the catalog describes it; `name` is quoted by the server."""

    name: str
    kind: str
    """continuous_aggregate, materialized_view or view."""
    can_be_concurrent: bool


async def find_targets(connection: asyncpg.Connection, settings: Settings) -> list[Target]:
    """Look up REFRESH_OBJECTS, all of them before any is touched; by default the product's own.

    Raises:
        TerminalError: an object does not exist or is no view; all such are named.

    """
    names = settings.refresh_objects
    if names is None:
        own = [f"{settings.features_schema}.{name}" for name in _OWN]
        return [target for name in own if (target := await _look_up(connection, name, settings))]
    found = {name: await _look_up(connection, name, settings) for name in names}
    if unknown := [name for name, target in found.items() if target is None]:
        raise TerminalError(
            f"REFRESH_OBJECTS: {', '.join(unknown)}: "
            "there is no continuous aggregate, materialised view or view of that name"
        )
    return [target for target in found.values() if target]


async def _look_up(connection: asyncpg.Connection, name: str, settings: Settings) -> Target | None:
    row = await connection.fetchrow(statement("select_refresh_target", settings), name)
    if row is None:
        return None
    is_aggregate = await connection.fetchval(
        "select to_regclass('timescaledb_information.continuous_aggregates') is not null"
    ) and await connection.fetchval(
        "select exists (select from timescaledb_information.continuous_aggregates "
        "where view_schema = $1 and view_name = $2)",
        *name.split("."),
    )
    kinds = {"m": "materialized_view", "v": "view"}
    kind = "continuous_aggregate" if is_aggregate else kinds.get(row["kind"])
    return Target(row["name"], kind, row["can_be_concurrent"]) if kind else None


async def refresh(
    connection: asyncpg.Connection, targets: Sequence[Target], first: date, last: date, settings: Settings
) -> None:
    """Refresh each target over whole local days [first, last]; a plain view is always up to date.

    The connection must not be in a transaction: aggregates refuse one.
    """
    midnight = "select ($1::date::timestamp at time zone $2)"
    since: datetime = await connection.fetchval(midnight, first, settings.default_tz)
    until: datetime = await connection.fetchval(
        "select (($1::date + 1)::timestamp at time zone $2)", last, settings.default_tz
    )
    for target in targets:
        if target.kind == "continuous_aggregate":
            call = "call refresh_continuous_aggregate($1::regclass, $2::timestamptz, $3::timestamptz)"
            await _patiently(connection, call, target.name, since, until)
        elif target.kind == "materialized_view":
            how = "concurrently " if target.can_be_concurrent else ""
            await _patiently(connection, f"refresh materialized view {how}{target.name}")


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
