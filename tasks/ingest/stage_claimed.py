"""Read claimed files and stage them: small ones together, and each that cannot be read fails alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple
from uuid import UUID

from schemas.errors import FileError
from schemas.mappings import Mappings, SourceMapping
from schemas.problems import FileProblem, Kind, Language, Step
from schemas.reasons import Reason
from schemas.settings import Settings
from tasks.ingest.find_files import RawFile
from tasks.ingest.read_tables import FileTables, find_fitting, read_tables, sheets_of
from tasks.ingest.read_workbook import WantedSheets, Workbook, open_workbooks
from tasks.ingest.stage_rows import FileToStage, stage_files
from tasks.warehouse.batches import BatchResult, Progress, concerns_the_run, together_or_each_alone
from tasks.warehouse.connection import Connection
from tasks.warehouse.file_errors import FileRowError, insert_file_errors
from tasks.warehouse.load_log import Run, fail_load

_log = logging.getLogger("dataops.ingest")
_MAX_READ_AHEAD_BYTES = 4 << 20
"""Of a file that is read whole before it is staged with others; a larger one is streamed."""
_MAX_HELD_BYTES = 64 << 20
"""Of all files of a batch that wait to be staged; what comes behind them is streamed, too."""
_OF_OTHER_COLUMNS = {
    *(FileProblem.HEADER_NOT_FOUND, FileProblem.COLUMN_MISSING, FileProblem.COLUMN_RENAMED),
    FileProblem.COLUMN_DOUBLED,
}
_OF_COLUMNS = {*_OF_OTHER_COLUMNS, FileProblem.NO_MAPPING_NO_HEADER, FileProblem.UNIT_DIFFERS}


class ClaimedFile(NamedTuple):
    """A file that the run has claimed."""

    load_id: UUID
    raw: RawFile
    mapping: SourceMapping | FileError
    """The mapping that takes it, or why it cannot be read."""


class _Opened(NamedTuple):
    """A claimed file, opened with its mapping."""

    file: ClaimedFile
    tables: FileTables | None
    """None: it has no mapping."""
    error: Exception | None = None
    """Why it cannot be read."""
    is_read: bool = False
    """Whether its rows are in memory."""
    size_bytes: int = 0
    """Of these rows."""


async def stage_claimed(
    connection: Connection,
    files: Sequence[ClaimedFile],
    mappings: Mappings,
    run: Run,
    settings: Settings,
    *,
    progress: Progress,
) -> BatchResult:
    """Stage a batch of claimed files.

    Raises:
        Exception: a transient one, which a new try may cure.

    """
    total = max(sum(file.raw.size_bytes for file in files), 1)

    async def stage(together: Sequence[_Opened]) -> None:
        ready = [
            FileToStage(opened.file.load_id, opened.file.raw.source_file, opened.tables)
            for opened in together
            if opened.tables is not None
        ]
        rows = await stage_files(connection, ready, run, settings, progress=lambda done: progress(done / total))
        if len(ready) == 1:
            _log.info("staged %r: %d rows, load_id %s", ready[0].source_file, rows, ready[0].load_id)
        else:
            _log.info("staged %d files: %d rows", len(ready), rows)

    async def fail(opened: _Opened, error: Exception) -> BatchResult:
        return await _fail(connection, opened, error, mappings, run, settings)

    opened = await asyncio.to_thread(_open_all, files, settings)
    results = [await fail(file, file.error) for file in opened if file.error]
    readable = [file for file in opened if not file.error]
    batches = [[file for file in readable if file.is_read], *([file] for file in readable if not file.is_read)]
    results += [await together_or_each_alone(batch, stage, fail) for batch in batches if batch]
    return BatchResult.of(results)


def _open_all(files: Sequence[ClaimedFile], settings: Settings) -> list[_Opened]:
    """Open files; of several each is read, unless it is large."""
    if len(files) == 1:
        return [_open(files[0], settings)]
    wanted = [
        WantedSheets(file.raw.path, sheets_of(file.mapping))
        for file in files
        if isinstance(file.mapping, SourceMapping) and _is_workbook(file)
    ]
    with closing(open_workbooks(wanted, settings)) as books:
        opened = []
        room = _MAX_HELD_BYTES
        for file in files:
            book = next(books) if _is_workbook(file) else None
            opened.append(_read_ahead(file, book, min(room, _MAX_READ_AHEAD_BYTES), settings))
            room -= opened[-1].size_bytes
        return opened


def _is_workbook(file: ClaimedFile) -> bool:
    return isinstance(file.mapping, SourceMapping) and file.mapping.kind is None and file.raw.kind is Kind.WORKBOOK


def _read_ahead(file: ClaimedFile, book: Workbook | FileError | None, max_bytes: int, settings: Settings) -> _Opened:
    """Read a file into memory; a large one is opened, to be read when it is staged."""
    opened = _open(file, settings, book)
    if opened.tables is None:
        return opened
    try:
        size = opened.tables.read_ahead(max_bytes)
    except Exception as error:
        if concerns_the_run(error):
            raise
        return opened._replace(error=error)
    return _open(file, settings) if size is None else opened._replace(is_read=True, size_bytes=size)


def _open(file: ClaimedFile, settings: Settings, book: Workbook | FileError | None = None) -> _Opened:
    if isinstance(file.mapping, FileError):
        return _Opened(file, None, file.mapping)
    raw = file.raw
    try:
        tables = read_tables(
            raw.path, file.mapping, relative_path=raw.relative_path, settings=settings, kind=raw.kind, book=book
        )
    except Exception as error:
        if concerns_the_run(error):
            raise
        return _Opened(file, None, error)
    return _Opened(file, tables)


async def _fail(
    connection: Connection, opened: _Opened, error: Exception, mappings: Mappings, run: Run, settings: Settings
) -> BatchResult:
    """Log that a file failed and why; also a bug of ours: the others must not wait until it is fixed."""
    load_id, raw, _ = opened.file
    failure = describe_unread(await asyncio.to_thread(_name_other_mappings, error, opened.file, mappings, settings))
    is_bug = failure.problem is FileProblem.INTERNAL_ERROR
    _log.error("failed %r: %s", raw.source_file, failure.describe(Language.ENGLISH), exc_info=error if is_bug else None)
    async with connection.transaction():
        await fail_load(connection, load_id, failure, run.claim_key, settings)
        await insert_file_errors(connection, {load_id: _header_errors(failure, opened.tables)}, settings)
    return BatchResult(1, {raw.source_file: str(failure)})


def describe_unread(error: Exception) -> FileError:
    """Return why a file cannot be read, as the load log shows it."""
    if isinstance(error, FileNotFoundError):
        return FileError(FileProblem.VANISHED)
    if isinstance(error, OSError):
        return FileError(FileProblem.NOT_READABLE, error=error.strerror)
    return FileError.of(error, step=Step.INGEST)


def _header_errors(failure: FileError, tables: FileTables | None) -> list[FileRowError]:
    """Return the row error of a header that fails its file."""
    reason = Reason.UNKNOWN_UNIT if failure.problem is FileProblem.UNIT_DIFFERS else Reason.MISSING_COLUMN
    if tables is None or failure.problem not in _OF_COLUMNS:
        return []
    data = {name: str(value) for name, value in failure.data.items()}
    column = data.pop("column", None) or data.pop("columns")
    found = next((data[name] for name in ("unit", "present", "columns") if name in data), None)
    return [FileRowError(reason, str(failure), tables.header_line, tables.sheet, column, found)]


def _name_other_mappings(error: Exception, file: ClaimedFile, mappings: Mappings, settings: Settings) -> Exception:
    """Say of a file that only the last resort has taken which mapping fits it but for its name."""
    is_last_resort = isinstance(file.mapping, SourceMapping) and file.mapping.fallback
    if not is_last_resort or not isinstance(error, FileError) or error.problem not in _OF_OTHER_COLUMNS:
        return error
    fitting = find_fitting(file.raw.path, [other for other in mappings.usable if not other.fallback], settings)
    if fitting:
        return FileError(FileProblem.FITS_BUT_FOR_NAME, mappings=", ".join(other.name for other in fitting))
    if error.problem is FileProblem.HEADER_NOT_FOUND:
        return FileError(FileProblem.NO_MAPPING_NO_HEADER, columns=error.data["columns"])
    return error
