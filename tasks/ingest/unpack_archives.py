"""Take the files out of an archive, each to be loaded as a separate file."""

from __future__ import annotations

import errno
import gzip
import re
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from schemas.errors import FileError
from schemas.problems import UNNAMED, FileProblem, Kind
from schemas.settings import Settings
from schemas.source_files import member_of, spell, unspell
from tasks.ingest.detect_kind import MIN_BOMB_BYTES, check_unpacked_size, kind_of
from tasks.ingest.find_files import FoundFile, RawFile, is_wanted, raw_file
from tasks.warehouse.storage import LOCAL

_MAX_MEMBERS = 10_000
_MAX_NAMES_LENGTH = 300
_CHUNK_BYTES = 1 << 20
_NEVER = ("__MACOSX", ".", "~$")
_UTF8_NAME = 1 << 11
_ARCHIVES = (Kind.ZIP, Kind.GZIP)
_ENCODINGS_OF_NAMES = ("utf-8", "cp866", "cp1251")
_RUSSIAN_NAMES = re.compile(r"[\x00-\x7fа-яёА-ЯЁ№«»–—]*")


class Member(NamedTuple):
    """A file out of an archive."""

    name: str
    """Its path in the archive, spelled, with `/`, without `..`: safe to append to the archive's own path."""
    path: Path
    """Where it is unpacked, on this machine."""


class Unpacked(NamedTuple):
    """What is to be loaded of a file."""

    files: list[RawFile]
    """Of an archive each file in it, to be loaded separately; of another file itself."""
    left_out: list[str]
    """Names in an archive that FILE_PATTERNS leaves out."""
    broken: dict[str, FileError]
    """Source file → why it cannot be read whatever its mapping: an archive that is damaged, or inside another."""


def unpack(file: FoundFile, place: Path, settings: Settings) -> Unpacked:
    """Copy a file to this machine, and unpack an archive: the copy's name begins with that of `place`, its folder.

    Nobody else writes there: whoever reads a file of it reads the content that its checksum was computed of. Mappings
    see the folder that an archive is in, not the archive.

    Raises:
        OSError: the file is gone, or may not be read.

    """
    # Hundreds of folders would take longer to make and to remove than the files to copy.
    copy = place.with_name(f"{place.name}-copy{_suffix(file.path.name)}")
    checksum = LOCAL.copy(file.path, copy)
    return unpack_in_place(file._replace(path=copy), place, settings, checksum)


def unpack_in_place(file: FoundFile, folder: Path, settings: Settings, checksum: str | None = None) -> Unpacked:
    """Return what is to be loaded of a file: itself where it is, or of an archive what is unpacked into a folder."""
    try:
        kind = kind_of(file.path, settings)
        if kind not in _ARCHIVES:
            return Unpacked([_itself(file, kind, checksum)], [], {})
        name = unspell(file.relative_path).rpartition("/")[2]
        return _choose_members(file, expand(file.path, folder, settings, name=name), settings)
    except FileError as error:
        return Unpacked([_itself(file, None, checksum)], [], {file.source_file: error})


def _itself(file: FoundFile, kind: Kind | None = None, checksum: str | None = None) -> RawFile:
    names = {"relative_path": file.relative_path, "source_file": file.source_file}
    raw = raw_file(file.path, **names, kind=kind, checksum=checksum)
    return raw._replace(file_stat=file.file_stat)


def _choose_members(archive: FoundFile, members: list[Member], settings: Settings) -> Unpacked:
    folder = archive.relative_path.rpartition("/")[0]
    wanted = [member for member in members if is_wanted(member.name.rpartition("/")[2], settings)]
    broken: dict[str, FileError] = {}
    files = []
    for member in wanted:
        source_file = member_of(archive.source_file, member.name)
        kind = None
        # A damaged one is read to say why.
        with suppress(FileError):
            kind = kind_of(member.path, settings)
        if kind in _ARCHIVES:
            broken[source_file] = FileError(FileProblem.NESTED_ARCHIVE)
        relative_path = f"{folder}/{member.name}".lstrip("/")
        files.append(raw_file(member.path, relative_path=relative_path, source_file=source_file, kind=kind))
    left_out = [member.name for member in members if member not in wanted]
    if not files:
        error = FileError(FileProblem.NO_MATCHING_MEMBERS, members=", ".join(left_out)[:_MAX_NAMES_LENGTH])
        return Unpacked([_itself(archive)], [], {archive.source_file: error})
    return Unpacked(files, left_out, broken)


def is_archive(file: Path, settings: Settings) -> bool:
    """Return True if a file holds other files (zip, gzip).

    Raises:
        FileError: it is damaged, encrypted or hostile.

    """
    return kind_of(file, settings) in _ARCHIVES


def expand(file: Path, into: Path, settings: Settings, *, name: str) -> list[Member]:
    """Unpack an archive's files into a folder of this machine; names in the archive never decide where.

    `name` is that of the archive where it was found.

    Raises:
        FileError: the archive is damaged, encrypted, too big, or empty.

    """
    into.mkdir(parents=True, exist_ok=True)
    kind = kind_of(file, settings)
    members = _expand_zip(file, into, settings) if kind is Kind.ZIP else _expand_gzip(file, name, into, settings)
    if not members:
        raise FileError(FileProblem.ARCHIVE_EMPTY, kind=kind)
    return members


def _expand_zip(file: Path, into: Path, settings: Settings) -> list[Member]:
    try:
        with LOCAL.open(file) as packed, zipfile.ZipFile(packed) as archive:
            entries = _entries_to_read(archive)
            if len(entries) > _MAX_MEMBERS:
                raise FileError(FileProblem.TOO_MANY_MEMBERS, members=len(entries), max_members=_MAX_MEMBERS)
            check_unpacked_size(entries, settings)
            members: list[Member] = []
            encoding = _encoding_of_names(entries)
            for number, entry in enumerate(entries):
                target = into / f"{number}{_suffix(entry.filename)}"
                with archive.open(entry) as stream:
                    _copy(stream, target, entry.file_size)
                members.append(Member(_safe_path(_name_of(entry, encoding)), target))
            return members
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileError(FileProblem.DAMAGED, error=str(error)) from None
    except OSError as error:
        if error.errno == errno.EINVAL:  # a member that begins before the file does
            raise FileError(FileProblem.DAMAGED, error=str(error)) from None
        raise


def _entries_to_read(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [
        entry
        for entry in archive.infolist()
        if not entry.filename.endswith(("/", "\\")) and not _is_never_read(_safe_path(entry.filename))
    ]


def _expand_gzip(file: Path, name: str, into: Path, settings: Settings) -> list[Member]:
    name = name[:-3] if name.lower().endswith(".gz") else name
    target = into / f"0{_suffix(name)}"
    stat = LOCAL.stat(file)
    packed_bytes = stat.size_bytes if stat else 0
    max_bytes = min(settings.max_unpacked_mb << 20, max(packed_bytes * settings.max_unpack_ratio, MIN_BOMB_BYTES))
    try:
        with LOCAL.open(file) as packed, gzip.open(packed) as stream:
            _copy(stream, target, max_bytes)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise FileError(FileProblem.DAMAGED, error=str(error)) from None
    return [Member(_safe_path(name), target)]


def _copy(stream: IO[bytes] | gzip.GzipFile, target: Path, max_bytes: int) -> None:
    """Copy a stream that may be longer than it says."""
    with LOCAL.create(target) as file:
        copied = 0
        while block := stream.read(_CHUNK_BYTES):
            copied += len(block)
            if copied > max_bytes:
                raise FileError(FileProblem.UNPACKING_STOPPED, max_megabytes=max_bytes >> 20)
            file.write(block)


def _encoding_of_names(entries: list[zipfile.ZipInfo]) -> str:
    """Return in which encoding the names of an archive are Russian; by rule Windows writes them in cp866."""
    names = b"/".join(name for name in map(_undecoded_name, entries) if name)
    return next((encoding for encoding in _ENCODINGS_OF_NAMES if _is_russian(names, encoding)), "cp866")


def _is_russian(names: bytes, encoding: str) -> bool:
    try:
        return _RUSSIAN_NAMES.fullmatch(names.decode(encoding)) is not None
    except UnicodeDecodeError:
        return False


def _name_of(entry: zipfile.ZipInfo, encoding: str) -> str:
    name = _undecoded_name(entry)
    return entry.filename if name is None else name.decode(encoding)


def _undecoded_name(entry: zipfile.ZipInfo) -> bytes | None:
    """Return a name that Python took for cp437; None: the archive says that it is UTF-8."""
    try:
        return None if entry.flag_bits & _UTF8_NAME else entry.filename.encode("cp437")
    except UnicodeEncodeError:  # from a field beside the name
        return None


def _safe_path(name: str) -> str:
    steps = [step for step in PurePosixPath(name.replace("\\", "/")).parts if step not in {"/", "..", "."}]
    return spell("/".join(steps)) or UNNAMED


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix.isascii() and suffix[1:].isalnum() and len(suffix) < 10 else ""


def _is_never_read(name: str) -> bool:
    return any(step.startswith(_NEVER) for step in PurePosixPath(name).parts)
