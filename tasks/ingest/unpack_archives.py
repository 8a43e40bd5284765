"""Take the files out of an archive, each to be loaded as a file of its own."""

from __future__ import annotations

import errno
import gzip
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings
from tasks.ingest.detect_kind import DAMAGED, Kind, check_unpacked, kind_of

_MOST_MEMBERS = 10_000
_CHUNK_BYTES = 1 << 20
_NEVER = ("__MACOSX", ".", "~$")
_UTF8_NAME = 1 << 11


class Member(NamedTuple):
    """A file out of an archive."""

    name: str
    """Its path in the archive, with `/`, that leads nowhere else: fit to stand behind the archive's own path."""
    path: Path
    """Where it lies now."""


def is_archive(path: Path, settings: Settings) -> bool:
    """Tell whether a file holds other files (zip, gzip).

    Raises:
        FileError: it is damaged, encrypted or hostile.

    """
    return kind_of(path, settings) in {Kind.ZIP, Kind.GZIP}


def expand(path: Path, into: Path, settings: Settings) -> list[Member]:
    """Unpack an archive's files into a folder; names in the archive never decide where they are written.

    Raises:
        FileError: the archive is damaged, encrypted, too big, or empty.

    """
    into.mkdir(parents=True, exist_ok=True)
    kind = kind_of(path, settings)
    members = _expand_zip(path, into, settings) if kind is Kind.ZIP else _expand_gzip(path, into, settings)
    if not members:
        raise FileError(FileProblem.OTHER, text=f"в архиве нет файлов: это {kind.value}, запросите его ещё раз")
    return members


def _expand_zip(path: Path, into: Path, settings: Settings) -> list[Member]:
    members: list[Member] = []
    try:
        with zipfile.ZipFile(path) as archive:
            parts = [
                part for part in archive.infolist() if not part.is_dir() and not _is_never_read(_safe(part.filename))
            ]
            if len(parts) > _MOST_MEMBERS:
                raise FileError(
                    FileProblem.OTHER, text=f"в архиве {len(parts)} файлов, разрешено {_MOST_MEMBERS}: разделите его"
                )
            check_unpacked(parts, settings)
            for number, part in enumerate(parts):
                target = into / f"{number}{_suffix(part.filename)}"
                with archive.open(part) as stream:
                    _copy(stream, target, part.file_size)
                members.append(Member(_safe(_name(part)), target))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileError(FileProblem.OTHER, text=f"{DAMAGED} ({error})") from None
    except OSError as error:
        if error.errno == errno.EINVAL:  # a part that begins before the file does
            raise FileError(FileProblem.OTHER, text=DAMAGED) from None
        raise
    return members


def _expand_gzip(path: Path, into: Path, settings: Settings) -> list[Member]:
    name = path.name.removesuffix(".gz") if path.name.lower().endswith(".gz") else path.name
    target = into / f"0{_suffix(name)}"
    packed = path.stat().st_size
    most = min(settings.max_unpacked_mb << 20, max(packed * settings.max_unpack_ratio, 100 << 20))
    try:
        with gzip.open(path) as stream:
            _copy(stream, target, most)
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise FileError(FileProblem.OTHER, text=DAMAGED) from None
    return [Member(_safe(name), target)]


def _copy(stream: IO[bytes] | gzip.GzipFile, target: Path, most: int) -> None:
    """Copy a stream that may be longer than it says."""
    with target.open("wb") as file:
        done = 0
        while block := stream.read(_CHUNK_BYTES):
            done += len(block)
            if done > most:
                raise FileError(
                    FileProblem.OTHER,
                    text=f"при распаковке больше {most >> 20} МБ (MAX_UNPACKED_MB, MAX_UNPACK_RATIO): не распакован",
                )
            file.write(block)


def _name(part: zipfile.ZipInfo) -> str:
    """Windows writes Russian names in cp866, which Python takes for cp437."""
    if part.flag_bits & _UTF8_NAME:
        return part.filename
    try:
        return part.filename.encode("cp437").decode("cp866")
    except UnicodeError:
        return part.filename


def _safe(name: str) -> str:
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in {"/", "..", "."}]
    return "/".join(parts) or "без имени"


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) < 10 else ""


def _is_never_read(name: str) -> bool:
    return any(part.startswith(_NEVER) for part in PurePosixPath(name).parts)
