"""Tell what a file is by its content."""

from __future__ import annotations

import zipfile
from enum import Enum
from pathlib import Path

from schemas.errors import FileError
from schemas.settings import Settings

_WORKBOOK_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")


class Kind(Enum):
    """What a file is; the value names it to a person."""

    EMPTY = "пустой файл"
    TEXT = "текст"
    WORKBOOK = "книга Excel или ODS"
    ZIP = "архив zip"
    GZIP = "архив gzip"
    HTML = "страница html"
    PDF = "документ pdf"
    BINARY = "двоичный файл неизвестного вида"


def kind_of(path: Path, settings: Settings) -> Kind:
    """Look at a file's first bytes (of a zip: at its list of parts).

    Raises:
        FileError: it is damaged, encrypted, or would unpack to too much.

    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        return Kind.EMPTY
    if head.startswith(b"PK"):
        return _kind_of_zip(path, settings)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _kind_of_compound_file(path)
    if head.startswith(b"\x1f\x8b"):
        return Kind.GZIP
    if head.startswith(b"%PDF"):
        return Kind.PDF
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype html", b"<html")):
        return Kind.HTML
    is_utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return Kind.BINARY if b"\0" in head and not is_utf16 and not _is_mostly_text(head) else Kind.TEXT


def _is_mostly_text(head: bytes) -> bool:
    """Tell a text with a stray NUL from a binary file: its error can then name the byte."""
    return head.count(b"\0") * 20 < len(head)


def _kind_of_zip(path: Path, settings: Settings) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile:
        raise FileError("файл повреждён или передан не полностью: запросите его ещё раз") from None
    unpacked = sum(part.file_size for part in parts)
    packed = max(sum(part.compress_size for part in parts), 1)
    too_much = unpacked > settings.max_unpacked_mb << 20
    if too_much or (unpacked > 100 << 20 and unpacked / packed > settings.max_unpack_ratio):
        raise FileError(f"после распаковки файл занял бы {unpacked >> 20} МБ: похоже на zip-бомбу, не распакован")
    names = {part.filename for part in parts}
    if any(part.flag_bits & 1 for part in parts):
        raise FileError("файл зашифрован паролем: запросите его без пароля")
    return Kind.WORKBOOK if names & set(_WORKBOOK_PARTS) else Kind.ZIP


def _kind_of_compound_file(path: Path) -> Kind:
    """Tell an old xls from a password-protected xlsx in the same container."""
    with path.open("rb") as file:
        content = file.read(64 << 20)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise FileError("файл зашифрован паролем: запросите его без пароля")
    return Kind.WORKBOOK
