"""Find the day's files, claim them, and record every source row in stage."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows.runtime.context import RETRY, PartResult, RunContext
from flows.runtime.progress import progress
from flows.runtime.warehouse import open_connection
from schemas.errors import FileError, RunFailedError
from schemas.mappings import SourceMapping, load_mappings, match_mapping
from schemas.settings import Settings, load_settings
from tasks.ingest.claim_files import claim, fail_load, log_unreadable
from tasks.ingest.find_files import RawFile, find_files, is_wanted, raw_file
from tasks.ingest.read_tables import read_tables
from tasks.ingest.stage_rows import Staged, clear_old_spool, stage_tables
from tasks.ingest.unpack_archives import expand, is_archive
from tasks.warehouse.batches import each, group
from tasks.warehouse.connection import is_transient

if TYPE_CHECKING:
    import asyncpg


@flow(name="ingest", flow_run_name="ingest/{context.day}", persist_result=True)
async def ingest(context: RunContext, only: list[str] | None = None, *, replay: bool = False) -> PartResult:
    """Stage every file of the day that is not loaded yet; a file that cannot be read fails alone.

    Args:
        context: The run.
        only: Paths below the day's folder; by default all there are.
        replay: Also what is loaded already, once more.

    Raises:
        RunFailedError: files that could not be read; the others are staged.

    """
    settings, log = load_settings(), get_run_logger()
    clear_old_spool(settings, now=time.time())
    found = await find_files(context.day, settings, now=time.time())
    for name in found.growing:
        log.warning("left for the next run, it still changes: %r", name)
    for name in found.unmarked:
        log.warning("left for the next run, its marker is missing: %r", f"{name}{settings.ready_suffix}")
    for name in found.refused:
        log.warning("not read, a link leads out of the day's folder: %r", name)
    files = [file for file in found.files if _is_asked_for(file.relative_path, only)]
    if not files:
        log.warning("no files for %s in %s", context.day, settings.day_folder(context.day))
    mappings = load_mappings(settings.sources_dir)
    failed = {name: why for name, why in found.unreadable.items() if _is_asked_for(name, only)}
    if failed:
        async with open_connection(settings) as connection:
            for name, why in failed.items():
                log.error("failed %r: %s", name, why)
                await log_unreadable(connection, context.run, settings, source_file=f"{context.day}/{name}", why=why)
    failed |= await each(
        group(files, rows=lambda file: file.size_bytes // 50),
        lambda some: ingest_files(some, mappings, context, only, replay=replay),
        at_once=settings.files_at_once,
    )
    if failed:
        raise RunFailedError.of(failed)
    return PartResult(loads=len(files))


@task(name="ingest-files", task_run_name="ingest {files[0].relative_path} …", cache_policy=NO_CACHE, **RETRY)
async def ingest_files(
    files: list[RawFile],
    mappings: list[SourceMapping],
    context: RunContext,
    only: list[str] | None = None,
    *,
    replay: bool = False,
) -> dict[str, str]:
    """Stage a group of files one by one; gives the failed ones with their reasons."""
    settings, log = load_settings(), get_run_logger()
    failed = {}
    async with open_connection(settings) as connection:
        for file in files:
            with unpacked(file, settings) as (members, left_out, broken):
                if left_out:
                    log.warning("not read, FILE_PATTERNS leaves them out: %r in %r", left_out, file.source_file)
                for member in members:
                    if not _is_asked_for(member.source_file.partition("/")[2], only):
                        continue
                    mapping = broken.get(member.source_file) or _mapping_of(member, mappings)
                    if reason := await _ingest_file(connection, member, mapping, context, settings, replay=replay):
                        failed[member.source_file] = reason
    return failed


def _is_asked_for(path: str, only: list[str] | None) -> bool:
    """Tell whether a path, or a file of the archive at the path, or the archive that it is of, is asked for."""
    return only is None or any(f"{path}/".startswith(f"{one}/") or f"{one}/".startswith(f"{path}/") for one in only)


_NESTED = "архив внутри архива: распакуйте его и передайте файлы"


class Unpacked(NamedTuple):
    """What is to be loaded of a file."""

    files: list[RawFile]
    """Of an archive each file in it, to be loaded as a file of its own; of another file itself."""
    left_out: list[str]
    """Names in an archive that FILE_PATTERNS leaves out."""
    broken: dict[str, FileError]
    """Why one of `files` cannot be read whatever its mapping: an archive that is damaged, or inside another."""


@contextmanager
def unpacked(file: RawFile, settings: Settings) -> Iterator[Unpacked]:
    """Unpack an archive for a while; for mappings it is the folder that it lies in, whose name gives codes."""
    with tempfile.TemporaryDirectory(prefix="dataops-") as folder:
        try:
            members = expand(file.path, Path(folder), settings) if is_archive(file.path, settings) else None
        except FileError as error:
            yield Unpacked([file], [], {file.source_file: error})
            return
        if members is None:
            yield Unpacked([file], [], {})
            return
        above = file.relative_path.rpartition("/")[0]
        wanted = [member for member in members if is_wanted(member.name.rpartition("/")[2], settings)]
        files = [
            raw_file(
                member.path,
                relative_path=f"{above}/{member.name}".lstrip("/"),
                source_file=f"{file.source_file}/{member.name}",
            )
            for member in wanted
        ]
        nested = {one.source_file: FileError(_NESTED) for one in files if _is_archive(one, settings)}
        yield Unpacked(files, [member.name for member in members if member not in wanted], nested)


def _is_archive(file: RawFile, settings: Settings) -> bool:
    try:
        return is_archive(file.path, settings)
    except FileError:  # reading it says why
        return False


async def _ingest_file(
    connection: asyncpg.Connection,
    file: RawFile,
    mapping: SourceMapping | FileError,
    context: RunContext,
    settings: Settings,
    *,
    replay: bool,
) -> str | None:
    log = get_run_logger()
    claimed = await claim(
        connection,
        context.run,
        settings,
        source_file=file.source_file,
        checksum=file.checksum,
        size_bytes=file.size_bytes,
        identity=mapping.path_identity(file.relative_path) if isinstance(mapping, SourceMapping) else None,
        replay=replay,
    )
    if claimed.skipped_because or claimed.is_staged:
        log.info("skipped %r: %s", file.source_file, claimed.skipped_because or "already staged by this run")
        return None
    try:
        async with progress(f"{file.relative_path}: чтение") as report:
            staged = await _stage(connection, claimed.load_id, file, mapping, settings, report)
    except FileError as error:
        log.error("failed %r: %s", file.source_file, error)  # noqa: TRY400 - the file is to blame, not a line of ours
        await fail_load(connection, claimed.load_id, str(error), settings)
        return str(error)
    except Exception as error:
        # Our own mistake: the day's other files must not wait until it is mended.
        if connection.is_closed() or is_transient(error):
            raise
        log.exception("failed %r", file.source_file)
        await fail_load(connection, claimed.load_id, f"чтение: {error}", settings)
        return f"чтение: {error}"
    log.info("staged %r: %d rows, load_id %s", file.source_file, staged.raw_rows, claimed.load_id)
    return None


async def _stage(
    connection: asyncpg.Connection,
    load_id: UUID,
    file: RawFile,
    mapping: SourceMapping | FileError,
    settings: Settings,
    report: Callable[[float], None],
) -> Staged:
    if isinstance(mapping, FileError):
        raise mapping
    tables = read_tables(file.path, mapping, relative_path=file.relative_path, settings=settings)
    watched = ((table.layout, _watched(table.batches, file, report)) for table in tables)
    return await stage_tables(connection, load_id, file.source_file, watched, settings, source=mapping.name)


def _mapping_of(file: RawFile, mappings: list[SourceMapping]) -> SourceMapping | FileError:
    """Find the file's mapping; what is wrong with it is told after the claim, so that it stands in the log."""
    try:
        return match_mapping(mappings, file.relative_path)
    except FileError as error:
        return error


def _watched(batches: Iterator[Any], file: RawFile, report: Callable[[float], None]) -> Iterator[Any]:
    done = 0
    for batch in batches:
        yield batch
        done += batch.nbytes
        report(done / max(file.size_bytes, 1))
