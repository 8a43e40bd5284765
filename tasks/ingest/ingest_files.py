"""Stage a day's files: find them, claim each content, read its tables, and record every source row."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from schemas.errors import FileError
from schemas.mappings import Mappings, SourceMapping, load_usable_mappings
from schemas.problems import FileProblem
from schemas.settings import Settings
from schemas.source_files import day_and_path, member_of, source_file_of
from tasks.ingest.claim_files import Candidate, Replay, claim, log_never_read, log_unreadable
from tasks.ingest.find_files import DayFiles, FoundFile, RawFile, find_files, find_outside
from tasks.ingest.find_unchanged import Content, find_unchanged
from tasks.ingest.read_tables import find_fitting
from tasks.ingest.stage_claimed import ClaimedFile, describe_unread, stage_claimed
from tasks.ingest.unpack_archives import unpack
from tasks.warehouse.batches import BatchResult, Progress, batch_by_size, concerns_the_run, ignore_progress
from tasks.warehouse.connection import Connection, Warehouse
from tasks.warehouse.load_log import Run, find_idle_loads
from tasks.warehouse.spool import Spool
from tasks.warehouse.storage import LOCAL
from tasks.warehouse.temporary import temporary_folder

_log = logging.getLogger("dataops.ingest")
_BYTES_PER_ROW = 50


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
    async with warehouse.connect() as connection, _temporary_folder() as folder:
        left = _Unchanged(connection, mappings, run, settings, is_asked=request.replay is None)
        changed = await left.leave_out(files)
        opened = await asyncio.to_thread(_open, changed, left.contents, folder, request, settings)
        for name, error in opened.unreadable.items():
            await log_unreadable(connection, run, settings, source_file=name, error=error)
        if opened.left_out:
            never_read = dict.fromkeys(opened.left_out, FileError(FileProblem.NOT_IN_PATTERNS))
            await log_never_read(connection, run, settings, never_read)
        members = await left.leave_out_members(opened.files)
        found = await asyncio.to_thread(_find_mappings, members, opened.broken, mappings, settings)
        claimed = await _claim(connection, found, run, settings, replay=request.replay)
        staged = await stage_claimed(connection, claimed, mappings, run, settings, progress=progress)
    unreadable = {name: str(error) for name, error in opened.unreadable.items()}
    return BatchResult(len(unreadable) + len(members) + left.count, unreadable | staged.failed, left.count)


class _Unchanged:
    """Leaves out of a batch what is as it was when it was loaded."""

    def __init__(
        self, connection: Connection, mappings: Mappings, run: Run, settings: Settings, *, is_asked: bool
    ) -> None:
        self._connection = connection
        self._mappings = mappings
        self._run = run
        self._settings = settings
        self._is_asked = is_asked
        self.count = 0
        """How many files are left out of which the load log has no row of this run."""
        self.contents: Mapping[str, Content] = {}
        """What the files were that have been read, by their names in the load log."""

    async def leave_out(self, files: Sequence[FoundFile]) -> list[FoundFile]:
        """Return the files without those that are unchanged by what the system says of them, or by their checksums."""
        if self._is_asked and self._settings.trust_mtime:
            stats = {file.source_file: Content(file_stat=file.file_stat) for file in files if file.file_stat}
            unchanged = await self._find(stats)
            files = [file for file in files if file.source_file not in unchanged]
        if self._is_asked:
            self.contents = await asyncio.to_thread(_checksums_of, files)
            unchanged = await self._find(self.contents)
            files = [file for file in files if file.source_file not in unchanged]
        return [*files]

    async def leave_out_members(self, files: Sequence[RawFile]) -> list[RawFile]:
        """Return the files without those out of archives that are unchanged."""
        members = {file.source_file: Content(file.checksum) for file in files if file.file_stat is None}
        unchanged = await self._find(members) if self._is_asked else ()
        return [file for file in files if file.source_file not in unchanged]

    async def _find(self, contents: Mapping[str, Content]) -> Collection[str]:
        found = await find_unchanged(self._connection, self._run, contents, self._mappings, self._settings)
        self.count += found.number
        return found.names


def _checksums_of(files: Sequence[FoundFile]) -> dict[str, Content]:
    """Return the checksums of files; of one that cannot be read whoever opens it says why."""
    contents = {}
    for file in files:
        try:
            contents[file.source_file] = Content(LOCAL.checksum(file.path))
        except OSError as error:
            if concerns_the_run(error):
                raise
    return contents


@asynccontextmanager
async def _temporary_folder() -> AsyncIterator[Path]:
    with ExitStack() as stack:
        yield await asyncio.to_thread(stack.enter_context, temporary_folder())


class _Opened(NamedTuple):
    """What is to be loaded of some files."""

    files: list[RawFile]
    broken: dict[str, FileError]
    """Source file → why it cannot be read whatever its mapping."""
    left_out: list[str]
    """Names, as the load log has them, of what FILE_PATTERNS leaves out of archives."""
    unreadable: dict[str, FileError]
    """Source file → why the system does not let us read it."""


def _open(
    files: Sequence[FoundFile], contents: Mapping[str, Content], folder: Path, request: Request, settings: Settings
) -> _Opened:
    """Copy files, unpack archives, and compute the checksums of what is asked for; `contents` are what they were."""
    opened = _Opened([], {}, [], {})
    for number, file in enumerate(files):
        try:
            unpacked = unpack(file, folder / str(number), settings)
        except OSError as error:
            if concerns_the_run(error):
                raise
            opened.unreadable[file.source_file] = describe_unread(error)
            continue
        opened.left_out.extend(member_of(file.source_file, name) for name in unpacked.left_out)
        opened.broken.update(unpacked.broken)
        was = contents.get(file.source_file)
        if was and any(raw.source_file == file.source_file and raw.checksum != was.checksum for raw in unpacked.files):
            opened.broken[file.source_file] = FileError(FileProblem.CHANGED_WHILE_READ)
        opened.files.extend(
            member
            for member in unpacked.files
            if request.asks_for(day_and_path(member.source_file)[1])
            and (request.contents is None or member.checksum in request.contents)
        )
    return opened


class _File(NamedTuple):
    """A file, and the mapping that takes it, or why it cannot be read."""

    raw: RawFile
    mapping: SourceMapping | FileError


def _find_mappings(
    files: Sequence[RawFile], broken: Mapping[str, FileError], mappings: Mappings, settings: Settings
) -> list[_File]:
    return [_File(file, broken.get(file.source_file) or _find_mapping(file, mappings, settings)) for file in files]


async def _claim(
    connection: Connection, files: Sequence[_File], run: Run, settings: Settings, *, replay: Replay | None
) -> list[ClaimedFile]:
    """Claim files; return those that are to be read."""
    if not files:
        return []
    candidates = [
        Candidate(file.raw, file.mapping if isinstance(file.mapping, SourceMapping) else None) for file in files
    ]
    claims = await claim(connection, run, candidates, settings, replay=replay)
    skipped = [(file, claimed) for file, claimed in zip(files, claims, strict=True) if not claimed.is_new]
    for file, claimed in skipped:
        level = logging.INFO if len(files) == 1 else logging.DEBUG
        _log.log(level, "skipped %r: %s", file.raw.source_file, claimed.log_message or "already staged by this run")
    if skipped and len(files) > 1:
        _log.info("skipped %d of %d files", len(skipped), len(files))
    return [ClaimedFile(claimed.load_id, *file) for file, claimed in zip(files, claims, strict=True) if claimed.is_new]


def _find_mapping(file: RawFile, mappings: Mappings, settings: Settings) -> SourceMapping | FileError:
    """Find the file's mapping; an error is raised only after the claim, so that the load log has it."""
    try:
        return mappings.match(file.relative_path, lambda others: find_fitting(file.path, others, settings))
    except (FileError, OSError) as error:
        if concerns_the_run(error):
            raise
        return describe_unread(error)
