"""Find out the encoding and the delimiter of a csv."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import charset_normalizer

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.ingest.detect_kind import utf16_codec
from tasks.ingest.find_header import WantedColumn, count_known
from tasks.ingest.table_rows import Row
from tasks.warehouse.storage import LOCAL

MAX_CELL_BYTES = 1 << 20
"""A longer cell, or a quote that is never closed, fails the file; pyarrow reads in blocks of this size."""
_SAMPLE_BYTES = 1 << 18
_MAX_LINES = 60
_DELIMITERS = ";,\t|"
_CYRILLIC = ("cp1251", "koi8-r", "cp866")
"""Likeliest first: utilities that do not write UTF-8 write cp1251."""
# The csv module's own limit of 128 kB a cell would refuse what pyarrow reads.
csv.field_size_limit(MAX_CELL_BYTES)


class Dialect(NamedTuple):
    """How a csv is written."""

    encoding: str
    delimiter: str


def detect_dialect(file: Path, wanted: Sequence[WantedColumn]) -> Dialect:
    """Return the dialect in which most of the wanted columns are found; without any, the most regular table.

    Raises:
        FileError: the text is damaged; names the byte.

    """
    with LOCAL.open(file) as stream:
        head = stream.read(_SAMPLE_BYTES)

    def fit(dialect: Dialect) -> int:
        text = io.StringIO(head.decode(dialect.encoding, "replace"), newline="")
        rows = list(itertools.islice(split_rows(text, dialect.delimiter), _MAX_LINES))
        if not wanted:
            return max(Counter(len(row) for row in rows if len(row) > 1).values(), default=0)
        return max((count_known(row, wanted) for row in rows), default=0)

    encodings = _possible_encodings(file, head)
    return max((Dialect(encoding, delimiter) for encoding in encodings for delimiter in _DELIMITERS), key=fit)


def split_rows(text: io.TextIOBase, delimiter: str) -> Iterator[Row]:
    """Yield a row for each line; a row of several lines comes in the last of them, after empty ones.

    Raises:
        FileError: a cell is too long, or the csv is malformed.

    """
    reader = csv.reader(text, delimiter=delimiter)
    previous_line = 0
    try:
        for row in reader:
            yield from ([] for _ in range(reader.line_num - previous_line - 1))
            previous_line = reader.line_num
            yield [cell or None for cell in row]
    except csv.Error as error:
        if "field limit" in str(error):  # the csv module has one class of error, without a code
            raise cell_too_long(reader.line_num) from None
        raise FileError(FileProblem.CSV_LINE_UNREADABLE, line=reader.line_num, error=str(error)) from None


def cell_too_long(line: int | None) -> FileError:
    """Return the error of a cell beyond MAX_CELL_BYTES; without a line where that is not known."""
    max_megabytes = MAX_CELL_BYTES >> 20
    if line is None:
        return FileError(FileProblem.CSV_BLOCK_TOO_LONG, max_megabytes=max_megabytes)
    return FileError(FileProblem.CSV_CELL_TOO_LONG, line=line, max_megabytes=max_megabytes)


def _possible_encodings(file: Path, head: bytes) -> list[str]:
    """List the encodings in which the first unusual bytes of a file are text, likeliest first."""
    if utf16 := utf16_codec(head):
        return [utf16]
    if (offset := head.find(b"\0")) >= 0:
        raise FileError(FileProblem.NUL_BYTE, offset=offset)
    start, sample = _first_not_ascii(file)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as error:
        return _cyrillic_encodings(sample, start + error.start)
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
    guess = charset_normalizer.from_bytes(sample, cp_isolation=possible).best()
    guessed = codecs.lookup(guess.encoding).name if guess else None
    return sorted(possible, key=lambda encoding: guessed is None or codecs.lookup(encoding).name != guessed)


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
