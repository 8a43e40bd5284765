"""Find out the encoding and the delimiter of a csv."""

from __future__ import annotations

import codecs
import io
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import charset_normalizer
import numpy as np

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.ingest.cut_records import MAX_CELL_BYTES, Source, split_rows
from tasks.ingest.detect_kind import utf16_codec
from tasks.ingest.find_header import WantedColumn, count_required, most_known
from tasks.ingest.grids import Row
from tasks.warehouse.storage import LOCAL

_SAMPLE_BYTES = 1 << 18
_MAX_LINES = 60
_DELIMITERS = ";,\t|"
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
"""Likeliest first: utilities that do not write UTF-8 write cp1251."""


class Dialect(NamedTuple):
    """How a csv is written."""

    encoding: str
    delimiter: str


def detect_dialect(file: Path, wanted: Sequence[WantedColumn], *, min_width: int = 2) -> Dialect:
    """Return the dialect in which most of the wanted columns are found; without any, the most regular table.

    That has lines of the same number of cells, at least `min_width`.

    Raises:
        FileError: the text is damaged; names the byte.

    """
    head = _head_of(file)

    def fit(dialect: Dialect) -> int:
        rows = _first_rows(head, dialect.encoding, partial(split_rows, delimiter=dialect.delimiter))
        if not wanted:
            return max(Counter(len(row) for row in rows if len(row) >= max(min_width, 2)).values(), default=0)
        return most_known(rows, wanted)

    encodings = _possible_encodings(file, head)
    dialects = [Dialect(encoding, delimiter) for encoding in encodings for delimiter in _DELIMITERS]
    best, most, possible = dialects[0], -1, count_required(wanted)
    for dialect in dialects:
        if (known := fit(dialect)) > most:
            best, most = dialect, known
        if wanted and most == possible:
            break
    return best


def detect_encoding_by_columns(
    file: Path, wanted: Sequence[WantedColumn], split: Callable[[Source], Iterator[Row]]
) -> str:
    """Return the encoding in which most of the wanted columns are found; without any, the likeliest.

    Raises:
        FileError: the text is damaged; names the byte.

    """
    head = _head_of(file)
    return max(
        _possible_encodings(file, head), key=lambda encoding: most_known(_first_rows(head, encoding, split), wanted)
    )


def _head_of(file: Path) -> bytes:
    with LOCAL.open(file) as stream:
        return stream.read(_SAMPLE_BYTES)


def _first_rows(head: bytes, encoding: str, split: Callable[[Source], Iterator[Row]]) -> list[Row]:
    return list(itertools.islice(split(io.BytesIO(head.decode(encoding, "replace").encode())), _MAX_LINES))


def detect_encoding(file: Path, head: bytes) -> str:
    """Return the likeliest encoding of a text that begins with `head`.

    Raises:
        FileError: the text is damaged; names the byte.

    """
    return _possible_encodings(file, head)[0]


def _possible_encodings(file: Path, head: bytes) -> list[str]:
    """List the encodings in which the first unusual bytes of a file are text, likeliest first."""
    if utf16 := utf16_codec(head):
        return [utf16]
    if (offset := head.find(b"\0")) >= 0:
        raise FileError(FileProblem.NUL_BYTE, offset=offset)
    start, sample = _first_not_ascii(file)
    return encodings_of(sample, start)


def encodings_of(sample: bytes, offset: int = 0) -> list[str]:
    """List the encodings in which a sample from `offset` on is text, likeliest first.

    Raises:
        FileError: there is none; names the byte.

    """
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as error:
        return _cyrillic_encodings(sample, offset + error.start)
    return ["utf-8"]


def _cyrillic_encodings(sample: bytes, offset: int) -> list[str]:
    """List the encodings of a text that is not UTF-8 from `offset` on."""
    # Text that is UTF-8 almost everywhere is damaged UTF-8, not another encoding.
    text = sample.decode("utf-8", "replace")
    if sum("а" <= letter <= "я" for letter in text.lower()) > 3 * text.count("�"):
        raise FileError(FileProblem.BYTE_NOT_IN_ENCODING, offset=offset, encoding="utf-8")
    possible = [encoding for encoding in _CYRILLIC if _decodes(sample, encoding)]
    if not possible:
        raise FileError(FileProblem.BYTE_NOT_TEXT, offset=offset)
    if _looks_like_cp866(sample):
        guessed: str | None = "cp866"
    else:
        guess = charset_normalizer.from_bytes(sample, cp_isolation=possible).best()
        guessed = codecs.lookup(guess.encoding).name if guess else None
    return sorted(possible, key=lambda encoding: guessed is None or codecs.lookup(encoding).name != guessed)


def _looks_like_cp866(sample: bytes) -> bool:
    """Return True where many letters have bytes that are rare signs in the other encodings, also of a few letters.

    In cp866 these are the capitals and `а` to `п`. Bytes that are usual in both do not count: a few letters of cp866
    are dots, dashes, no-break spaces and quotation marks in cp1251, of whose letters two are lines of frames in cp866.
    """
    counts = np.bincount(np.frombuffer(sample, np.uint8), minlength=256)
    counts[[0x85, 0x96, 0x97, 0xA0, 0xAB, 0xC4, 0xCD]] = 0
    return bool(3 * counts[0x80:0xB0].sum() > counts[0xC0:].sum())


def _first_not_ascii(file: Path) -> tuple[int, bytes]:
    """Return where the first byte beyond ASCII is, and a sample from there: ASCII is the same in all encodings."""
    with LOCAL.open(file) as stream:
        while block := stream.read(MAX_CELL_BYTES):
            if not block.isascii():
                index = next(index for index, byte in enumerate(block) if byte > 127)
                stream.seek(stream.tell() - len(block) + index)
                return stream.tell(), stream.read(_SAMPLE_BYTES)
    return 0, b""


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
