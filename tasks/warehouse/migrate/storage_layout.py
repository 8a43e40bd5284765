"""Lay core out as the server allows: hypertable, aggregates, policies. Decided here and nowhere else."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, NamedTuple

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import fetch_one
from tasks.warehouse.statements import SHARED, Statements

if TYPE_CHECKING:
    from collections.abc import Sequence

sql = Statements(__file__)

_SAMPLE_ROWS = 100_000
_AGGREGATES = {"v": "continuous aggregates", "p": "roll-up tables"}


class Layout(NamedTuple):
    """How a migrated database keeps its readings."""

    measurements: str
    """`hypertable`, `partitioned table` or `table`."""
    aggregates: str
    """`continuous aggregates` or `roll-up tables`."""
    chunk_days: float | None
    """Width of a hypertable's new chunks."""
    compress_after: str | None
    drop_after: str | None
    hints: list[str]
    """What the settings ask for and this server or its owner does not allow."""


class Conversion(NamedTuple):
    """What it would take to make core.measurements a hypertable."""

    rows: int
    seconds: float


class _Facts(NamedTuple):
    """What the catalog says."""

    core_kind: str
    has_timescale: bool
    has_community: bool
    has_whole_hours: bool
    aggregate_kind: str | None
    owns_core: bool
    chunk_interval: dt.timedelta | None
    compression_enabled: bool
    policies: dict[str, str]

    @property
    def is_hypertable(self) -> bool:
        return self.chunk_interval is not None

    @property
    def wanted_aggregates(self) -> str:
        """Continuous where core is our hypertable, the license has them, and a local hour is one of UTC."""
        can = self.owns_core and self.is_hypertable and self.has_community and self.has_whole_hours
        return "v" if can else "p"


async def read_layout(connection: asyncpg.Connection, settings: Settings) -> Layout:
    """Tell how a migrated database is laid out."""
    facts = await _read(connection, settings)
    hints = []
    if not (facts.owns_core and facts.is_hypertable and facts.has_community):
        reason = (
            f"{settings.core_schema} belongs to somebody else, who sets its policies"
            if not facts.owns_core
            else "core.measurements is no hypertable of a TimescaleDB with the license timescale"
        )
        asked = {"COMPRESS_AFTER_DAYS": settings.compress_after_days, "KEEP_MONTHS": settings.keep_months}
        hints = [f"{name}={value} does nothing: {reason}" for name, value in asked.items() if value]
    if facts.owns_core and facts.has_timescale and not facts.is_hypertable:
        hints.append(
            "core.measurements is no hypertable though TimescaleDB is there: `dataops db migrate` says what it takes"
        )
    return Layout(
        "hypertable" if facts.is_hypertable else {"p": "partitioned table"}.get(facts.core_kind, "table"),
        _AGGREGATES[facts.aggregate_kind or "p"],
        facts.chunk_interval / dt.timedelta(days=1) if facts.chunk_interval else None,
        facts.policies.get("policy_compression"),
        facts.policies.get("policy_retention"),
        hints,
    )


async def lay_out(connection: asyncpg.Connection, settings: Settings, *, convert: bool) -> list[str]:
    """Bring a migrated database to the layout that server and settings ask for; gives what it did.

    A filled table becomes a hypertable only where `convert` says so: nothing loads meanwhile.
    """
    done = []
    facts = await _read(connection, settings)
    can_convert = facts.owns_core and facts.has_timescale and not facts.is_hypertable
    if can_convert and (convert or not await connection.fetchval(sql.text("has_any_reading", settings))):
        await _make_hypertable(connection, settings, facts)
        done.append("core.measurements is a hypertable")
        facts = await _read(connection, settings)
    done += await _make_aggregates(connection, settings, facts)
    if facts.owns_core and facts.is_hypertable:
        done += await _set_chunks(connection, settings, facts)
        if facts.has_community:
            done += await _set_policies(connection, settings, facts)
    return done


async def estimate_conversion(connection: asyncpg.Connection, settings: Settings) -> Conversion | None:
    """Measure how long it would take to make a hypertable of a filled table; None: there is nothing to convert."""
    facts = await _read(connection, settings)
    if not facts.owns_core or not facts.has_timescale or facts.is_hypertable:
        return None
    table = f"{settings.core_schema}.measurements"
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"create temporary table sample (like {table} including all)")
        started = time.perf_counter()
        result = await connection.execute(sql.text("copy_sample", settings), _SAMPLE_ROWS)
        seconds = time.perf_counter() - started
        times_larger = await connection.fetchval(
            "select sum(pg_relation_size(relid))::float8 / nullif(pg_relation_size('sample'), 0) "
            "from (select $1::regclass as relid union select relid from pg_partition_tree($1::regclass)) as parts",
            table,
        )
    finally:
        await transaction.rollback()
    copied = int(result.split()[-1])
    if copied < _SAMPLE_ROWS:
        return Conversion(copied, seconds)
    return Conversion(round(copied * times_larger), seconds * times_larger)


async def _read(connection: asyncpg.Connection, settings: Settings) -> _Facts:
    row = await fetch_one(connection, sql.text("select_layout", settings), settings.default_tz)
    hypertable, policies = None, []
    if row["has_timescale"]:
        hypertable = await connection.fetchrow(sql.text("select_hypertable", settings), settings.core_schema)
        policies = await connection.fetch(sql.text("select_policies", settings), settings.core_schema)
    return _Facts(
        **row,
        chunk_interval=hypertable["chunk_interval"] if hypertable else None,
        compression_enabled=bool(hypertable and hypertable["compression_enabled"]),
        policies={policy["proc_name"]: policy["after"] for policy in policies},
    )


async def _make_hypertable(connection: asyncpg.Connection, settings: Settings, facts: _Facts) -> None:
    core, table = settings.core_schema, f"{settings.core_schema}.measurements"
    create = (
        "select create_hypertable($1::regclass, by_range('time', make_interval(days => $2)), "
        "create_default_indexes => false, migrate_data => true)"
    )
    async with connection.transaction():
        # Who loads waits, who reads does not, until the tables change places.
        await connection.execute(f"lock table {table} in share row exclusive mode")
        if facts.core_kind != "p":
            await connection.execute(create, table, settings.chunk_days)
            return
        await _refuse_materialized_views(connection, table)
        await connection.execute(f"create table {core}.measurements_new (like {table} including all)")
        await connection.execute(create, f"{core}.measurements_new", settings.chunk_days)
        partitions = await connection.fetch(
            "select relid::text as name from pg_partition_tree($1::regclass) where isleaf order by name", table
        )
        for partition in partitions:
            await connection.execute(sql.text("copy_partition", settings).replace("{partition}", partition["name"]))
        await connection.execute(sql.text("swap_measurements", settings))


async def _refuse_materialized_views(connection: asyncpg.Connection, table: str) -> None:
    """Refuse to drop what only its owner can make again; plain views move to the new table."""
    views: Sequence[str] = await connection.fetchval(
        "select array_agg(distinct c.oid::regclass::text) from pg_depend as d "
        "join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid "
        "join pg_class as c on r.ev_class = c.oid where d.refobjid = $1::regclass and c.relkind = 'm'",
        table,
    )
    if views:
        raise TerminalError(
            f"{', '.join(views)}: materialised views that stand on {table}: drop them, convert, and create them again"
        )


async def _make_aggregates(connection: asyncpg.Connection, settings: Settings, facts: _Facts) -> list[str]:
    """Make hourly and daily aggregates, anew where their kind or the zone of their days has changed."""
    wanted = facts.wanted_aggregates
    if facts.aggregate_kind == wanted and (wanted == "p" or await _days_are_of(connection, settings)):
        return []
    async with connection.transaction():
        # The next transform fills them from all that core holds.
        await connection.execute(sql.text("forget_transform", settings))
        if facts.aggregate_kind:
            await _drop_aggregates(connection, settings)
        if await connection.fetchval(SHARED.text("has_roles", settings), settings.roles["owner"]):
            await connection.execute(f"set local role {settings.roles['dbt']}")  # who owns them refreshes them
        if wanted == "v":
            await connection.execute(sql.text("create_continuous_hourly", settings))
            daily = sql.text("create_continuous_daily", settings).replace("{zone}", settings.default_tz)
            await connection.execute(daily)
            for name in ("meter_hourly", "meter_daily"):
                await connection.execute(f"create index on {settings.features_schema}.{name} (meter_id, bucket_start)")
        else:
            await connection.execute(sql.text("create_rollups", settings))
        await connection.execute(sql.text("create_meter_last_reading", settings))
        await connection.execute(sql.text("index_meter_last_reading", settings))
        await connection.execute(sql.text("comment_aggregates", settings))
    return [f"{settings.features_schema}.meter_hourly and meter_daily are {_AGGREGATES[wanted]}"]


async def _drop_aggregates(connection: asyncpg.Connection, settings: Settings) -> None:
    try:
        await connection.execute(SHARED.text("drop_aggregates", settings))
    except asyncpg.DependentObjectsStillExistError as error:
        raise TerminalError(
            f"{settings.features_schema}.meter_hourly and meter_daily have to be made anew, but {error.detail}"
        ) from None


async def _days_are_of(connection: asyncpg.Connection, settings: Settings) -> bool:
    return bool(
        await connection.fetchval(
            "select exists (select from timescaledb_information.continuous_aggregates "
            "where view_schema = $1 and view_name = 'meter_daily' "
            "and position(quote_literal($2) in view_definition) > 0)",
            settings.features_schema,
            settings.default_tz,
        )
    )


async def _set_chunks(connection: asyncpg.Connection, settings: Settings, facts: _Facts) -> list[str]:
    wanted = dt.timedelta(days=settings.chunk_days)
    if facts.chunk_interval == wanted:
        return []
    await connection.execute(
        "select set_chunk_time_interval($1::regclass, $2::interval)", f"{settings.core_schema}.measurements", wanted
    )
    return [f"new chunks of core.measurements hold {settings.chunk_days} days"]


async def _set_policies(connection: asyncpg.Connection, settings: Settings, facts: _Facts) -> list[str]:
    """Add, change or remove the policies that the settings ask for."""
    table = f"{settings.core_schema}.measurements"
    done = []
    days, months = settings.compress_after_days, settings.keep_months
    wanted = {
        "policy_compression": ("compression", f"{days} days" if days else None),
        "policy_retention": ("retention", f"{months} months" if months else None),
    }
    for policy, (what, after) in wanted.items():
        is_so = "select $1::text::interval is not distinct from $2::text::interval"
        if await connection.fetchval(is_so, after, facts.policies.get(policy)):
            continue
        async with connection.transaction():
            if after and policy == "policy_compression" and not facts.compression_enabled:
                await connection.execute(
                    f"alter table {table} set (timescaledb.compress, "
                    "timescaledb.compress_segmentby = 'meter_id, metric', timescaledb.compress_orderby = 'time')"
                )
            if policy in facts.policies:
                await connection.execute(f"select remove_{what}_policy($1::regclass)", table)
            if after:
                await connection.execute(f"select add_{what}_policy($1::regclass, $2::text::interval)", table, after)
        done.append(f"{what} policy of core.measurements: {f'after {after}' if after else 'none'}")
    return done
