"""Merge accepted readings into core: binary COPY of what is new or different, join-first upsert, one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from schemas.errors import FileError
from schemas.problems import FileRemark
from schemas.settings import Settings
from tasks.load.accepted_readings import IN_CORE, AcceptedReadings, open_accepted, tables_of, tables_of_size
from tasks.load.compare_with_core import find_changed_rows
from tasks.load.earlier_versions import Superseded, find_superseded, must_be_alone, settle_superseded
from tasks.load.hold_loads import NO_CHANGES, PendingChanges, find_loads_to_hold
from tasks.load.load_meters import find_load_meters
from tasks.load.plan_merges import ValidatedLoad
from tasks.load.settle_readings import credit_later_loads
from tasks.warehouse.connection import Connection
from tasks.warehouse.copy import copy_table, copy_tables
from tasks.warehouse.core_owner import CoreOwner, read_core_owner
from tasks.warehouse.load_log import MergeCounts, finish_load, hold_load
from tasks.warehouse.locks import lock_loads
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

# A hash join of a million readings stays in memory.
_WORK_MEM = "256MB"
_COMPARED_ROWS = 100_000


class Merged(NamedTuple):
    """What became of a batch of loads."""

    counts: list[MergeCounts]
    """Of those that have ended in core."""
    held: Mapping[UUID, FileError]
    """Of the others: why they wait for a person."""


async def merge_together(
    connection: Connection, loads: Sequence[ValidatedLoad], claim_key: int, settings: Settings
) -> Merged:
    """Merge a batch of loads in one transaction: all of it with the final log rows, or nothing.

    Loads that share readings are merged one by one: only so the later one's values count.

    Replaced values go to `measurement_revisions`, changed building-days to `changed_days`.

    Raises:
        asyncpg.SerializationError: another load changed the same readings meanwhile; try again.

    """
    sources = [await open_accepted(connection, load.load_id, settings) for load in loads]
    load_ids = [load.load_id for load in loads]
    await connection.execute(
        *sql("ensure_partitions", settings, load_ids=load_ids, zone=settings.default_tz, days=settings.chunk_days)
    )
    alone = await must_be_alone(connection, load_ids, settings)
    merged = None if alone else await _copy_into_core(connection, loads, sources, claim_key, settings)
    if merged is None:
        merged = await _merge_with_core(connection, loads, sources, claim_key, settings, alone=alone)
    for source in sources:
        source.delete()
    return merged


async def _copy_into_core(
    connection: Connection,
    loads: Sequence[ValidatedLoad],
    sources: Sequence[AcceptedReadings],
    claim_key: int,
    settings: Settings,
) -> Merged | None:
    """Copy straight into core where it has nothing of these meters and times yet; None: it has."""
    if await read_core_owner(connection, settings) != CoreOwner.DATAOPS:
        return None  # its columns may be of other types than the binary files
    load_ids = [load.load_id for load in loads]
    if await connection.fetchval(*sql("has_readings", settings, load_ids=load_ids, **Span.of(loads)._asdict())):
        return None
    try:
        async with connection.transaction():
            moment = await lock_loads(connection, settings, shared=True)
            superseded = await find_superseded(connection, load_ids, settings)
            await connection.execute(*sql("allow_decompression", settings))
            readings = tables_of(sources)
            await copy_tables(connection, readings, of=IN_CORE, into="measurements", schema=settings.core_schema)
            await connection.execute(*sql("record_changed_days", settings, load_ids=load_ids, zone=settings.default_tz))
            counts = [MergeCounts(load.load_id, load.readings, 0, 0) for load in loads]
            return Merged(await _finish(connection, counts, superseded, claim_key, moment, settings), {})
    except asyncpg.UniqueViolationError:
        return None  # another load came between


async def _merge_with_core(
    connection: Connection,
    loads: Sequence[ValidatedLoad],
    sources: Sequence[AcceptedReadings],
    claim_key: int,
    settings: Settings,
    *,
    alone: bool,
) -> Merged:
    """Compare with what core has, and write what is new or different."""
    # Repeatable read: what the join saw is what the update replaces, or the transaction is refused.
    async with connection.transaction(isolation="repeatable_read"):
        waited = [load.load_id for load in loads if load.is_released]
        moment = await lock_loads(connection, settings, shared=not (alone or waited))
        await connection.execute(f"set local work_mem = '{_WORK_MEM}'")
        await connection.execute(*sql("allow_decompression", settings))
        await connection.execute(*sql("create_incoming", settings))
        has_changes = False
        async for changed_rows in find_changed_rows(connection, tables_of_size(sources, _COMPARED_ROWS), settings):
            has_changes = has_changes or len(changed_rows) > 0
            await copy_table(connection, changed_rows, into="incoming", schema=None)
        load_ids = [load.load_id for load in loads]
        meters = await find_load_meters(connection, load_ids, settings) if has_changes else None
        bounds = {**Span.of(loads)._asdict(), "meters": meters}
        if has_changes and waited:
            await credit_later_loads(connection, waited, bounds, moment, settings)
        pending = await _collect_changes(connection, bounds, settings) if has_changes else {}
        superseded = await find_superseded(connection, load_ids, settings)
        held = find_loads_to_hold(loads, pending, superseded, settings.hold_changed_share)
        if held:
            await _leave_out(connection, [*held], settings, has_changes=has_changes, has_superseded=bool(superseded))
        if has_changes:
            values = {**bounds, "moment": moment, "zone": settings.default_tz}
            await connection.execute(*sql("upsert_readings", settings, **values))
            if superseded:
                await connection.execute(*sql("delete_unsettled_rewritten", settings))
        counts = [
            MergeCounts(load.load_id, inserted, updated, load.readings - inserted - updated)
            for load in loads
            if load.load_id not in held
            for inserted, updated in [pending.get(load.load_id, NO_CHANGES)]
        ]
        counts = await _finish(connection, counts, superseded, claim_key, moment, settings)
        for load_id, why in held.items():
            await hold_load(connection, load_id, why, claim_key, settings)
    return Merged(counts, held)


async def _collect_changes(
    connection: Connection, bounds: Mapping[str, object], settings: Settings
) -> dict[UUID, PendingChanges]:
    """Find in the temporary table `incoming` what is new or different, for `pending_changes`; count it load by load."""
    await connection.execute("analyze incoming")
    await connection.execute(*sql("create_pending_changes", settings))
    await connection.execute(*sql("insert_pending_changes", settings, **bounds))
    await connection.execute("analyze pending_changes")
    rows = await connection.fetch(*sql("count_pending_changes", settings))
    return {row["load_id"]: PendingChanges(row["inserted"], row["updated"]) for row in rows}


async def _leave_out(
    connection: Connection, load_ids: list[UUID], settings: Settings, *, has_changes: bool, has_superseded: bool
) -> None:
    """Leave the changes of loads out."""
    if has_changes:
        await connection.execute(*sql("delete_pending_changes", settings, load_ids=load_ids))
    if has_superseded:
        await connection.execute(*sql("delete_unsettled", settings, load_ids=load_ids))


async def _finish(
    connection: Connection,
    merged: Sequence[MergeCounts],
    superseded: Mapping[UUID, Superseded],
    claim_key: int,
    moment: datetime,
    settings: Settings,
) -> list[MergeCounts]:
    """Move loads whose readings are in core to their final status; return the counts with what stays behind."""
    load_ids = [counts.load_id for counts in merged]
    finished = []
    for counts in merged:
        remaining = superseded.get(counts.load_id, Superseded()).remaining
        message = FileRemark.NO_LONGER_IN_FILE.format(count=remaining) if remaining else None
        finished.append(counts._replace(no_longer_in_file=remaining, message=message))
    await finish_load(connection, finished, claim_key, settings)
    await connection.execute(*sql("resolve_row_errors", settings, load_ids=load_ids))
    await settle_superseded(connection, load_ids, superseded, moment, settings)
    return finished


class Span(NamedTuple):
    """The span of time of several loads' readings; none if they have no readings."""

    first_time: datetime | None
    last_time: datetime | None

    @classmethod
    def of(cls, loads: Sequence[ValidatedLoad]) -> Span:
        """Return the span that covers all loads."""
        first = [load.first_time for load in loads if load.first_time]
        last = [load.last_time for load in loads if load.last_time]
        return cls(min(first, default=None), max(last, default=None))
