"""Stage all rows of a load once more from stage, for a file that no longer exists."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from schemas.errors import FileError, TerminalError
from schemas.load_states import LoadStatus
from schemas.mappings import SourceMapping, load_usable_mappings
from schemas.problems import FileRemark, Language
from schemas.settings import Settings
from schemas.source_files import day_and_path
from tasks.ingest.claim_files import Replay
from tasks.ingest.read_staged import open_staged
from tasks.ingest.stage_rows import FileToStage, stage_files
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import (
    LogRow,
    NewLoad,
    Run,
    StagedFile,
    fail_load,
    find_load,
    find_staging,
    finish_staging,
    insert_loads,
    new_load_id,
)
from tasks.warehouse.statements import SHARED, Statements

sql = Statements(__file__)
_log = logging.getLogger("dataops.ingest")


async def restage_loads(
    connection: Connection, load_ids: Sequence[UUID], run: Run, settings: Settings, *, replay: Replay
) -> BatchResult:
    """Stage all rows of loads again, as new loads; one that cannot be fails alone."""
    results = []
    for load_id in load_ids:
        try:
            results.append(await restage_load(connection, load_id, run, settings, replay=replay))
        except TerminalError as error:
            load = await find_load(connection, load_id, settings)
            results.append(BatchResult(1, {load.source_file if load else str(load_id): str(error)}))
    return BatchResult.of(results)


async def restage_load(
    connection: Connection, load_id: UUID, run: Run, settings: Settings, *, replay: Replay = "latest"
) -> BatchResult:
    """Stage all rows of a load again as a new load: as they were read, or, if the mapping has changed, read by it.

    Raises:
        TerminalError: there is no such load in core, or stage no longer has all of its rows.

    """
    async with connection.transaction():
        load = await _find(connection, load_id, settings)
        mapping = _find_mapping(load, settings, replay)
        new = NewLoad(
            load_id=new_load_id(time.time()),
            source_file=load.source_file,
            source=load.source,
            replaces_days=load.replaces_days,
            status=LoadStatus.RUNNING,
            checksum=load.checksum,
            size_bytes=load.size_bytes,
            identity=load.identity,
            replay_of=load_id,
            content_id=load.content_id,
            effective_at=await _find_place(connection, load, settings) if replay == "in place" else None,
            mapping_digest=load.mapping_digest,
        )
        if isinstance(mapping, SourceMapping):
            new = new._replace(
                source=mapping.name,
                replaces_days=bool(mapping.replaces),
                identity=mapping.path_identity(day_and_path(load.source_file)[1]),
                mapping_digest=mapping.digest,
            )
        try:
            await insert_loads(connection, run, [new], settings)
        except asyncpg.UniqueViolationError:
            raise TerminalError(
                f"{load.source_file!r} is being loaded by another run: replay it when that has ended"
            ) from None
        try:
            if isinstance(mapping, FileError):
                raise mapping
            async with connection.transaction():
                await _stage(connection, load, new, mapping, run, settings)
        except FileError as error:
            _log.error("failed %r: %s", load.source_file, error.describe(Language.ENGLISH))
            await fail_load(connection, new.load_id, error, run.claim_key, settings)
            return BatchResult(1, {load.source_file: str(error)})
    return BatchResult(1, {})


async def _find(connection: Connection, load_id: UUID, settings: Settings) -> LogRow:
    load = await find_load(connection, load_id, settings)
    if load is None or not load.ended_in_core:
        raise TerminalError(f"there is no finished load {load_id}: dataops status lists the last ones")
    if load.requeue_of:
        raise TerminalError(f"load {load_id} has only rows that waited in load {load.requeue_of}: replay that one")
    rows = await connection.fetchval(*sql("count_staged_rows", settings, load_id=load_id))
    if rows != load.raw_rows:
        raise TerminalError(
            f"stage has {rows} of the {load.raw_rows} rows of load {load_id}: "
            f"put the file {load.source_file!r} back below RAW_DIR and replay that"
        )
    return load


async def _find_place(connection: Connection, load: LogRow, settings: Settings) -> datetime | None:
    """Return the place of a load's content in the order of loads: that of the load that counts, which it may not be."""
    place: datetime | None = await connection.fetchval(
        *sql("select_place_of_content", settings, content_id=load.content_id)
    )
    return place or load.effective_at


def _find_mapping(load: LogRow, settings: Settings, replay: Replay) -> SourceMapping | FileError | None:
    """Find the mapping that takes a load's file now; one that goes by content takes those that it has taken.

    None: the one that read it is gone, and a person wants the load again: as it was read.
    """

    def fitting(mappings: Sequence[SourceMapping]) -> list[SourceMapping]:
        return [mapping for mapping in mappings if mapping.name == load.source]

    mappings = load_usable_mappings(settings.sources_dir)
    if replay == "latest" and not fitting(mappings.usable):
        return None
    try:
        return mappings.match(day_and_path(load.source_file)[1], fitting)
    except FileError as error:
        return error


async def _stage(
    connection: Connection, load: LogRow, new: NewLoad, mapping: SourceMapping | None, run: Run, settings: Settings
) -> None:
    if mapping and mapping.digest != load.mapping_digest:
        tables = await open_staged(connection, load, mapping, settings)
        await stage_files(connection, [FileToStage(new.load_id, load.source_file, tables)], run, settings)
        return
    staged = await find_staging(connection, load.load_id, settings)
    copied = {"load_ids": [new.load_id], "origins": [load.load_id]}
    await connection.execute(*SHARED("copy_raw_tables", settings, **copied))
    await connection.execute(*sql("copy_staged_rows", settings, load_id=new.load_id, origin=load.load_id))
    file = StagedFile(
        new.load_id,
        staged.tables,
        raw_rows=load.raw_rows,
        lines=None,
        source_lines=staged.source_lines,
        message=FileRemark.FROM_STAGE.format(load_id=load.load_id),
    )
    await finish_staging(connection, [file], run.claim_key, settings)
