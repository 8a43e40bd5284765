"""Load accepted readings into core: binary COPY of what is new or different, join-first upsert, one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import TerminalError
from schemas.readings import ACCEPTED, METRIC_NAMES
from schemas.settings import Settings
from tasks.warehouse.copy import copy_table, copy_tables
from tasks.warehouse.statements import SHARED, Statements

sql = Statements(__file__)

_IN_CORE = pa.schema(
    [
        ("load_id", pa.binary(16)),
        *((field.name, field.type) for field in ACCEPTED.set(2, pa.field("metric", pa.string()))),
    ]
)
LOADS_LOCK = 7_402_611_956  # any number of our own
"""Held shared by each load, alone by a rollback, which must see all that the loads before it held."""
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


class ParsedLoad(NamedTuple):
    """A load that is judged and waits to be loaded."""

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


class Loaded(NamedTuple):
    """What one load did to core, in readings."""

    load_id: UUID
    inserted: int
    updated: int
    unchanged: int


async def find_parsed(connection: asyncpg.Connection, flow_run_id: UUID, settings: Settings) -> list[ParsedLoad]:
    """Find the loads of a run that are judged and not yet in core, in the order of their files."""
    rows = await connection.fetch(sql.text("find_parsed_loads", settings), flow_run_id)
    return [ParsedLoad(**row) for row in rows]


def accepted_spool(load_id: UUID, settings: Settings) -> Path:
    """Give the path of a load's accepted readings, an Arrow stream of the schema ACCEPTED."""
    return settings.state_dir / "spool" / f"{load_id}.accepted"


async def load(
    connection: asyncpg.Connection, loads: Sequence[ParsedLoad], claim_key: int, settings: Settings
) -> list[Loaded]:
    """Load a group of files in one transaction: all of it with the final log rows, or nothing.

    Files that share readings are loaded one by one: only so the later one's values stand.

    Replaced values go to `measurement_revisions`, changed building-days to `changed_days`.

    Raises:
        asyncpg.SerializationError: another load changed the same readings meanwhile; try again.

    """
    sources = [await _accepted(connection, one.load_id, settings) for one in loads]
    await connection.execute(
        sql.text("ensure_partitions", settings),
        *([one.load_id for one in loads], settings.default_tz, settings.chunk_days),
    )
    async with _checksum_locks(connection, loads):
        done = await _load_new(connection, loads, sources, claim_key, settings)
        if done is None:
            done = await _load_among_others(connection, loads, sources, claim_key, settings)
    for source in sources:
        source.unlink(missing_ok=True)
    return done


async def _load_new(
    connection: asyncpg.Connection,
    loads: Sequence[ParsedLoad],
    sources: Sequence[Path],
    claim_key: int,
    settings: Settings,
) -> list[Loaded] | None:
    """Copy straight into core where it has nothing of these meters and times yet; None: it has."""
    if await connection.fetchval(SHARED.text("select_core_owner", settings)) != "dataops":
        return None  # its columns may be of other types than the binary files
    load_ids = [one.load_id for one in loads]
    if await connection.fetchval(sql.text("has_readings", settings), load_ids, *_span(loads)):
        return None
    try:
        async with connection.transaction():
            await connection.execute(sql.text("allow_decompression", settings))
            readings = (_with_load_id(batch, one) for batch, one in _batches(loads, sources))
            await copy_tables(connection, readings, of=_IN_CORE, into="measurements", schema=settings.core_schema)
            await connection.execute(sql.text("note_changed_days", settings), load_ids, settings.default_tz)
            done = [Loaded(one.load_id, one.readings, 0, 0) for one in loads]
            await _finish(connection, done, claim_key, settings)
    except asyncpg.UniqueViolationError:
        return None  # another load came between
    return done


async def _load_among_others(
    connection: asyncpg.Connection,
    loads: Sequence[ParsedLoad],
    sources: Sequence[Path],
    claim_key: int,
    settings: Settings,
) -> list[Loaded]:
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
            else [Loaded(one.load_id, 0, 0, one.readings) for one in loads]
        )
        await _finish(connection, done, claim_key, settings)
    return done


async def _unequal(
    connection: asyncpg.Connection, loads: Sequence[ParsedLoad], sources: Sequence[Path], settings: Settings
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


async def _stored(connection: asyncpg.Connection, readings: pa.Table, settings: Settings) -> np.ndarray:
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


def _batches(loads: Sequence[ParsedLoad], sources: Sequence[Path]) -> Iterator[tuple[pa.RecordBatch, UUID]]:
    for one, source in zip(loads, sources, strict=True):
        with pa.OSFile(str(source)) as file, pa.ipc.open_stream(file) as batches:
            for batch in batches:
                yield batch, one.load_id


def _with_load_id(batch: pa.RecordBatch, load_id: UUID) -> pa.Table:
    ids = pa.repeat(pa.scalar(load_id.bytes, pa.binary(16)), len(batch))
    return pa.table([ids, *batch.columns], names=_IN_CORE.names).cast(_IN_CORE)


def _chunks(loads: Sequence[ParsedLoad], sources: Sequence[Path]) -> Iterator[pa.Table]:
    """Give the readings of all loads in tables of about so many as are compared at once."""
    some: list[pa.Table] = []
    for batch, load_id in _batches(loads, sources):
        some.append(_with_load_id(batch, load_id))
        if sum(len(table) for table in some) >= _COMPARED_AT_ONCE:
            yield pa.concat_tables(some)
            some = []
    if some:
        yield pa.concat_tables(some)


def _span(loads: Sequence[ParsedLoad]) -> tuple[datetime | None, datetime | None]:
    first = [one.first_time for one in loads if one.first_time]
    last = [one.last_time for one in loads if one.last_time]
    return min(first, default=None), max(last, default=None)


async def _accepted(connection: asyncpg.Connection, load_id: UUID, settings: Settings) -> Path:
    """Give the load's accepted readings as a file, made again from stage if it is not on this machine."""
    spool = accepted_spool(load_id, settings)
    if not spool.exists():
        spool.parent.mkdir(parents=True, exist_ok=True)
        part = spool.with_suffix(".part")
        with pa.OSFile(str(part), "wb") as file, pa.ipc.new_stream(file, ACCEPTED) as stream:
            async with connection.transaction():
                cursor = await connection.cursor(sql.text("select_accepted", settings), load_id)
                while rows := await cursor.fetch(20_000):
                    stream.write_batch(pa.RecordBatch.from_pylist([dict(row) for row in rows], ACCEPTED))
        part.rename(spool)
    return spool


@asynccontextmanager
async def _checksum_locks(connection: asyncpg.Connection, loads: Sequence[ParsedLoad]) -> AsyncIterator[None]:
    """Hold the locks of the contents, taken before the transaction so that its snapshot is newer."""
    checksums = [one.checksum for one in loads if one.checksum]
    keys = sorted(int.from_bytes(bytes.fromhex(checksum)[:8], "big", signed=True) for checksum in checksums)
    await connection.execute("select pg_advisory_lock_shared($1)", LOADS_LOCK)
    await connection.fetch("select pg_advisory_lock(key) from unnest($1::bigint[]) as key", keys)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.fetch("select pg_advisory_unlock(key) from unnest($1::bigint[]) as key", keys)
            await connection.execute("select pg_advisory_unlock_shared($1)", LOADS_LOCK)


async def _upsert(connection: asyncpg.Connection, loads: Sequence[ParsedLoad], settings: Settings) -> list[Loaded]:
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
        Loaded(one.load_id, inserted, updated, one.readings - inserted - updated)
        for one in loads
        for inserted, updated in [written.get(one.load_id, (0, 0))]
    ]


async def _finish(connection: asyncpg.Connection, done: Sequence[Loaded], claim_key: int, settings: Settings) -> None:
    for one in done:
        finished = await connection.fetchval(sql.text("finish_load", settings), *one, claim_key)
        if finished is None:
            raise TerminalError(f"загрузка {one.load_id} уже завершена или занята другим запуском")
    await connection.execute(sql.text("resolve_row_errors", settings), [one.load_id for one in done])
