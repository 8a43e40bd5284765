"""Tell what a file is by its content, and refuse what is damaged, locked or hostile before it is unpacked."""

from __future__ import annotations

import mmap
import re
import zipfile
import zlib
from enum import Enum
from pathlib import Path

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings

_HEAD_BYTES = 4096
_SMALL_BYTES = 100 << 20
_DTD = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_HTML = (b"<!doctype html", b"<html", b"<head", b"<meta", b"<body", b"<table")
ENCRYPTED = "файл зашифрован паролем: запросите его без пароля"
DAMAGED = "файл повреждён или передан не полностью: запросите его ещё раз"


class Kind(Enum):
    """What a file is; the value names it to a person."""

    EMPTY = "пустой файл"
    TEXT = "текст"
    WORKBOOK = "книга Excel или ODS"
    ZIP = "архив zip"
    GZIP = "архив gzip"
    HTML = "страница html"
    PDF = "документ pdf"
    RTF = "документ rtf"
    XML = "таблица или документ XML"
    RAR = "архив rar"
    SEVEN_ZIP = "архив 7z"
    WORD = "документ Word"
    SLIDES = "презентация"
    IMAGE = "картинка"
    BINARY = "двоичный файл неизвестного вида"


_SIGNATURES = (
    (b"\x1f\x8b", Kind.GZIP),
    (b"%PDF", Kind.PDF),
    (b"{\\rtf", Kind.RTF),
    (b"Rar!", Kind.RAR),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
    (b"\x89PNG", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
)
_PARTS = (
    ("xl/workbook.xml", Kind.WORKBOOK),
    ("xl/workbook.bin", Kind.WORKBOOK),
    ("word/document.xml", Kind.WORD),
    ("ppt/presentation.xml", Kind.SLIDES),
)
_ODF = {"spreadsheet": Kind.WORKBOOK, "text": Kind.WORD, "presentation": Kind.SLIDES}
_STREAMS = (("Workbook", Kind.WORKBOOK), ("Book", Kind.WORKBOOK), ("WordDocument", Kind.WORD))


def kind_of(path: Path, settings: Settings) -> Kind:
    """Look at a file's first bytes; of a zip at its list of parts, and at the start of each XML part.

    Raises:
        FileError: it is damaged, encrypted, hostile, or would unpack to too much.

    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return Kind.EMPTY
    if head.startswith(b"PK"):
        return _kind_of_zip(path, settings)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _kind_of_compound_file(path)
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> Kind:
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").lower()
    if start.startswith(_HTML) or (start.startswith((b"<?xml", b"<!--")) and b"<html" in start):
        return Kind.HTML
    if start.startswith((b"<?xml", b"<!doctype")):
        return Kind.XML
    return Kind.TEXT if is_utf16(head) or _is_mostly_text(head) else Kind.BINARY


def is_utf16(head: bytes) -> str | None:
    """Give the codec of UTF-16 text, with a mark or without; None if it is something else."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 5 < len(head) or min(even, odd):
        return None
    return "utf-16-le" if odd else "utf-16-be"


def _is_mostly_text(head: bytes) -> bool:
    """Tell a text with a stray NUL, whose error can name the byte, from a binary file."""
    return sum(head.count(byte) for byte in range(9)) * 20 < len(head)


def _kind_of_zip(path: Path, settings: Settings) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            check_unpacked(parts, settings)
            if any(part.flag_bits & 1 for part in parts):
                raise FileError(FileProblem.OTHER, text=ENCRYPTED)
            names = {part.filename for part in parts}
            kind = next((kind for name, kind in _PARTS if name in names), None) or _kind_of_odf(archive, names)
            if kind is Kind.WORKBOOK:
                _refuse_dtd(archive, parts)
    # NotImplementedError: a method of packing that nobody uses; RuntimeError: encrypted.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError):
        raise FileError(FileProblem.OTHER, text=DAMAGED) from None
    return kind or Kind.ZIP


def check_unpacked(parts: list[zipfile.ZipInfo], settings: Settings) -> None:
    """Refuse a zip by what its list of parts says it would unpack to.

    Raises:
        FileError: more than MAX_UNPACKED_MB, or more than MAX_UNPACK_RATIO times its size.

    """
    unpacked = sum(part.file_size for part in parts)
    packed = max(sum(part.compress_size for part in parts), 1)
    if unpacked > settings.max_unpacked_mb << 20:
        raise FileError(
            FileProblem.OTHER,
            text=f"после распаковки файл занял бы {unpacked >> 20} МБ, разрешено {settings.max_unpacked_mb} "
            "(MAX_UNPACKED_MB): не распакован",
        )
    if unpacked > _SMALL_BYTES and unpacked / packed > settings.max_unpack_ratio:
        raise FileError(
            FileProblem.OTHER,
            text=f"при распаковке файл вырос бы в {unpacked // packed} раз, разрешено в {settings.max_unpack_ratio} "
            "(MAX_UNPACK_RATIO): похоже на zip-бомбу, не распакован",
        )


def _kind_of_odf(archive: zipfile.ZipFile, names: set[str]) -> Kind | None:
    if "content.xml" not in names:
        return None
    if "META-INF/manifest.xml" in names and b"encryption-data" in _start(archive, "META-INF/manifest.xml", 1 << 20):
        raise FileError(FileProblem.OTHER, text=ENCRYPTED)
    kind = _start(archive, "mimetype", 100).decode("ascii", "replace") if "mimetype" in names else "spreadsheet"
    return next((known for word, known in _ODF.items() if word in kind), None)


def _refuse_dtd(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    """No office program writes a DTD; who does wants its entities expanded or fetched."""
    for part in parts:
        if not part.filename.endswith((".xml", ".rels")):
            continue
        # Without NULs also UTF-16 is seen through. A DTD can only stand before the first element.
        if _DTD.search(_start(archive, part.filename, _HEAD_BYTES).replace(b"\0", b"")):
            raise FileError(
                FileProblem.OTHER, text=f"в части {part.filename} есть DTD или сущности XML: файл опасен и не прочитан"
            )


def _start(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    with archive.open(name) as part:
        return part.read(size)


def _kind_of_compound_file(path: Path) -> Kind:
    """Tell an old xls from a doc or a password-protected xlsx in the same container."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            raise FileError(FileProblem.OTHER, text=ENCRYPTED)
        found = (kind for name, kind in _STREAMS if content.find(name.encode("utf-16-le") + b"\0\0") >= 0)
        return next(found, Kind.BINARY)
