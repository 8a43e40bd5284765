"""The one way to files: RAW_DIR, reports, logs of runs and spool are listed, read, written and deleted here.

Local files today; an object store would be another implementation of `Storage`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from io import BufferedReader, BufferedWriter
from pathlib import Path
from typing import NamedTuple, Protocol

_COPIED_BYTES = 1 << 20
_OF_A_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class FileStat(NamedTuple):
    """What is known about a file without opening it."""

    size_bytes: int
    modified: float
    """Seconds since 1970 UTC."""
    version: tuple[int, int]
    """Changes whenever the content may have changed: size in bytes, time of modification in nanoseconds."""
    key: str = ""
    """The same with the time of the last change of anything, which nobody can set, and the number of the file."""


class Listing(NamedTuple):
    """What is below a folder, in a stable order, without dot-folders."""

    files: list[Path]
    """What is not a folder: files, and links, pipes, sockets and devices."""
    linked_folders: list[Path]
    """Links to folders; never entered."""
    closed_folders: dict[Path, OSError]
    """Folders that the system does not let us look into → why."""


class Storage(Protocol):
    """Where files live."""

    def look_into(self, folder: Path) -> Listing:
        """List what is below a folder; nothing if it does not exist."""

    def list_files(self, folder: Path) -> Iterator[Path]:
        """List the files below a folder, in a stable order, without dot-folders; none if it does not exist."""

    def list_folder(self, folder: Path) -> Mapping[Path, bool]:
        """List what is in a folder itself, in a stable order → whether it is a folder; nothing if it does not exist."""

    def is_inside(self, file: Path, folder: Path) -> bool:
        """Return True if it is a file, and no link leads it out of the folder."""

    def stat(self, file: Path) -> FileStat | None:
        """Return what is known about a file; None: it does not exist."""

    def open(self, file: Path) -> BufferedReader:
        """Open a file for reading."""

    def local_path(self, file: Path) -> Path:
        """Return a path on this machine for readers that take no stream: the parser of workbooks, a memory map.

        A store of objects downloads the file here, once a run, and returns the path of the copy.
        """

    def checksum(self, file: Path) -> str:
        """Return the SHA-256 of a file, hexadecimal."""

    def copy(self, file: Path, target: Path) -> str:
        """Copy a file to a path on this machine; return the SHA-256 of the copy, hexadecimal."""

    def create(self, file: Path) -> AbstractContextManager[BufferedWriter]:
        """Open a file for writing, piece by piece; it gets its name only when it is complete."""

    def append(self, file: Path) -> BufferedWriter:
        """Open a file for writing at its end, in a folder that exists."""

    def write(self, file: Path, content: bytes) -> None:
        """Write a file so that a reader sees the old content or the new one, never half a file."""

    def delete(self, file: Path) -> None:
        """Delete a file if it exists."""

    def delete_folder(self, folder: Path) -> None:
        """Delete a folder and everything in it, if it exists."""


class LocalStorage:
    """Files on this machine."""

    def look_into(self, folder: Path) -> Listing:
        """List what is below a folder; nothing if it does not exist."""
        found = Listing([], [], {})

        def refuse(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                found.closed_folders[Path(error.filename)] = error

        for parent, folders, names in os.walk(folder, onerror=refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            found.linked_folders.extend(path for name in folders if (path := Path(parent, name)).is_symlink())
            found.files.extend(Path(parent, name) for name in sorted(names))
        return found

    def list_files(self, folder: Path) -> Iterator[Path]:
        """List the files below a folder, in a stable order, without dot-folders; none if it does not exist."""
        yield from self.look_into(folder).files

    def list_folder(self, folder: Path) -> Mapping[Path, bool]:
        """List what is in a folder itself, in a stable order → whether it is a folder; nothing if it does not exist."""
        if not folder.is_dir():
            return {}
        with os.scandir(folder) as entries:
            return {Path(entry.path): entry.is_dir() for entry in sorted(entries, key=lambda entry: entry.name)}

    def is_inside(self, file: Path, folder: Path) -> bool:
        """Return True if it is a file, and no link leads it out of the folder."""
        return file.is_file() and file.resolve().is_relative_to(folder.resolve())

    def stat(self, file: Path) -> FileStat | None:
        """Return what is known about a file; None: it does not exist."""
        try:
            stat = file.stat()
        except FileNotFoundError:
            return None
        key = f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}:{stat.st_ino}"
        return FileStat(stat.st_size, stat.st_mtime, (stat.st_size, stat.st_mtime_ns), key)

    def open(self, file: Path) -> BufferedReader:
        """Open a file for reading."""
        return file.open("rb")

    def local_path(self, file: Path) -> Path:
        """Return a path on this machine: the file itself."""
        return file

    def checksum(self, file: Path) -> str:
        """Return the SHA-256 of a file, hexadecimal."""
        with self.open(file) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def copy(self, file: Path, target: Path) -> str:
        """Copy a file to a path on this machine; return the SHA-256 of the copy, hexadecimal."""
        digest, is_over = hashlib.sha256(), False
        with _named_in_errors(target), self.open(file) as source, target.open("wb") as copy:
            while not is_over:
                with _named_in_errors(file):
                    block = source.read(_COPIED_BYTES)
                digest.update(block)
                copy.write(block)
                is_over = not block
        return digest.hexdigest()

    @contextmanager
    def create(self, file: Path) -> Iterator[BufferedWriter]:
        """Open a file for writing, piece by piece; it gets its name only when it is complete."""
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{file.name}.part")
        with _named_in_errors(file):
            with unfinished.open("wb") as stream:
                yield stream
            unfinished.replace(file)

    def append(self, file: Path) -> BufferedWriter:
        """Open a file for writing at its end, in a folder that exists."""
        return file.open("ab")

    def write(self, file: Path, content: bytes) -> None:
        """Write a file so that a reader sees the old content or the new one, never half a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f".{file.name}.{os.getpid()}.part")
        try:
            with _named_in_errors(file):
                unfinished.write_bytes(content)
                unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)

    def delete(self, file: Path) -> None:
        """Delete a file if it exists."""
        file.unlink(missing_ok=True)

    def delete_folder(self, folder: Path) -> None:
        """Delete a folder and everything in it, if it exists."""
        if folder.exists():
            shutil.rmtree(folder)


@contextmanager
def _named_in_errors(file: Path) -> Iterator[None]:
    """Name the file in an error of its disk, which does not say whose it is."""
    try:
        yield
    except OSError as error:
        # Whoever writes may meet errors of others, such as of a connection that it reads from.
        if error.errno in _OF_A_DISK and not error.filename:
            error.filename = str(file)
        raise


LOCAL: Storage = LocalStorage()
