"""The storage layout that the server allows: hypertable, aggregates, policies. Decided here and nowhere else."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from schemas.settings import Settings
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.core_owner import CoreOwner, read_core_owner
from tasks.warehouse.migrate.aggregates import AggregateKind, ensure_aggregates
from tasks.warehouse.migrate.hypertable import Conversion, make_hypertable, measure_conversion
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class StorageLayout(NamedTuple):
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


class StorageFacts(NamedTuple):
    """What the catalog says."""

    core_kind: str
    has_timescale: bool
    has_community: bool
    has_whole_hours: bool
    aggregate_kind: AggregateKind | None
    owns_core: bool
    chunk_interval: dt.timedelta | None
    compression_enabled: bool
    policies: dict[str, str]

    @property
    def is_hypertable(self) -> bool:
        """Core's readings are a hypertable."""
        return self.chunk_interval is not None

    @property
    def can_convert(self) -> bool:
        """Core's readings can become a hypertable."""
        return self.owns_core and self.has_timescale and not self.is_hypertable

    @property
    def can_have_policies(self) -> bool:
        """The columnstore and retention are ours to set, and the license has them."""
        return self.owns_core and self.is_hypertable and self.has_community

    @property
    def wanted_aggregates(self) -> AggregateKind:
        """Continuous where core is our hypertable, the license has them, and a local hour is one of UTC."""
        can = self.can_have_policies and self.has_whole_hours
        return AggregateKind.CONTINUOUS if can else AggregateKind.ROLLUP


async def read_storage_layout(connection: Connection, settings: Settings) -> StorageLayout:
    """Return the storage layout of a migrated database."""
    return describe_layout(await _read_facts(connection, settings), settings)


def describe_layout(facts: StorageFacts, settings: Settings) -> StorageLayout:
    """Return the storage layout that the facts amount to."""
    return StorageLayout(
        "hypertable" if facts.is_hypertable else {"p": "partitioned table"}.get(facts.core_kind, "table"),
        (facts.aggregate_kind or AggregateKind.ROLLUP).label,
        facts.chunk_interval / dt.timedelta(days=1) if facts.chunk_interval else None,
        facts.policies.get("policy_compression"),
        facts.policies.get("policy_retention"),
        _hints(facts, settings),
    )


def _hints(facts: StorageFacts, settings: Settings) -> list[str]:
    hints = []
    if not facts.can_have_policies:
        reason = (
            f"{settings.core_schema} is managed externally, with its own policies"
            if not facts.owns_core
            else "core.measurements is not a hypertable of a TimescaleDB with the license timescale"
        )
        asked = {"COMPRESS_AFTER_DAYS": settings.compress_after_days, "KEEP_MONTHS": settings.keep_months}
        hints = [f"{name}={value} does nothing: {reason}" for name, value in asked.items() if value]
    if facts.can_convert:
        hints.append(
            "core.measurements is not a hypertable though TimescaleDB is installed: "
            "`dataops db migrate` says what it takes"
        )
    return hints


async def apply_storage_layout(connection: Connection, settings: Settings, *, convert: bool) -> list[str]:
    """Bring a migrated database to the storage layout that server and settings ask for; returns what was done.

    A filled table becomes a hypertable only with `convert`: nothing can be loaded meanwhile.
    """
    done = []
    facts = await _read_facts(connection, settings)
    if facts.can_convert and (convert or not await connection.fetchval(*sql("has_readings", settings))):
        await make_hypertable(connection, settings, is_partitioned=facts.core_kind == "p")
        done.append("core.measurements is a hypertable")
        facts = await _read_facts(connection, settings)
    done += await ensure_aggregates(connection, settings, existing=facts.aggregate_kind, wanted=facts.wanted_aggregates)
    if facts.owns_core and facts.is_hypertable:
        done += await _set_chunks(connection, settings, facts)
    if facts.can_have_policies:
        done += await _set_policies(connection, settings, facts)
    return done


async def estimate_conversion(connection: Connection, settings: Settings) -> Conversion | None:
    """Estimate how long it would take to make a hypertable of a filled table; None: there is nothing to convert."""
    facts = await _read_facts(connection, settings)
    return await measure_conversion(connection, settings) if facts.can_convert else None


async def _read_facts(connection: Connection, settings: Settings) -> StorageFacts:
    row = dict(await fetch_one(connection, *sql("select_storage_facts", settings, zone=settings.default_tz)))
    kind = row.pop("aggregate_kind")
    hypertable, policies = None, []
    if row["has_timescale"]:
        hypertable = await connection.fetchrow(*sql("select_hypertable", settings))
        policies = await connection.fetch(*sql("select_policies", settings))
    return StorageFacts(
        **row,
        aggregate_kind=AggregateKind(kind) if kind else None,
        owns_core=await read_core_owner(connection, settings) is CoreOwner.DATAOPS,
        chunk_interval=hypertable["chunk_interval"] if hypertable else None,
        compression_enabled=bool(hypertable and hypertable["compression_enabled"]),
        policies={policy["proc_name"]: policy["after"] for policy in policies},
    )


async def _set_chunks(connection: Connection, settings: Settings, facts: StorageFacts) -> list[str]:
    wanted = dt.timedelta(days=settings.chunk_days)
    if facts.chunk_interval == wanted:
        return []
    await connection.execute(*sql("set_chunk_interval", settings, width=wanted))
    return [f"new chunks of core.measurements hold {settings.chunk_days} days"]


async def _set_policies(connection: Connection, settings: Settings, facts: StorageFacts) -> list[str]:
    """Add, change or remove the policies that the settings ask for."""
    days, months = settings.compress_after_days, settings.keep_months
    wanted = {"compression": f"{days} days" if days else None, "retention": f"{months} months" if months else None}
    done = []
    for name, after in wanted.items():
        existing = facts.policies.get(f"policy_{name}")
        if await connection.fetchval(*sql("is_same_interval", settings, wanted=after, existing=existing)):
            continue
        async with connection.transaction():
            if after and name == "compression" and not facts.compression_enabled:
                await connection.execute(*sql("enable_columnstore", settings))
            if existing:
                await connection.execute(*sql(f"remove_{name}_policy", settings))
            if after:
                await connection.execute(*sql(f"add_{name}_policy", settings, after=after))
        done.append(f"{name} policy of core.measurements: {f'after {after}' if after else 'none'}")
    return done
