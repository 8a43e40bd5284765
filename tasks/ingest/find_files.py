"""Find the raw files of a day, leave alone what is still being written, and take their checksums."""

from __future__ import annotations

import asyncio
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings
from tasks.warehouse.storage import LOCAL, FileStat

_NEVER = ("~$*", ".*", "*.part", "*.tmp")


class RawFile(NamedTuple):
    """A file to read: where it is and what its bytes are."""

    path: Path
    relative_path: str
    """Below the day's folder, with `/`: what mappings are matched with."""
    source_file: str
    """As the load log names it: the day, then the relative path."""
    checksum: str
    """SHA-256 of the content, hexadecimal."""
    size_bytes: int


class DayFiles(NamedTuple):
    """What lies in a day's folder."""

    files: list[RawFile]
    growing: list[str]
    """Relative paths of files that still change; they are left for the next run."""
    refused: list[str]
    """Relative paths that lead out of the folder (links); never read."""
    unmarked: list[str]
    """Relative paths of files without the marker that READY_SUFFIX asks for; they are left, too."""
    unreadable: dict[str, FileError]
    """Relative paths of files that the system does not let us read → why."""


def source_file_of(day: date, relative_path: str) -> str:
    """Return the name of a file in the load log: the day, then the path below its folder."""
    return f"{day.isoformat()}/{relative_path}"


def day_and_path(source_file: str) -> tuple[date, str]:
    """Return the day and the path below its folder of a file that the load log names."""
    day, _, path = source_file.partition("/")
    return date.fromisoformat(day), path


async def find_files(day: date, settings: Settings, *, now: float) -> DayFiles:
    """Find a day's files in a stable order; waits at most FILE_SETTLE_SEC for fresh ones to settle.

    A file that is fresh is looked at twice: changed in between, it is left for the next run.
    """
    folder = settings.day_folder(day)
    wanted = [file for file in LOCAL.list_files(folder) if is_wanted(file.name, settings)]
    inside = [file for file in wanted if LOCAL.is_inside(file, folder)]
    ready = [file for file in inside if _is_marked(file, settings)]
    first = {file: stat for file in ready if (stat := LOCAL.stat(file))}
    fresh = [file for file, stat in first.items() if now - stat.modified < settings.file_settle_sec]
    if fresh:
        await asyncio.sleep(settings.file_settle_sec)
    growing = {file for file in fresh if _has_changed(file, first[file])}
    files, unreadable = [], {}
    for file in first:
        if file in growing:
            continue
        path = file.relative_to(folder).as_posix()
        try:
            files.append(
                await asyncio.to_thread(raw_file, file, relative_path=path, source_file=source_file_of(day, path))
            )
        except FileNotFoundError:  # moved away meanwhile
            growing.add(file)
        except OSError as error:
            unreadable[path] = FileError(FileProblem.NOT_READABLE, why=error.strerror)
    return DayFiles(
        files=files,
        growing=_below(folder, sorted(growing)),
        refused=_below(folder, [file for file in wanted if file not in set(inside)]),
        unmarked=_below(folder, [file for file in inside if file not in set(ready)]),
        unreadable=unreadable,
    )


def _below(folder: Path, files: list[Path]) -> list[str]:
    return [file.relative_to(folder).as_posix() for file in files]


def is_wanted(name: str, settings: Settings) -> bool:
    """Return True if a file's name is one to read: FILE_PATTERNS, and never one that is still being written."""
    wanted = any(fnmatch(name.lower(), pattern.lower()) for pattern in settings.file_patterns)
    return wanted and not any(fnmatch(name, pattern) for pattern in _NEVER)


def _is_marked(file: Path, settings: Settings) -> bool:
    return settings.ready_suffix is None or LOCAL.stat(file.with_name(file.name + settings.ready_suffix)) is not None


def _has_changed(file: Path, before: FileStat) -> bool:
    now = LOCAL.stat(file)
    return now is None or now.version != before.version


def raw_file(path: Path, *, relative_path: str, source_file: str) -> RawFile:
    """Take a file's checksum and size.

    Raises:
        OSError: it is gone, or may not be read.

    """
    checksum = LOCAL.checksum(path)
    stat = LOCAL.stat(path)
    if stat is None:
        raise FileNotFoundError(path)
    return RawFile(path, relative_path, source_file, checksum, stat.size_bytes)


def find_raw_file(source_file: str, settings: Settings) -> Path | None:
    """Find the file that the load log names, or the archive that it came in; None: it is gone."""
    day, path = day_and_path(source_file)
    folder = settings.day_folder(day)
    file = folder / path
    candidates = (candidate for candidate in (file, *file.parents) if candidate.is_relative_to(folder))
    return next((candidate for candidate in candidates if LOCAL.is_inside(candidate, folder)), None)
