"""Stage a day's files: find them, claim each content, read its tables, and record every source row."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

from schemas.errors import FileError
from schemas.mappings import Mappings, SourceMapping, load_usable_mappings
from schemas.problems import FileProblem, Language, Step
from schemas.reasons import Reason
from schemas.settings import Settings
from schemas.source_files import day_and_path, member_of, source_file_of
from tasks.ingest.claim_files import Replay, claim, log_never_read, log_unreadable
from tasks.ingest.find_files import DayFiles, FoundFile, RawFile, find_files, find_outside
from tasks.ingest.read_tables import FileTables, find_fitting, read_tables
from tasks.ingest.stage_rows import stage_tables
from tasks.ingest.unpack_archives import Unpacked, own_copy, unpack
from tasks.warehouse.batches import BatchResult, Progress, batch_by_size, concerns_the_run, ignore_progress
from tasks.warehouse.connection import Connection, Warehouse
from tasks.warehouse.file_errors import FileRowError, insert_file_errors
from tasks.warehouse.load_log import Run, fail_load, find_idle_loads
from tasks.warehouse.spool import Spool

_log = logging.getLogger("dataops.ingest")
_BYTES_PER_ROW = 50
_OF_OTHER_COLUMNS = {
    *(FileProblem.HEADER_NOT_FOUND, FileProblem.COLUMN_MISSING, FileProblem.COLUMN_RENAMED),
    FileProblem.COLUMN_DOUBLED,
}
_OF_COLUMNS = {*_OF_OTHER_COLUMNS, FileProblem.NO_MAPPING_NO_HEADER, FileProblem.UNIT_DIFFERS}


class Request(NamedTuple):
    """Which files of a day's folder a run is to ingest."""

    only: list[str] | None = None
    """Paths below the day's folder; None: all."""
    replay: Replay | None = None
    """Also load content again that is loaded already, and how."""
    contents: Collection[str] | None = None
    """Checksums of the files to load; None: all."""

    def asks_for(self, path: str) -> bool:
        """Return True if a path, a file of the archive at that path, or the archive that it is in, is asked for."""
        return self.only is None or any(
            f"{path}/".startswith(f"{wanted}/") or f"{wanted}/".startswith(f"{path}/") for wanted in self.only
        )


class Ingest(NamedTuple):
    """The work of a day: batches of files, the mappings to read them with, and what cannot even be opened."""

    batches: list[list[FoundFile]]
    mappings: Mappings
    unreadable: BatchResult


async def prepare_ingest(run: Run, request: Request, warehouse: Warehouse) -> Ingest:
    """Find the files of the run's day that are asked for; log the names of those that are left for the next run.

    Raises:
        MappingError: there is no source mapping.

    """
    settings = warehouse.settings
    await _clear_spool(warehouse)
    day_files = await find_files(run.business_date, settings, now=time.time())
    _warn_of_files_left(day_files, settings)
    files = [file for file in day_files.files if request.asks_for(file.relative_path)]
    if not files:
        _log.warning("no files for %s in %s", run.business_date, settings.day_folder(run.business_date))
    mappings = load_usable_mappings(settings.sources_dir)

    def asked_for(found: Mapping[str, FileError]) -> dict[str, FileError]:
        return {source_file_of(run.business_date, path): found[path] for path in found if request.asks_for(path)}

    unreadable, never_read = asked_for(day_files.unreadable), asked_for(day_files.never_read)
    if request.only is None:
        never_read |= find_outside(settings)
    async with warehouse.connect() as connection:
        for name, error in unreadable.items():
            await log_unreadable(connection, run, settings, source_file=name, error=error)
        if never_read:
            await log_never_read(connection, run, settings, never_read)
    return Ingest(
        batches=list(batch_by_size(files, rows=lambda file: file.size_bytes // _BYTES_PER_ROW)),
        mappings=mappings,
        unreadable=BatchResult(len(unreadable), {name: str(error) for name, error in unreadable.items()}),
    )


async def _clear_spool(warehouse: Warehouse) -> None:
    """Delete what dead runs and failed loads have left."""
    spool = Spool(warehouse.settings)
    async with warehouse.connect() as connection:
        idle = await find_idle_loads(connection, spool.load_ids(), warehouse.settings)
    spool.delete(idle, now=time.time())


def _warn_of_files_left(day_files: DayFiles, settings: Settings) -> None:
    for name in day_files.growing:
        _log.warning("left for the next run, it still changes: %r", name)
    for name in day_files.unmarked:
        _log.warning("left for the next run, its marker is missing: %r", f"{name}{settings.ready_suffix}")


async def ingest_files(
    files: Sequence[FoundFile],
    mappings: Mappings,
    run: Run,
    request: Request,
    warehouse: Warehouse,
    *,
    progress: Progress = ignore_progress,
) -> BatchResult:
    """Stage a batch of files; each that cannot be read fails alone.

    Raises:
        Exception: a transient one; what is staged remains, and a new attempt goes on behind it.

    """
    settings = warehouse.settings
    failed: dict[str, str] = {}
    count = 0
    async with warehouse.connect() as connection:
        for file in files:
            async with _open(file, settings) as unpacked:
                if isinstance(unpacked, FileError):
                    count += 1
                    failed[file.source_file] = str(unpacked)
                    await log_unreadable(connection, run, settings, source_file=file.source_file, error=unpacked)
                    continue
                left_out = [member_of(file.source_file, name) for name in unpacked.left_out]
                if left_out:
                    never_read = dict.fromkeys(left_out, FileError(FileProblem.NOT_IN_PATTERNS))
                    await log_never_read(connection, run, settings, never_read)
                for member in unpacked.files:
                    if not request.asks_for(day_and_path(member.source_file)[1]):
                        continue
                    if request.contents is not None and member.checksum not in request.contents:
                        continue
                    count += 1
                    mapping = unpacked.broken.get(member.source_file) or _find_mapping(member, mappings, settings)
                    error = await _ingest_file(
                        connection, member, mapping, mappings, run, settings, replay=request.replay, progress=progress
                    )
                    if error:
                        failed[member.source_file] = str(error)
    return BatchResult(count, failed)


@asynccontextmanager
async def _open(file: FoundFile, settings: Settings) -> AsyncIterator[Unpacked | FileError]:
    """Yield what is to be loaded of a file, or why it cannot be read."""
    with ExitStack() as stack:
        opened: Unpacked | FileError
        try:
            opened = await asyncio.to_thread(stack.enter_context, unpack(file, settings))
        except OSError as error:
            if concerns_the_run(error):
                raise
            opened = _describe(error)
        yield opened


def _describe(error: Exception) -> FileError:
    """Return why a file cannot be read, as the load log shows it."""
    if isinstance(error, FileNotFoundError):
        return FileError(FileProblem.VANISHED)
    if isinstance(error, OSError):
        return FileError(FileProblem.NOT_READABLE, error=error.strerror)
    return FileError.of(error, step=Step.INGEST)


def _find_mapping(file: RawFile, mappings: Mappings, settings: Settings) -> SourceMapping | FileError:
    """Find the file's mapping; an error is raised only after the claim, so that the load log has it."""

    def fitting(others: Sequence[SourceMapping]) -> list[SourceMapping]:
        with own_copy(file) as path:
            return find_fitting(path, others, settings)

    try:
        return mappings.match(file.relative_path, fitting)
    except (FileError, OSError) as error:
        if concerns_the_run(error):
            raise
        return _describe(error)


async def _ingest_file(
    connection: Connection,
    file: RawFile,
    mapping: SourceMapping | FileError,
    mappings: Mappings,
    run: Run,
    settings: Settings,
    *,
    replay: Replay | None,
    progress: Progress,
) -> FileError | None:
    """Claim a file and stage it; return why it failed."""
    found = mapping if isinstance(mapping, SourceMapping) else None
    claimed = await claim(connection, run, file, settings, mapping=found, replay=replay)
    if claimed.skipped_as or claimed.is_staged:
        _log.info("skipped %r: %s", file.source_file, claimed.log_message or "already staged by this run")
        return None
    tables = None
    try:
        if isinstance(mapping, FileError):
            raise mapping  # noqa: TRY301 - a missing mapping fails the file just as its content does
        async with _copy_own(file) as path:
            tables = read_tables(path, mapping, relative_path=file.relative_path, settings=settings)
            with _naming_other_mappings(path, mapping, mappings.usable, settings):
                staged = await stage_tables(
                    connection,
                    claimed.load_id,
                    file.source_file,
                    tables,
                    run,
                    settings,
                    progress=lambda done: progress(done / max(file.size_bytes, 1)),
                )
    except Exception as error:
        if connection.is_closed() or concerns_the_run(error):
            raise
        # Also a bug of ours: the day's other files must not wait until it is fixed.
        failure = _describe(error)
        is_bug = failure.problem is FileProblem.INTERNAL_ERROR
        _log.error("failed %r: %s", file.source_file, failure.describe(Language.ENGLISH), exc_info=is_bug)
        async with connection.transaction():
            await fail_load(connection, claimed.load_id, failure, run.claim_key, settings)
            await insert_file_errors(connection, claimed.load_id, _header_errors(failure, tables), settings)
        return failure
    _log.info("staged %r: %d rows, load_id %s", file.source_file, staged.raw_rows, claimed.load_id)
    return None


def _header_errors(failure: FileError, tables: FileTables | None) -> list[FileRowError]:
    """Return the row error of a header that fails its file."""
    reason = Reason.UNKNOWN_UNIT if failure.problem is FileProblem.UNIT_DIFFERS else Reason.MISSING_COLUMN
    if tables is None or failure.problem not in _OF_COLUMNS:
        return []
    data = {name: str(value) for name, value in failure.data.items()}
    column = data.pop("column", None) or data.pop("columns")
    found = next((data[name] for name in ("unit", "present", "columns") if name in data), None)
    return [FileRowError(reason, str(failure), tables.header_line, tables.sheet, column, found)]


@contextmanager
def _naming_other_mappings(
    path: Path, mapping: SourceMapping, mappings: Sequence[SourceMapping], settings: Settings
) -> Iterator[None]:
    """Say of a file that only the last resort has taken which mapping fits it but for its name."""
    try:
        yield
    except FileError as error:
        if not mapping.fallback or error.problem not in _OF_OTHER_COLUMNS:
            raise
        fitting = find_fitting(path, [other for other in mappings if not other.fallback], settings)
        if fitting:
            names = ", ".join(other.name for other in fitting)
            raise FileError(FileProblem.FITS_BUT_FOR_NAME, mappings=names) from None
        if error.problem is FileProblem.HEADER_NOT_FOUND:
            raise FileError(FileProblem.NO_MAPPING_NO_HEADER, columns=error.data["columns"]) from None
        raise


@asynccontextmanager
async def _copy_own(file: RawFile) -> AsyncIterator[Path]:
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, own_copy(file))
