"""Load accepted readings into core: binary COPY of what is new or different, join-first upsert, one transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import FileError
from schemas.readings import ACCEPTED, METRIC_NAMES
from schemas.settings import Settings
from tasks.warehouse.batches import BatchResult, batch_by_size, together_or_each_alone
from tasks.warehouse.connection import Connection, Warehouse
from tasks.warehouse.copy import copy_table, copy_tables
from tasks.warehouse.load_log import MergeCounts, Run, fail_load, finish_load
from tasks.warehouse.locks import Lock, hold, hold_checksums
from tasks.warehouse.spool import Spool, read_stream, write_accepted_stream
from tasks.warehouse.statements import SHARED, Statements
from tasks.warehouse.storage import LOCAL

sql = Statements(__file__)
_log = logging.getLogger("dataops.load")

_IN_CORE = pa.schema(
    [
        ("load_id", pa.binary(16)),
        *((field.name, field.type) for field in ACCEPTED.set(2, pa.field("metric", pa.string()))),
    ]
)
# Above so many meters a list of them costs more to compare than it saves in look-ups.
_MOST_METERS_TO_NAME = 2_000
# A hash join of a million readings stays in memory.
_WORK_MEM = "256MB"
_COMPARED_AT_ONCE = 100_000
# PostgreSQL's binary COPY: a header of 19 bytes, then each value behind its length; its time begins in 2000.
_HEADER_BYTES = 19
_WIDTHS = {"meter_id": ">i8", "time": ">i8", "metric": ">i4", "value": ">f8", "quality": ">i2"}
_STORED = np.dtype(
    [
        ("fields", ">i2"),
        *(field for name, kind in _WIDTHS.items() for field in ((f"length of {name}", ">i4"), (name, kind))),
    ]
)
_YEAR_2000 = 946_684_800_000_000


class ValidatedLoad(NamedTuple):
    """A load that is validated and waits to be merged into core."""

    load_id: UUID
    source_file: str
    checksum: str | None
    """None: rows from stage, not a file."""
    readings: int
    """Accepted ones."""
    first_time: datetime | None
    last_time: datetime | None
    shares_readings: bool
    """Another load of the run speaks of the same meter in the same span of time."""


async def find_validated_loads(connection: Connection, run: Run, settings: Settings) -> list[ValidatedLoad]:
    """Find the loads of a run that are validated and not yet in core, in the order of their files."""
    rows = await connection.fetch(*sql("find_validated_loads", settings, flow_run_id=run.flow_run_id))
    return [ValidatedLoad(**row) for row in rows]


class MergePlan(NamedTuple):
    """What is merged side by side, and what one after the other, after it."""

    side_by_side: list[list[ValidatedLoad]]
    in_order: list[list[ValidatedLoad]]
    """Of two files that hold the same meter and time the later one's values count: each is a batch of its own."""


async def plan_merges(run: Run, warehouse: Warehouse) -> MergePlan:
    """Put the run's validated loads into batches; those that share readings keep the order of their files."""
    async with warehouse.connect() as connection:
        loads = await find_validated_loads(connection, run, warehouse.settings)
    alone = [load for load in loads if not load.shares_readings]
    return MergePlan(
        side_by_side=list(batch_by_size(alone, rows=lambda load: load.readings)),
        in_order=[[load] for load in loads if load.shares_readings],
    )


async def merge_loads(loads: Sequence[ValidatedLoad], run: Run, warehouse: Warehouse) -> BatchResult:
    """Merge a batch of loads in one transaction; if that fails, each alone, so that only what is broken fails.

    Raises:
        Exception: a transient one, which a new try may cure.

    """
    settings = warehouse.settings

    async def merge(loads: Sequence[ValidatedLoad]) -> None:
        async with warehouse.connect() as connection:
            merged = await merge_together(connection, loads, run.claim_key, settings)
        for load, counts in zip(loads, merged, strict=True):
            _log.info(
                "loaded %r: %d inserted, %d updated, %d unchanged",
                load.source_file,
                counts.inserted,
                counts.updated,
                counts.unchanged,
            )

    async def fail(load: ValidatedLoad, error: Exception) -> BatchResult:
        failure = FileError.of(error, step="загрузка")
        _log.error("failed %r: %s", load.source_file, failure, exc_info=error)
        async with warehouse.connect() as connection:
            await fail_load(connection, load.load_id, failure, settings)
        return BatchResult(1, {load.source_file: str(failure)})

    return await together_or_each_alone(loads, merge, fail)


async def merge_together(
    connection: Connection, loads: Sequence[ValidatedLoad], claim_key: int, settings: Settings
) -> list[MergeCounts]:
    """Merge a batch of loads in one transaction: all of it with the final log rows, or nothing.

    Loads that share readings are merged one by one: only so the later one's values count.

    Replaced values go to `measurement_revisions`, changed building-days to `changed_days`.

    Raises:
        asyncpg.SerializationError: another load changed the same readings meanwhile; try again.

    """
    sources = [await _accepted(connection, load.load_id, settings) for load in loads]
    load_ids = [load.load_id for load in loads]
    await connection.execute(
        *sql("ensure_partitions", settings, load_ids=load_ids, zone=settings.default_tz, days=settings.chunk_days)
    )
    checksums = [load.checksum for load in loads if load.checksum]
    # Taken before the transaction, so that its snapshot is newer.
    async with hold(connection, Lock.LOADS, shared=True), hold_checksums(connection, checksums):
        merged = await _copy_into_core(connection, loads, sources, claim_key, settings)
        if merged is None:
            merged = await _merge_with_core(connection, loads, sources, claim_key, settings)
    for source in sources:
        LOCAL.delete(source)
    return merged


async def _copy_into_core(
    connection: Connection,
    loads: Sequence[ValidatedLoad],
    sources: Sequence[Path],
    claim_key: int,
    settings: Settings,
) -> list[MergeCounts] | None:
    """Copy straight into core where it has nothing of these meters and times yet; None: it has."""
    if await connection.fetchval(SHARED.text("select_core_owner", settings)) != "dataops":
        return None  # its columns may be of other types than the binary files
    load_ids = [one.load_id for one in loads]
    if await connection.fetchval(*sql("has_readings", settings, load_ids=load_ids, **_span(loads)._asdict())):
        return None
    try:
        async with connection.transaction():
            await connection.execute(sql.text("allow_decompression", settings))
            readings = (_with_load_id(batch, one) for batch, one in _batches(loads, sources))
            await copy_tables(connection, readings, of=_IN_CORE, into="measurements", schema=settings.core_schema)
            await connection.execute(*sql("record_changed_days", settings, load_ids=load_ids, zone=settings.default_tz))
            done = [MergeCounts(one.load_id, one.readings, 0, 0) for one in loads]
            await _finish(connection, done, claim_key, settings)
    except asyncpg.UniqueViolationError:
        return None  # another load came between
    return done


async def _merge_with_core(
    connection: Connection,
    loads: Sequence[ValidatedLoad],
    sources: Sequence[Path],
    claim_key: int,
    settings: Settings,
) -> list[MergeCounts]:
    """Compare with what core has, and write what is new or different."""
    # Repeatable read: what the join saw is what the update replaces, or the transaction is refused.
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(f"set local work_mem = '{_WORK_MEM}'")
        await connection.execute(sql.text("allow_decompression", settings))
        await connection.execute(sql.text("create_incoming", settings))
        is_any_due = False
        async for unequal in _unequal(connection, loads, sources, settings):
            is_any_due = is_any_due or len(unequal) > 0
            await copy_table(connection, unequal, into="incoming", schema=None)
        done = (
            await _upsert(connection, loads, settings)
            if is_any_due
            else [MergeCounts(one.load_id, 0, 0, one.readings) for one in loads]
        )
        await _finish(connection, done, claim_key, settings)
    return done


async def _unequal(
    connection: Connection, loads: Sequence[ValidatedLoad], sources: Sequence[Path], settings: Settings
) -> AsyncIterator[pa.Table]:
    """Give the readings that core does not have just so: of a file that comes again they are few.

    While the server looks up what it has of one table, a thread compares the one before.
    """
    comparing: asyncio.Task[pa.Table] | None = None
    for readings in _chunks(loads, sources):
        stored = await _stored(connection, readings, settings)
        if comparing:
            yield await comparing
        comparing = asyncio.create_task(asyncio.to_thread(_anti_join, readings, stored))
    if comparing:
        yield await comparing


async def _stored(connection: Connection, readings: pa.Table, settings: Settings) -> np.ndarray:
    """Give what core has of the same meters and span: rows of _STORED."""
    read = bytearray()
    # Constants, and only what is asked for: core's type may be an enum, even one that lacks other metrics of ours.
    asked = set(pc.unique(readings.column("metric")).to_pylist())
    codes = " ".join(f"when '{name}' then {code}" for code, name in enumerate(METRIC_NAMES) if name in asked)

    async def keep(piece: bytes) -> None:
        read.extend(piece)

    # What is not looked at for the limit counts as different, and the server compares it.
    await connection.copy_from_query(
        sql.text("select_stored", settings).replace("{metric_codes}", codes),
        pc.unique(readings.column("meter_id")).to_pylist(),
        pc.min(readings.column("time")).as_py(),
        pc.max(readings.column("time")).as_py(),
        2 * len(readings),
        output=keep,
        format="binary",
    )
    return np.frombuffer(read, _STORED, len(read) // _STORED.itemsize, _HEADER_BYTES)


def _anti_join(readings: pa.Table, stored: np.ndarray) -> pa.Table:
    """Give the readings that are not among the stored ones, with another value or quality, or not at all."""
    codes = pc.index_in(readings.column("metric"), value_set=pa.array(METRIC_NAMES))
    known = {
        name: stored[name].astype(stored.dtype[name].newbyteorder("=")) for name in ("meter_id", "value", "quality")
    }
    times = pa.array(stored["time"].astype(np.int64) + _YEAR_2000).cast(ACCEPTED.field("time").type)
    of_core = pa.table(known | {"time": times, "metric_code": stored["metric"].astype(np.int32)})
    keys = ["meter_id", "time", "metric_code", "value", "quality"]
    return (
        readings.append_column("metric_code", codes)
        .join(of_core, keys, join_type="left anti", use_threads=False)
        .select(readings.column_names)
    )


def _batches(loads: Sequence[ValidatedLoad], sources: Sequence[Path]) -> Iterator[tuple[pa.RecordBatch, UUID]]:
    for one, source in zip(loads, sources, strict=True):
        for batch in read_stream(source):
            yield batch, one.load_id


def _with_load_id(batch: pa.RecordBatch, load_id: UUID) -> pa.Table:
    ids = pa.repeat(pa.scalar(load_id.bytes, pa.binary(16)), len(batch))
    return pa.table([ids, *batch.columns], names=_IN_CORE.names).cast(_IN_CORE)


def _chunks(loads: Sequence[ValidatedLoad], sources: Sequence[Path]) -> Iterator[pa.Table]:
    """Give the readings of all loads in tables of about so many as are compared at once."""
    some: list[pa.Table] = []
    for batch, load_id in _batches(loads, sources):
        some.append(_with_load_id(batch, load_id))
        if sum(len(table) for table in some) >= _COMPARED_AT_ONCE:
            yield pa.concat_tables(some)
            some = []
    if some:
        yield pa.concat_tables(some)


class _Span(NamedTuple):
    first_time: datetime | None
    last_time: datetime | None


def _span(loads: Sequence[ValidatedLoad]) -> _Span:
    first = [load.first_time for load in loads if load.first_time]
    last = [load.last_time for load in loads if load.last_time]
    return _Span(min(first, default=None), max(last, default=None))


async def _accepted(connection: Connection, load_id: UUID, settings: Settings) -> Path:
    """Return the spool's file of a load's accepted readings, restored from stage if it is not on this machine."""
    path = Spool(settings).accepted(load_id)
    if not path.exists():
        query, *values = sql("select_accepted", settings, load_id=load_id)
        with write_accepted_stream(path) as writer:
            async with connection.transaction():
                cursor = await connection.cursor(query, *values)
                while rows := await cursor.fetch(20_000):
                    writer.write(pa.RecordBatch.from_pylist([dict(row) for row in rows], ACCEPTED))
    return path


async def _upsert(connection: Connection, loads: Sequence[ValidatedLoad], settings: Settings) -> list[MergeCounts]:
    meters = await connection.fetchval(
        sql.text("select_load_meters", settings), [one.load_id for one in loads], _MOST_METERS_TO_NAME + 1
    )
    named = meters if meters and len(meters) <= _MOST_METERS_TO_NAME else None
    span = _span(loads)
    await connection.execute("analyze incoming")
    await connection.execute(sql.text("create_due", settings))
    await connection.execute(sql.text("insert_due", settings), *span, named)
    await connection.execute("analyze due")
    rows = await connection.fetch(sql.text("upsert_readings", settings), *span, settings.default_tz, named)
    written = {row["load_id"]: (row["inserted"], row["updated"]) for row in rows}
    return [
        MergeCounts(one.load_id, inserted, updated, one.readings - inserted - updated)
        for one in loads
        for inserted, updated in [written.get(one.load_id, (0, 0))]
    ]


async def _finish(connection: Connection, merged: Sequence[MergeCounts], claim_key: int, settings: Settings) -> None:
    for counts in merged:
        await finish_load(connection, counts, claim_key, settings)
    await connection.execute(*sql("resolve_row_errors", settings, load_ids=[counts.load_id for counts in merged]))
