"""Detect what a file is by its content, and refuse what is damaged, locked or hostile before it is unpacked."""

from __future__ import annotations

import errno
import mmap
import re
import stat
import zipfile
import zlib
from pathlib import Path

from schemas.errors import FileError
from schemas.problems import FileProblem, Kind
from schemas.settings import Settings
from tasks.warehouse.storage import LOCAL

_HEAD_BYTES = 4096
_DBF_HEADER_BYTES = 64
_DBF_VERSIONS = b"\x02\x03\x04\x30\x31\x32\x43\x63\x83\x8b\xcb\xf5\xfb"
_DBF_TYPES = "CNFDLMIBTYGPVQWO@+0"
_CHUNK_BYTES = 1 << 20
_CHECKED_PART = re.compile(r"(?i)(?!xl[/\\]worksheets[/\\][^/\\]+\.xml$).*\.(xml|bin|rels)")
MIN_BOMB_BYTES = 100 << 20
"""What unpacks to less is not a bomb, whatever its ratio."""
_MANIFEST_BYTES = 1 << 20
DTD = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_XML = re.compile(rb"<[a-z_\x80-\xff][^\s<>/]*(?:\s[^<>]*)?>(?:\s*[\r\n]\s*)?<")
"""A document without a declaration: the tag of its root and the next. A csv may have headings such as `<date>;<time>`,
also with tabs between them."""
_JSON = re.compile(rb"\{\s*[\"}]|\[\s*[{\[\"\]]")
"""A csv may begin with a unit in brackets, but hardly with these."""
_HTML = (b"<!doctype html", b"<html", b"<head", b"<meta", b"<body", b"<table")


_SIGNATURES = (
    (b"\x1f\x8b", Kind.GZIP),
    (b"%PDF", Kind.PDF),
    (b"{\\rtf", Kind.RTF),
    (b"Rar!", Kind.RAR),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (b"\x89PNG", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
)
_SPECIAL = {
    stat.S_IFIFO: Kind.PIPE,
    stat.S_IFSOCK: Kind.SOCKET,
    stat.S_IFCHR: Kind.DEVICE,
    stat.S_IFBLK: Kind.DEVICE,
}
_MEMBERS = (
    ("xl/workbook.xml", Kind.WORKBOOK),
    ("xl/workbook.bin", Kind.WORKBOOK),
    ("word/document.xml", Kind.WORD),
    ("ppt/presentation.xml", Kind.SLIDES),
)
_ODF = {"spreadsheet": Kind.WORKBOOK, "text": Kind.WORD, "presentation": Kind.SLIDES}
_STREAMS = (("Workbook", Kind.WORKBOOK), ("Book", Kind.WORKBOOK), ("WordDocument", Kind.WORD))


def kind_of_special(path: Path) -> Kind | None:
    """Return what a path is that must never be opened, for a pipe would block; None: a file, or gone.

    Raises:
        OSError: the system does not let us look.

    """
    try:
        return _SPECIAL.get(stat.S_IFMT(path.stat().st_mode))
    except OSError as error:
        if path.is_symlink() and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return Kind.BROKEN_LINK
        if isinstance(error, FileNotFoundError):
            return None
        raise


def kind_of(file: Path, settings: Settings) -> Kind:
    """Look at a file's first bytes; of a zip at its list of members, and at the start of each XML member.

    Raises:
        FileError: it is damaged, encrypted, hostile, or would unpack to too much.

    """
    with LOCAL.open(file) as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        return Kind.EMPTY
    if head.startswith(b"PK"):
        return _kind_of_zip(file, settings)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _kind_of_compound_file(file)
    if _is_dbf(head):
        return Kind.DBF
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    return _kind_of_text(head)


def _is_dbf(head: bytes) -> bool:
    """Return True for the header of a dBase table: a version, a date, two NULs, and the type of the first column."""
    is_dated = len(head) > _DBF_HEADER_BYTES and head[2] <= 12 and head[3] <= 31
    return is_dated and head[0] in _DBF_VERSIONS and head[12:14] == b"\0\0" and chr(head[43]) in _DBF_TYPES


def _kind_of_text(head: bytes) -> Kind:
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").lower()
    if start.startswith(_HTML) or (start.startswith((b"<?xml", b"<!--")) and b"<html" in start):
        return Kind.HTML
    if start.startswith((b"<?xml", b"<!doctype")) or _XML.match(start):
        return Kind.XML
    if _JSON.match(start):
        return Kind.JSON
    return Kind.TEXT if utf16_codec(head) or _is_mostly_text(head) else Kind.BINARY


def utf16_codec(head: bytes) -> str | None:
    """Return the codec of UTF-16 text, with a mark or without; None if it is something else."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 5 < len(head) or min(even, odd):
        return None
    return "utf-16-le" if odd else "utf-16-be"


def _is_mostly_text(head: bytes) -> bool:
    """Return True for text, also with a stray NUL: its error can name the byte."""
    return sum(head.count(byte) for byte in range(9)) * 20 < len(head)


def _kind_of_zip(file: Path, settings: Settings) -> Kind:
    try:
        with LOCAL.open(file) as stream, zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            check_unpacked_size(members, settings)
            if any(member.flag_bits & 1 for member in members):
                raise FileError(FileProblem.ENCRYPTED)
            names = {member.filename for member in members}
            # Some programs write `xl\Workbook.xml`; Excel and calamine read that too.
            folded = {name.replace("\\", "/").lower() for name in names}
            kind = next((kind for name, kind in _MEMBERS if name in folded), None) or _kind_of_odf(archive, names)
            if kind is Kind.WORKBOOK:
                _check_parts(archive, members)
    # NotImplementedError: an unusual method of compression; RuntimeError: encrypted.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FileError(FileProblem.DAMAGED, error=str(error)) from None
    return kind or Kind.ZIP


def check_unpacked_size(members: list[zipfile.ZipInfo], settings: Settings) -> None:
    """Refuse a zip by what its list of members says it would unpack to.

    Raises:
        FileError: more than MAX_UNPACKED_MB, or more than MAX_UNPACK_RATIO times its size.

    """
    unpacked = sum(member.file_size for member in members)
    packed = max(sum(member.compress_size for member in members), 1)
    if unpacked > settings.max_unpacked_mb << 20:
        raise FileError(
            FileProblem.UNPACKS_TO_TOO_MUCH, megabytes=unpacked >> 20, max_megabytes=settings.max_unpacked_mb
        )
    if unpacked > MIN_BOMB_BYTES and unpacked / packed > settings.max_unpack_ratio:
        raise FileError(FileProblem.ZIP_BOMB, ratio=unpacked // packed, max_ratio=settings.max_unpack_ratio)


def _kind_of_odf(archive: zipfile.ZipFile, names: set[str]) -> Kind | None:
    if "content.xml" not in names:
        return None
    manifest = "META-INF/manifest.xml"
    if manifest in names and b"encryption-data" in _start_of(archive, manifest, _MANIFEST_BYTES):
        raise FileError(FileProblem.ENCRYPTED)
    kind = _start_of(archive, "mimetype", 100).decode("ascii", "replace") if "mimetype" in names else "spreadsheet"
    return next((known for word, known in _ODF.items() if word in kind), None)


def _check_parts(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Refuse a DTD, and read parts whose end calamine does not read: BadZipFile if a checksum is wrong.

    Office programs never write a DTD; whoever does wants its entities expanded or fetched. Sheets in XML, by far the
    largest parts, are read as a whole when their formulas are looked for.
    """
    for member in members:
        is_xml = member.filename.lower().endswith((".xml", ".rels"))
        is_checked = _CHECKED_PART.fullmatch(member.filename)
        if not is_xml and not is_checked:
            continue
        with archive.open(member) as part:
            # Without its NULs, UTF-16 is searched too. A DTD can only come before the first element.
            if is_xml and DTD.search(part.read(_HEAD_BYTES).replace(b"\0", b"")):
                raise FileError(FileProblem.XML_DTD, part=member.filename)
            while is_checked and part.read(_CHUNK_BYTES):
                pass


def _start_of(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    with archive.open(name) as member:
        return member.read(size)


def _kind_of_compound_file(file: Path) -> Kind:
    """Distinguish an old xls from a doc or a password-protected xlsx in the same container."""
    with (
        LOCAL.local_path(file).open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            raise FileError(FileProblem.ENCRYPTED)
        found = (kind for name, kind in _STREAMS if content.find(name.encode("utf-16-le") + b"\0\0") >= 0)
        return next(found, Kind.BINARY)
