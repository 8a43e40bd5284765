"""Find the day's files, claim them, and record every source row in stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.groups import group
from flows.progress import progress
from flows.run_context import RETRY, PartResult, RunContext
from flows.warehouse import open_connection
from schemas.errors import FileError, RunFailedError
from schemas.mappings import SourceMapping, load_mappings, match_mapping
from schemas.settings import Settings, load_settings
from tasks.claim_files import claim, fail_load
from tasks.find_files import RawFile, find_files
from tasks.read_files import read_tables
from tasks.stage_rows import clear_old_spool, stage_tables

if TYPE_CHECKING:
    import asyncpg


@flow(name="ingest", flow_run_name="ingest/{context.day}", persist_result=True)
async def ingest(context: RunContext) -> PartResult:
    """Stage every file of the day that is not loaded yet; a file that cannot be read fails alone.

    Raises:
        RunFailedError: files that could not be read; the others are staged.

    """
    settings, log = load_settings(), get_run_logger()
    clear_old_spool(settings, now=time.time())
    found = await find_files(context.day, settings, now=time.time())
    for name in found.growing:
        log.warning("left for the next run, it still changes: %r", name)
    for name in found.refused:
        log.warning("not read, a link leads out of the day's folder: %r", name)
    if not found.files:
        log.warning("no files for %s in %s", context.day, settings.day_folder(context.day))
    mappings = load_mappings(settings.sources_dir)
    failed: dict[str, str] = {}
    staged = 0
    for files in group(found.files, rows=lambda file: file.size_bytes // 50):
        failures = await ingest_files(files, mappings, context)
        failed |= failures
        staged += len(files) - len(failures)
    if failed:
        raise RunFailedError("; ".join(f"{name}: {why}" for name, why in failed.items()))
    return PartResult(loads=staged)


@task(name="ingest-files", task_run_name="ingest {files[0].relative_path} …", cache_policy=NO_CACHE, **RETRY)
async def ingest_files(files: list[RawFile], mappings: list[SourceMapping], context: RunContext) -> dict[str, str]:
    """Stage a group of files one by one; gives the failed ones with their reasons."""
    settings = load_settings()
    failed = {}
    async with open_connection(settings) as connection:
        for file in files:
            if reason := await _ingest_file(connection, file, mappings, context, settings):
                failed[file.source_file] = reason
    return failed


async def _ingest_file(
    connection: asyncpg.Connection,
    file: RawFile,
    mappings: list[SourceMapping],
    context: RunContext,
    settings: Settings,
) -> str | None:
    log = get_run_logger()
    mapping = _mapping_of(file, mappings)
    claimed = await claim(
        connection,
        context.run,
        settings,
        source_file=file.source_file,
        checksum=file.checksum,
        size_bytes=file.size_bytes,
        identity=mapping.path_identity(file.relative_path) if isinstance(mapping, SourceMapping) else None,
    )
    if claimed.skipped_because or claimed.is_staged:
        log.info("skipped %r: %s", file.source_file, claimed.skipped_because or "already staged by this run")
        return None
    try:
        if isinstance(mapping, FileError):
            raise mapping
        async with progress(f"{file.relative_path}: чтение") as report:
            tables = read_tables(file.path, mapping, relative_path=file.relative_path, settings=settings)
            watched = ((table.layout, _watched(table.batches, file, report)) for table in tables)
            staged = await stage_tables(
                connection, claimed.load_id, file.source_file, watched, settings, source=mapping.name
            )
    except FileError as error:
        log.error("failed %r: %s", file.source_file, error)  # noqa: TRY400 - the file is to blame, not a line of ours
        await fail_load(connection, claimed.load_id, str(error), settings)
        return str(error)
    log.info("staged %r: %d rows, load_id %s", file.source_file, staged.raw_rows, claimed.load_id)
    return None


def _mapping_of(file: RawFile, mappings: list[SourceMapping]) -> SourceMapping | FileError:
    """Find the file's mapping; what is wrong with it is told after the claim, so that it stands in the log."""
    try:
        mapping = match_mapping(mappings, file.relative_path)
    except FileError as error:
        return error
    return mapping


def _watched(batches: Iterator[Any], file: RawFile, report: Callable[[float], None]) -> Iterator[Any]:
    done = 0
    for batch in batches:
        yield batch
        done += batch.nbytes
        report(done / max(file.size_bytes, 1))
