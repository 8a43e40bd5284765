"""Stage a day's files: find them, claim each content, read its tables, and record every source row."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from schemas.errors import FileError
from schemas.mappings import SourceMapping, load_mappings, match_mapping
from schemas.problems import FileProblem
from schemas.settings import Settings
from tasks.ingest.claim_files import claim, log_unreadable
from tasks.ingest.find_files import RawFile, find_files, is_wanted, raw_file, source_file_of
from tasks.ingest.read_tables import read_tables
from tasks.ingest.stage_rows import Staged, stage_tables
from tasks.ingest.table_rows import RawTable
from tasks.ingest.unpack_archives import expand, is_archive
from tasks.warehouse.batches import BatchResult, batch_by_size
from tasks.warehouse.connection import Connection, Warehouse, is_transient
from tasks.warehouse.load_log import Run, fail_load
from tasks.warehouse.spool import Spool

_log = logging.getLogger("dataops.ingest")
_BYTES_A_ROW = 50
_NO_PROGRESS: Callable[[float], None] = lambda _: None  # noqa: E731


class Request(NamedTuple):
    """What a run wants of a day's folder."""

    only: list[str] | None = None
    """Paths below the day's folder; None: all that there are."""
    replay: bool = False
    """Also what is loaded already, once more."""

    def asks_for(self, path: str) -> bool:
        """Return True if a path, a file of the archive at the path, or the archive that it is in, is asked for."""
        return self.only is None or any(
            f"{path}/".startswith(f"{wanted}/") or f"{wanted}/".startswith(f"{path}/") for wanted in self.only
        )


class Ingest(NamedTuple):
    """The work of a day: batches of files, the mappings to read them with, and what cannot even be opened."""

    batches: list[list[RawFile]]
    mappings: list[SourceMapping]
    unreadable: BatchResult


async def prepare_ingest(run: Run, request: Request, warehouse: Warehouse) -> Ingest:
    """Find the files of the run's day that are asked for; what is left for the next run is said in the log.

    Raises:
        MappingError: a source mapping is wrong.

    """
    settings = warehouse.settings
    Spool(settings).delete_old(now=time.time())
    found = await find_files(run.business_date, settings, now=time.time())
    for name in found.growing:
        _log.warning("left for the next run, it still changes: %r", name)
    for name in found.unmarked:
        _log.warning("left for the next run, its marker is missing: %r", f"{name}{settings.ready_suffix}")
    for name in found.refused:
        _log.warning("not read, a link leads out of the day's folder: %r", name)
    files = [file for file in found.files if request.asks_for(file.relative_path)]
    if not files:
        _log.warning("no files for %s in %s", run.business_date, settings.day_folder(run.business_date))
    mappings = load_mappings(settings.sources_dir)
    unreadable = {name: error for name, error in found.unreadable.items() if request.asks_for(name)}
    if unreadable:
        async with warehouse.connect() as connection:
            for name, error in unreadable.items():
                _log.error("failed %r: %s", name, error)
                source_file = source_file_of(run.business_date, name)
                await log_unreadable(connection, run, settings, source_file=source_file, error=error)
    return Ingest(
        batches=list(batch_by_size(files, rows=lambda file: file.size_bytes // _BYTES_A_ROW)),
        mappings=mappings,
        unreadable=BatchResult(len(unreadable), {name: str(error) for name, error in unreadable.items()}),
    )


async def ingest_files(
    files: Sequence[RawFile],
    mappings: list[SourceMapping],
    run: Run,
    request: Request,
    warehouse: Warehouse,
    *,
    progress: Callable[[float], None] = _NO_PROGRESS,
) -> BatchResult:
    """Stage a batch of files; each that cannot be read fails alone.

    Raises:
        Exception: a transient one; what is staged stays so, and a new try goes on behind it.

    """
    settings = warehouse.settings
    failed: dict[str, str] = {}
    count = 0
    async with warehouse.connect() as connection:
        for file in files:
            with unpack(file, settings) as unpacked:
                if unpacked.left_out:
                    _log.warning(
                        "not read, FILE_PATTERNS leaves them out: %r in %r", unpacked.left_out, file.source_file
                    )
                for member in unpacked.files:
                    if not request.asks_for(member.source_file.partition("/")[2]):
                        continue
                    count += 1
                    mapping = unpacked.broken.get(member.source_file) or _find_mapping(member, mappings)
                    error = await _ingest_file(
                        connection, member, mapping, run, settings, replay=request.replay, progress=progress
                    )
                    if error:
                        failed[member.source_file] = str(error)
    return BatchResult(count, failed)


class Unpacked(NamedTuple):
    """What is to be loaded of a file."""

    files: list[RawFile]
    """Of an archive each file in it, to be loaded as a file of its own; of another file itself."""
    left_out: list[str]
    """Names in an archive that FILE_PATTERNS leaves out."""
    broken: dict[str, FileError]
    """Why one of `files` cannot be read whatever its mapping: an archive that is damaged, or inside another."""


@contextmanager
def unpack(file: RawFile, settings: Settings) -> Iterator[Unpacked]:
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
        nested = {
            member.source_file: FileError(FileProblem.NESTED_ARCHIVE)
            for member in files
            if _is_archive(member, settings)
        }
        yield Unpacked(files, [member.name for member in members if member not in wanted], nested)


def _is_archive(file: RawFile, settings: Settings) -> bool:
    try:
        return is_archive(file.path, settings)
    except FileError:  # reading it says why
        return False


def _find_mapping(file: RawFile, mappings: list[SourceMapping]) -> SourceMapping | FileError:
    """Find the file's mapping; what is wrong with it is said after the claim, so that the log has it."""
    try:
        return match_mapping(mappings, file.relative_path)
    except FileError as error:
        return error


async def _ingest_file(
    connection: Connection,
    file: RawFile,
    mapping: SourceMapping | FileError,
    run: Run,
    settings: Settings,
    *,
    replay: bool,
    progress: Callable[[float], None],
) -> FileError | None:
    identity = mapping.path_identity(file.relative_path) if isinstance(mapping, SourceMapping) else None
    claimed = await claim(connection, run, file, settings, identity=identity, replay=replay)
    if claimed.skipped_as or claimed.is_staged:
        _log.info("skipped %r: %s", file.source_file, claimed.message or "already staged by this run")
        return None
    try:
        if isinstance(mapping, FileError):
            raise mapping  # noqa: TRY301 - what is wrong with the file's mapping fails it like what is wrong inside it
        tables = read_tables(file.path, mapping, relative_path=file.relative_path, settings=settings)
        watched = (RawTable(table.schema, _watch(table.batches, file, progress)) for table in tables)
        staged: Staged = await stage_tables(
            connection, claimed.load_id, file.source_file, watched, settings, source=mapping.name
        )
    except Exception as error:
        if connection.is_closed() or is_transient(error):
            raise
        # Also a mistake of ours: the day's other files must not wait until it is fixed.
        failure = FileError.of(error, step="чтение")
        _log.error("failed %r: %s", file.source_file, failure, exc_info=failure is not error)
        await fail_load(connection, claimed.load_id, failure, settings)
        return failure
    _log.info("staged %r: %d rows, load_id %s", file.source_file, staged.raw_rows, claimed.load_id)
    return None


def _watch(
    batches: Iterator[pa.RecordBatch], file: RawFile, progress: Callable[[float], None]
) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in batches:
        yield batch
        done += batch.nbytes
        progress(done / max(file.size_bytes, 1))
