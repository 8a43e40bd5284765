"""Find the raw files of a day, leave alone what is still being written, and take their checksums."""

from __future__ import annotations

import asyncio
import hashlib
import os
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from schemas.settings import Settings

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


class Found(NamedTuple):
    """What lies in a day's folder."""

    files: list[RawFile]
    growing: list[str]
    """Relative paths of files that still change; they are left for the next run."""
    refused: list[str]
    """Relative paths that lead out of the folder (links); never read."""
    unmarked: list[str]
    """Relative paths of files without the marker that READY_SUFFIX asks for; they are left, too."""
    unreadable: dict[str, str]
    """Relative paths of files that the system does not let us read → why."""


class _Look(NamedTuple):
    size: int
    modified_ns: int


async def find_files(day: date, settings: Settings, *, now: float) -> Found:
    """Find a day's files in a stable order; waits at most FILE_SETTLE_SEC for fresh ones to settle.

    A file that is fresh is looked at twice: changed in between, it is left for the next run.
    """
    folder = settings.day_folder(day)
    inside, refused = _candidates(folder, settings)
    unmarked = [path for path in inside if not _is_marked(path, settings)]
    inside = [path for path in inside if path not in unmarked]
    first = {path: look for path in inside if (look := _look(path))}
    fresh = [path for path, look in first.items() if now - look.modified_ns / 1e9 < settings.file_settle_sec]
    if fresh:
        await asyncio.sleep(settings.file_settle_sec)
    growing = {path for path in fresh if _look(path) != first[path]}
    files, unreadable = [], {}
    for path in first:
        if path in growing:
            continue
        try:
            files.append(await asyncio.to_thread(_raw_file, path, folder, day))
        except FileNotFoundError:  # moved away meanwhile
            growing.add(path)
        except OSError as error:
            unreadable[path.relative_to(folder).as_posix()] = f"файл не открывается ({error.strerror}): проверьте права"
    return Found(
        files=files,
        growing=[path.relative_to(folder).as_posix() for path in sorted(growing)],
        refused=[path.relative_to(folder).as_posix() for path in refused],
        unmarked=[path.relative_to(folder).as_posix() for path in unmarked],
        unreadable=unreadable,
    )


def _candidates(folder: Path, settings: Settings) -> tuple[list[Path], list[Path]]:
    """Give the matching files below a folder and those that a link leads out of it."""
    root = folder.resolve()
    inside: list[Path] = []
    refused: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if is_wanted(name, settings):
                is_ours = path.is_file() and path.resolve().is_relative_to(root)
                (inside if is_ours else refused).append(path)
    return inside, refused


def is_wanted(name: str, settings: Settings) -> bool:
    """Tell whether a file's name is one to read: FILE_PATTERNS, and never one that is still being written."""
    wanted = any(fnmatch(name.lower(), pattern.lower()) for pattern in settings.file_patterns)
    return wanted and not any(fnmatch(name, pattern) for pattern in _NEVER)


def _is_marked(path: Path, settings: Settings) -> bool:
    return settings.ready_suffix is None or path.with_name(path.name + settings.ready_suffix).exists()


def _look(path: Path) -> _Look | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return _Look(stat.st_size, stat.st_mtime_ns)


def _raw_file(path: Path, folder: Path, day: date) -> RawFile:
    relative = path.relative_to(folder).as_posix()
    return raw_file(path, relative_path=relative, source_file=f"{day.isoformat()}/{relative}")


def raw_file(path: Path, *, relative_path: str, source_file: str) -> RawFile:
    """Take a file's checksum and size."""
    return RawFile(path, relative_path, source_file, checksum_of(path), path.stat().st_size)


def find_raw_file(source_file: str, settings: Settings) -> Path | None:
    """Find the file that the load log names, or the archive that it came in; None: it is gone."""
    day, _, path = source_file.partition("/")
    folder = settings.day_folder(date.fromisoformat(day))
    file = folder / path
    return next((one for one in (file, *file.parents) if one.is_relative_to(folder) and one.is_file()), None)


def checksum_of(path: Path) -> str:
    """Give the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
