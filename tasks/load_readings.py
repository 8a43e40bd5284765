"""Load accepted readings into core: binary COPY into a temporary table, join-first upsert, one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.sql import statement

_COLUMNS = ["load_id", "time", "meter_id", "metric", "value", "quality"]
LOADS_LOCK = 7_402_611_956  # any number of our own
"""Held shared by each load, alone by a rollback, which must see all that the loads before it held."""
# Above so many meters a list of them costs more to compare than it saves in look-ups.
_MOST_METERS_TO_NAME = 2_000
# A hash join of a million readings stays in memory.
_WORK_MEM = "256MB"


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


class SharedReadingsError(TerminalError):
    """Two files of one group hold the same reading; loaded one by one, the later wins."""


async def find_parsed(connection: asyncpg.Connection, flow_run_id: UUID, settings: Settings) -> list[ParsedLoad]:
    """Find the loads of a run that are judged and not yet in core, in the order of their files."""
    rows = await connection.fetch(statement("find_parsed_loads", settings), flow_run_id)
    return [ParsedLoad(**row) for row in rows]


def accepted_spool(load_id: UUID, settings: Settings) -> Path:
    """Give the path of a load's accepted readings in PostgreSQL's binary COPY format."""
    return settings.state_dir / "spool" / f"{load_id}.pgcopy"


async def load(
    connection: asyncpg.Connection, loads: Sequence[ParsedLoad], claim_key: int, settings: Settings
) -> list[Loaded]:
    """Load a group of files in one transaction: all of it with the final log rows, or nothing.

    Replaced values go to `measurement_revisions`, changed building-days to `changed_days`.

    Raises:
        SharedReadingsError: files of the group hold the same reading; load them one by one.
        asyncpg.SerializationError: another load changed the same readings meanwhile; try again.

    """
    sources = [await _accepted(connection, one.load_id, settings) for one in loads]
    await connection.execute(
        statement("ensure_partitions", settings),
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
    if await connection.fetchval(statement("select_core_owner", settings)) != "dataops":
        return None  # its columns may be of other types than the binary files
    load_ids = [one.load_id for one in loads]
    if await connection.fetchval(statement("has_readings", settings), load_ids, *_span(loads)):
        return None
    try:
        async with connection.transaction():
            await connection.execute(statement("allow_decompression", settings))
            for source in sources:
                await _copy(connection, source, into="measurements", schema=settings.core_schema)
            await connection.execute(statement("note_changed_days", settings), load_ids, settings.default_tz)
            done = [Loaded(one.load_id, one.readings, 0, 0) for one in loads]
            await _finish(connection, done, claim_key, settings)
    except asyncpg.UniqueViolationError:
        return None  # another load came between, or two files of the group hold the same reading
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
        await connection.execute(statement("allow_decompression", settings))
        await connection.execute(statement("create_incoming", settings))
        for source in sources:
            await _copy(connection, source, into="incoming", schema=None)
        await connection.execute("analyze incoming")
        if len(loads) > 1 and await connection.fetchval(statement("find_shared_reading", settings)):
            raise SharedReadingsError("файлы группы содержат одни и те же показания")
        done = await _upsert(connection, loads, settings)
        await _finish(connection, done, claim_key, settings)
    return done


async def _copy(connection: asyncpg.Connection, source: Path, *, into: str, schema: str | None) -> None:
    await connection.copy_to_table(into, schema_name=schema, source=source, columns=_COLUMNS, format="binary")


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
        await connection.copy_from_query(statement("select_accepted", settings), load_id, output=part, format="binary")
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
        statement("select_load_meters", settings), [one.load_id for one in loads], _MOST_METERS_TO_NAME + 1
    )
    named = meters if meters and len(meters) <= _MOST_METERS_TO_NAME else None
    span = _span(loads)
    await connection.execute(statement("create_due", settings))
    await connection.execute(statement("insert_due", settings), *span, named)
    await connection.execute("analyze due")
    rows = await connection.fetch(statement("upsert_readings", settings), *span, settings.default_tz, named)
    written = {row["load_id"]: (row["inserted"], row["updated"]) for row in rows}
    return [
        Loaded(one.load_id, inserted, updated, one.readings - inserted - updated)
        for one in loads
        for inserted, updated in [written.get(one.load_id, (0, 0))]
    ]


async def _finish(connection: asyncpg.Connection, done: Sequence[Loaded], claim_key: int, settings: Settings) -> None:
    for one in done:
        finished = await connection.fetchval(statement("finish_load", settings), *one, claim_key)
        if finished is None:
            raise TerminalError(f"загрузка {one.load_id} уже завершена или занята другим запуском")
    await connection.execute(statement("resolve_row_errors", settings), [one.load_id for one in done])
