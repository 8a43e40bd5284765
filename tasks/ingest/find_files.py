"""Find the raw files of a day, and leave alone what is still being written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from schemas.errors import FileError
from schemas.problems import FileProblem, Kind
from schemas.settings import Settings, date_of_folder
from schemas.source_files import day_and_path, source_file_of, spell, unspell
from tasks.ingest.detect_kind import kind_of_special
from tasks.warehouse.storage import LOCAL, FileStat

_NEVER = ("~$*", ".*", "*.part", "*.tmp")


class FoundFile(NamedTuple):
    """A file of a day's folder; its content may still change until it is read."""

    path: Path
    relative_path: str
    """Below the day's folder, with `/`, as `schemas/source_files.py` spells it: what mappings are matched with."""
    source_file: str
    """As the load log names it (`schemas/source_files.py`)."""
    size_bytes: int
    file_stat: str | None = None
    """What the system says of it (`FileStat.key`)."""


class RawFile(NamedTuple):
    """A file to read: where it is, and its content by checksum and size."""

    path: Path
    """Of a run's file its own copy, or what it has unpacked: nobody else writes there."""
    relative_path: str
    source_file: str
    checksum: str
    """SHA-256 of the content, hexadecimal."""
    size_bytes: int
    kind: Kind | None = None
    """What its content is, where somebody has looked."""
    file_stat: str | None = None
    """What the system said of it before it was read; None: it is out of an archive."""


class DayFiles(NamedTuple):
    """The contents of a day's folder."""

    files: list[FoundFile]
    growing: list[str]
    """Relative paths of files that still change; they are left for the next run."""
    never_read: dict[str, FileError]
    """Relative paths of what is no file of the folder, or what FILE_PATTERNS leaves out → why."""
    unmarked: list[str]
    """Relative paths of files without the marker that READY_SUFFIX demands; they are left, too."""
    unreadable: dict[str, FileError]
    """Relative paths of files and folders that the system does not let us read → why."""


async def find_files(day: date, settings: Settings, *, now: float) -> DayFiles:
    """Find a day's files in a stable order; wait at most FILE_SETTLE_SEC for fresh ones to settle.

    A file that is fresh is looked at twice: changed in between, it is left for the next run.
    """
    folder = settings.day_folder(day)
    ready, unmarked, never_read, unreadable = _sort_out(folder, settings)
    growing = await _find_growing(ready, settings, now=now)
    return DayFiles(
        files=[
            FoundFile(file, path := _below(folder, file), source_file_of(day, path), stat.size_bytes, stat.key)
            for file, stat in ready.items()
            if stat and file not in growing
        ],
        growing=[_below(folder, file) for file in sorted(growing)],
        never_read={_below(folder, path): error for path, error in never_read.items()},
        unmarked=[_below(folder, file) for file in unmarked],
        unreadable={_below(folder, path): error for path, error in unreadable.items()},
    )


def find_outside(settings: Settings) -> dict[str, FileError]:
    """Return what lies in RAW_DIR beside the days' folders, as the load log names it → why it is not read."""
    if date_of_folder(settings.raw_dir):
        return {}
    return {
        spell(path.name): FileError(FileProblem.NOT_A_DAY_FOLDER)
        if is_folder
        else FileError(FileProblem.NOT_IN_DAY_FOLDER)
        for path, is_folder in LOCAL.list_folder(settings.raw_dir).items()
        if not _is_temporary(path.name) and not (is_folder and date_of_folder(path))
    }


class _Contents(NamedTuple):
    """What is in a day's folder; see DayFiles."""

    ready: dict[Path, FileStat | None]
    """None: moved away since the folder was listed."""
    unmarked: list[Path]
    never_read: dict[Path, FileError]
    unreadable: dict[Path, FileError]


def _sort_out(folder: Path, settings: Settings) -> _Contents:
    """Sort the contents of a folder without opening any file."""
    listing = LOCAL.look_into(folder)
    found = _Contents({}, [], {}, {})
    for link in listing.linked_folders:
        found.never_read[link] = FileError(FileProblem.NOT_A_FILE, kind=Kind.LINK_TO_FOLDER)
    for path, error in listing.closed_folders.items():
        found.unreadable[path] = FileError(FileProblem.FOLDER_NOT_READABLE, error=error.strerror)
    for file in listing.files:
        if _is_temporary(file.name) or _is_marker(file.name, settings):
            continue
        try:
            if why := _why_never_read(file, folder, settings):
                found.never_read[file] = why
            elif not _is_marked(file, settings):
                found.unmarked.append(file)
            else:
                found.ready[file] = LOCAL.stat(file)
        except OSError as error:
            found.unreadable[file] = FileError(FileProblem.NOT_READABLE, error=error.strerror)
    return found


def _why_never_read(file: Path, folder: Path, settings: Settings) -> FileError | None:
    """Return why something in the folder is no file to read; None: it is one, or has just been moved away."""
    if kind := kind_of_special(file):
        return FileError(FileProblem.NOT_A_FILE, kind=kind)
    if file.is_symlink() and not LOCAL.is_inside(file, folder):
        return FileError(FileProblem.LINK_LEADS_OUT)
    return None if is_wanted(file.name, settings) else FileError(FileProblem.NOT_IN_PATTERNS)


async def _find_growing(files: Mapping[Path, FileStat | None], settings: Settings, *, now: float) -> set[Path]:
    """Look again at fresh files; those that have changed are still being written."""
    fresh = {file: stat for file, stat in files.items() if stat and now - stat.modified < settings.file_settle_sec}
    if fresh:
        await asyncio.sleep(settings.file_settle_sec)
    moved_away = {file for file, stat in files.items() if stat is None}
    return moved_away | {file for file, stat in fresh.items() if _has_changed(file, stat)}


def _below(folder: Path, path: Path) -> str:
    return spell(path.relative_to(folder).as_posix())


def is_wanted(name: str, settings: Settings) -> bool:
    """Return True if a file's name is one to read: FILE_PATTERNS, and never one that is still being written."""
    wanted = any(fnmatch(name.lower(), pattern.lower()) for pattern in settings.file_patterns)
    return wanted and not _is_temporary(name)


def _is_temporary(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in _NEVER)


def _is_marker(name: str, settings: Settings) -> bool:
    return settings.ready_suffix is not None and name.endswith(settings.ready_suffix)


def _is_marked(file: Path, settings: Settings) -> bool:
    return settings.ready_suffix is None or LOCAL.stat(file.with_name(file.name + settings.ready_suffix)) is not None


def _has_changed(file: Path, before: FileStat) -> bool:
    now = LOCAL.stat(file)
    return now is None or now.version != before.version


def raw_file(
    path: Path, *, relative_path: str, source_file: str, kind: Kind | None = None, checksum: str | None = None
) -> RawFile:
    """Return a file with its checksum, computed if it is not known, and its size.

    Raises:
        OSError: it is gone, or may not be read.

    """
    checksum = checksum or LOCAL.checksum(path)
    stat = LOCAL.stat(path)
    if stat is None:
        raise FileNotFoundError(path)
    return RawFile(path, relative_path, source_file, checksum, stat.size_bytes, kind)


def find_raw_file(source_file: str, settings: Settings) -> Path | None:
    """Find the file that the load log names, or the archive that it came in; None: it is gone."""
    day, path = day_and_path(source_file)
    folder = settings.day_folder(day)
    file = folder / unspell(path)
    candidates = (candidate for candidate in (file, *file.parents) if candidate.is_relative_to(folder))
    return next((candidate for candidate in candidates if LOCAL.is_inside(candidate, folder)), None)


def list_all_files(settings: Settings) -> list[Path]:
    """List the files of all days that FILE_PATTERNS wants, in a stable order."""
    return sorted(file for file in LOCAL.list_files(settings.raw_dir) if is_wanted(file.name, settings))
