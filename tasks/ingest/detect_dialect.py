"""Find out the encoding and the delimiter of a csv."""

from __future__ import annotations

import codecs
import io
import itertools
import re
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
from tasks.ingest.utf8_stream import BARS
from tasks.warehouse.storage import LOCAL

_SAMPLE_BYTES = 1 << 18
_MAX_LINES = 60
_DELIMITERS = ";,\t|"
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
"""Likeliest first: utilities that do not write UTF-8 write cp1251."""
_LATIN = ("cp1252", "cp1250")
_RUSSIAN_WORD = re.compile("[а-яё]{3}", re.IGNORECASE)
_MIXED_WORD = re.compile("[A-Za-z]{2}[Ѐ-ӿ]|[Ѐ-ӿ][a-z]{2}")


class Dialect(NamedTuple):
    """How a csv is written."""

    encoding: str
    delimiter: str
    is_framed: bool = False
    """Whether the delimiter is the bar of a frame, which is read as `|`."""


def detect_dialect(file: Path, wanted: Sequence[WantedColumn], *, min_width: int = 2) -> Dialect:
    """Return the dialect in which most of the wanted columns are found; without any, the most regular table.

    That has lines of the same number of cells, at least `min_width`.

    Raises:
        FileError: the text is damaged; names the byte.

    """
    head = _head_of(file)

    def fit(dialect: Dialect) -> int:
        split = partial(split_rows, delimiter=dialect.delimiter)
        rows = _first_rows(head, dialect.encoding, split, is_framed=dialect.is_framed)
        if not wanted:
            return max(Counter(len(row) for row in rows if len(row) >= max(min_width, 2)).values(), default=0)
        return most_known(rows, wanted)

    encodings = _possible_encodings(file, head)
    plain = [Dialect(encoding, delimiter) for encoding in encodings for delimiter in _DELIMITERS]
    framed = [Dialect(one, "|", is_framed=True) for one in encodings if BARS.search(_as_utf8(head, one))]
    best, most, possible = plain[0], -1, count_required(wanted)
    for dialect in [*plain, *framed]:
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


def _as_utf8(head: bytes, encoding: str) -> bytes:
    return head.decode(encoding, "replace").encode()


def _first_rows(
    head: bytes, encoding: str, split: Callable[[Source], Iterator[Row]], *, is_framed: bool = False
) -> list[Row]:
    text = _as_utf8(head, encoding)
    return list(itertools.islice(split(io.BytesIO(BARS.sub(b"|", text) if is_framed else text)), _MAX_LINES))


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
        return _encodings_of_a_byte(sample, offset + error.start)
    return ["utf-8"]


def _encodings_of_a_byte(sample: bytes, offset: int) -> list[str]:
    """List the encodings of a text that is not UTF-8 from `offset` on."""
    # Text that is UTF-8 almost everywhere is damaged UTF-8, not another encoding.
    text = sample.decode("utf-8", "replace")
    if sum("а" <= letter <= "я" for letter in text.lower()) > 3 * text.count("�"):
        raise FileError(FileProblem.BYTE_NOT_IN_ENCODING, offset=offset, encoding="utf-8")
    cyrillic, latin = ([one for one in ones if _decodes(sample, one)] for ones in (_CYRILLIC, _LATIN))
    if not (cyrillic or latin):
        raise FileError(FileProblem.BYTE_NOT_TEXT, offset=offset)
    if latin and _looks_latin(sample):
        return [*_likeliest_first(sample, latin), *cyrillic]
    if _looks_like_cp866(sample):
        return [*sorted(cyrillic, key=lambda encoding: encoding != "cp866"), *latin]
    return [*_likeliest_first(sample, cyrillic), *latin]


def _likeliest_first(sample: bytes, possible: Sequence[str]) -> list[str]:
    guess = charset_normalizer.from_bytes(sample, cp_isolation=[*possible]).best() if possible else None
    guessed = codecs.lookup(guess.encoding).name if guess else None
    return sorted(possible, key=lambda encoding: guessed is None or codecs.lookup(encoding).name != guessed)


def _looks_latin(sample: bytes) -> bool:
    """Return True if there were no Russian word in any encoding, but Russian letters within words of Latin ones."""
    windows, dos = (sample.decode(encoding, "replace") for encoding in ("cp1251", "cp866"))
    return bool(_MIXED_WORD.search(windows)) and not any(map(_RUSSIAN_WORD.search, (windows, dos)))


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
