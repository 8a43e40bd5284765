"""Create the hourly and daily aggregates: continuous aggregates, or a view and roll-up tables of the same columns."""

from __future__ import annotations

from enum import StrEnum

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.roles import has_roles
from tasks.warehouse.statements import SHARED, Statements

sql = Statements(__file__)


class AggregateKind(StrEnum):
    """How hourly and daily aggregates are kept; the value is the kind of relation that the daily one is."""

    CONTINUOUS = "v"
    ROLLUP = "p"

    @property
    def label(self) -> str:
        """The kind in words."""
        return "continuous aggregates" if self is AggregateKind.CONTINUOUS else "roll-up tables"


async def ensure_aggregates(
    connection: Connection, settings: Settings, *, existing: AggregateKind | None, wanted: AggregateKind
) -> list[str]:
    """Create the aggregates, or create them again where their kind, columns or zone of days have changed."""
    if existing is wanted and await _are_current(connection, settings, wanted):
        return []
    async with connection.transaction():
        # The next transform fills them from everything in core.
        await connection.execute(*sql("delete_transform_state", settings))
        if existing:
            await _drop_aggregates(connection, settings)
        if await has_roles(connection, settings):
            await connection.execute(f"set local role {settings.roles['dbt']}")  # only their owner can refresh them
        if wanted is AggregateKind.CONTINUOUS:
            await _create_continuous(connection, settings)
        else:
            await connection.execute(*sql("create_rollups", settings))
            await connection.execute(_of_zone("create_hourly_view", settings))
        await connection.execute(*sql("create_meter_last_reading", settings))
        await connection.execute(*sql("comment_aggregates", settings))
    return [f"{settings.features_schema}.meter_hourly and meter_daily are {wanted.label}"]


async def _create_continuous(connection: Connection, settings: Settings) -> None:
    await connection.execute(*sql("create_continuous_hourly", settings))
    await connection.execute(_of_zone("create_continuous_daily", settings))
    for name in ("meter_hourly", "meter_daily"):
        await connection.execute(sql.text("index_buckets", settings).replace("{aggregate}", name))


def _of_zone(name: str, settings: Settings) -> str:
    return sql.text(name, settings).replace("{zone}", settings.default_tz)


async def _drop_aggregates(connection: Connection, settings: Settings) -> None:
    try:
        await connection.execute(*SHARED("drop_aggregates", settings))
    except asyncpg.DependentObjectsStillExistError as error:
        raise TerminalError(
            f"{settings.features_schema}.meter_hourly and meter_daily have to be created again, but {error.detail}"
        ) from None


async def _are_current(connection: Connection, settings: Settings, kind: AggregateKind) -> bool:
    if kind is AggregateKind.ROLLUP:
        return bool(await connection.fetchval(*sql("is_hourly_view_of_zone", settings, zone=settings.default_tz)))
    has_names = await connection.fetchval(*sql("has_named_metrics", settings))
    return bool(has_names and await connection.fetchval(*sql("has_days_of_zone", settings, zone=settings.default_tz)))
