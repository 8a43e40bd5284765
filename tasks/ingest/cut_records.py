"""Cut a csv into chunks of whole records, and number their lines as a person counts them.

A line break between quotation marks belongs to its cell only where the record that it makes looks like one: it is
quoted properly, has as many cells as the table, and swallows no line that is a record by itself. Else the mark is a
stray one: its line is set aside, and reading goes on at the next line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Set
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.ingest.grids import CONTINUED, Row

MAX_CELL_BYTES = 1 << 20
"""A longer line fails the file, and no record of several lines is longer."""
# The csv module's own limit of 128 kB a cell would refuse what is shorter.
csv.field_size_limit(2 * MAX_CELL_BYTES)
HEAD_BYTES = 1 << 16
"""Who wants single rows wants a few from the top."""
_QUOTE, _LINE_BREAK = ord('"'), ord("\n")


class Source(Protocol):
    """A text as UTF-8."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes; none at the end."""
        ...


class Records(NamedTuple):
    """The records of a text, parsed."""

    cells: pa.Table
    """Of those with as many cells as the table."""
    irregular: dict[int, str]
    """Index → text of the others."""


class Chunk(NamedTuple):
    """Consecutive lines of a csv, whole records: each line ends in a line feed."""

    content: bytes
    """Misquoted lines are emptied."""
    first_line: int
    """Number of the first line."""
    lines: int
    continued: list[int]
    """Indexes of lines that go on with the record of the line above."""
    misquoted: dict[int, str]
    """Index → text of lines with a quotation mark that is never closed."""
    records: Records | None = None
    """Where parsing them was the way to find out."""


def cut_records(
    source: Source,
    delimiter: str,
    *,
    after_line: int = 0,
    widths: Set[int] = frozenset(),
    parse: Callable[[bytes], Records] | None = None,
    block_bytes: int | None = None,
) -> Iterator[Chunk]:
    """Yield the lines below a line.

    Args:
        source: The text.
        delimiter: Between two cells.
        after_line: How many lines to leave out.
        widths: How many cells a record of the table may have; empty: not known.
        parse: A fast parser of records. If it makes one of each line, their quotation marks need no closer look.
        block_bytes: How much to read at a time; None: MAX_CELL_BYTES.

    Raises:
        FileError: a line is too long.

    """
    quoting = _Quoting(delimiter, widths, parse)
    line, rest = 1, b""
    for block, is_last in blocks(source, block_bytes or MAX_CELL_BYTES):
        data = rest + block
        if line <= after_line:
            data, skipped = _skip_lines(data, after_line + 1 - line)
            line += skipped
        if is_last and data and not data.endswith(b"\n"):
            data += b"\n"
        whole, rest = data[: (end := data.rfind(b"\n") + 1)], data[end:]
        if line <= after_line or not whole:
            if len(rest) > MAX_CELL_BYTES:
                raise FileError(FileProblem.CSV_LINE_TOO_LONG, line=line, max_megabytes=MAX_CELL_BYTES >> 20)
            continue
        chunk, unfinished = quoting.resolve(whole, line, is_last=is_last)
        rest = unfinished + rest
        if chunk.lines:
            yield chunk
        line += chunk.lines


def split_rows(source: Source, delimiter: str) -> Iterator[Row]:
    """Yield a row for each line; a record of several lines comes in the last of them, after CONTINUED."""
    for chunk in cut_records(source, delimiter, block_bytes=HEAD_BYTES):
        continued = set(chunk.continued)
        record: list[str] = []
        for index, text in enumerate(chunk.content.decode("utf-8", "replace").split("\n")[:-1]):
            record.append(text)
            if index + 1 in continued:
                yield CONTINUED
                continue
            if index in chunk.misquoted:
                yield [cell or None for cell in chunk.misquoted[index].split(delimiter)]
            else:
                yield split_cells("\n".join(record), delimiter)
            record.clear()


def split_cells(record: str, delimiter: str) -> Row:
    """Return the cells of a record."""
    return [cell or None for cell in next(csv.reader([record], delimiter=delimiter), [])]


def blocks(source: Source, size: int) -> Iterator[tuple[bytes, bool]]:
    r"""Yield blocks whose line breaks are all `\n`, each with whether it is the last."""
    pending = b""
    while block := source.read(size):
        block = pending + block
        # Half of a line break may be at the end of a block.
        pending = b"\r" if block.endswith(b"\r") else b""
        yield _with_line_feeds(block[: len(block) - len(pending)]), False
    yield pending and b"\n", True


def _with_line_feeds(block: bytes) -> bytes:
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in block else block


def _skip_lines(data: bytes, lines: int) -> tuple[bytes, int]:
    """Return what is below some lines, and how many of them these data hold."""
    if (count := data.count(b"\n")) <= lines:
        return data[data.rfind(b"\n") + 1 :], count
    start = 0
    for _ in range(lines):
        start = data.find(b"\n", start) + 1
    return data[start:], lines


class _Quoting:
    """Finds out what the quotation marks of a csv mean."""

    def __init__(self, delimiter: str, widths: Set[int], parse: Callable[[bytes], Records] | None) -> None:
        self._parse = parse
        self._delimiter = delimiter.encode()
        self._widths = widths
        d = re.escape(self._delimiter)
        cell = rb'(?:"(?:[^"\n]++|"")*+"[^%(d)s\n]*+|(?!")[^%(d)s\n]*+)' % {b"d": d}
        self._line = re.compile(rb"%b(?:%b%b)*+" % (cell, d, cell))
        self._behind_mark = re.compile(rb'(?:^|%b)"(?:[^"\n]++|"")*+"(?!%b|$)' % (d, d))
        self._quoted = re.compile(rb'"(?:[^"]++|"")*+"')
        self._is_border = np.zeros(256, dtype=bool)
        self._is_border[[self._delimiter[0], _LINE_BREAK]] = True
        self._plain = re.compile(rb"[^%b\n]*+" % d)

    def resolve(self, data: bytes, first_line: int, *, is_last: bool) -> tuple[Chunk, bytes]:
        """Return whole lines as a chunk, and the beginning of a record that goes on behind them."""
        if b'"' not in data:
            return Chunk(data, first_line, data.count(b"\n"), [], {}), b""
        if records := self._parse_lines(data):
            return Chunk(data, first_line, len(records.cells) + len(records.irregular), [], {}, records), b""
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _LINE_BREAK)
        starts = np.concatenate([[0], ends[:-1] + 1])
        continued: list[int] = []
        misquoted: dict[int, str] = {}
        lines, next_record = len(ends), 0
        for index in self._suspects(data, ends):
            start = int(starts[index])
            if index < next_record or self._closes(data, start, int(ends[index])):
                continue
            end = self._end_of_record(data, start)
            if end is None and not is_last and len(data) - start <= MAX_CELL_BYTES:
                lines = index
                break
            last = int(np.searchsorted(ends, end)) if end else index
            if last == index or self._swallows(data[start:end].split(b"\n")):
                misquoted[index] = data[start : ends[index]].decode("utf-8", "replace")
            else:
                continued += range(index + 1, last + 1)
                next_record = last + 1
        cut = int(starts[lines]) if lines < len(ends) else len(data)
        content = _without_lines(data[:cut], [(int(starts[index]), int(ends[index])) for index in misquoted])
        return Chunk(content, first_line, lines, continued, misquoted), data[cut:]

    def _parse_lines(self, data: bytes) -> Records | None:
        """Return the records of the data, if each is a line; None: not so, or not certain."""
        last = data.rfind(b"\n", 0, -1) + 1
        # A mark left open swallows line breaks, but for that of the last line.
        if self._parse is None or not self._closes(data, last, len(data) - 1):
            return None
        try:
            records = self._parse(data)
        except pa.ArrowInvalid:
            return None
        is_certain = len(records.cells) + len(records.irregular) == data.count(b"\n") and not any(
            '"' in text for text in records.irregular.values()
        )
        return records if is_certain else None

    def _suspects(self, data: bytes, ends: np.ndarray) -> list[int]:
        """Return the indexes of lines whose quotation marks do not just enclose whole cells."""
        content = np.frombuffer(b"\n" + data + b"\n", np.uint8)
        marks = np.flatnonzero(content == _QUOTE)
        counts = np.diff(np.searchsorted(marks, ends + 1), prepend=0)
        is_suspect = counts % 2 == 1
        if not is_suspect.any():
            beside = np.stack([content[marks[::2] - 1], content[marks[1::2] + 1]])
            if self._is_border[beside].all():
                return []
        is_closing = (np.arange(len(marks)) - np.repeat(np.cumsum(counts) - counts, counts)) % 2 == 1
        beside = np.where(is_closing, content[marks + 1], content[marks - 1])
        is_suspect[np.searchsorted(ends, marks - 1)[~self._is_border[beside]]] = True
        suspects: list[int] = np.flatnonzero(is_suspect).tolist()
        return suspects

    def _closes(self, data: bytes, start: int, end: int) -> bool:
        """Return True if a line is a record by itself; a mark within a cell is a character like others.

        Where a cell goes on behind its closing mark, the mark may be one that opens the next cell: then cells are lost.
        """
        match = self._line.match(data, start)
        if match is None or match.end() != end:
            return False
        if not self._widths or not self._behind_mark.search(match[0]):
            return True
        return len(split_cells(match[0].decode("utf-8", "replace"), self._delimiter.decode())) in self._widths

    def _end_of_record(self, data: bytes, start: int) -> int | None:
        """Return where a record ends; 0: it is not quoted properly; None: its last mark is not closed."""
        cells, position = 0, start
        while True:
            is_quoted = data.startswith(b'"', position)
            match = (self._quoted if is_quoted else self._plain).match(data, position)
            if match is None:
                return None
            cells, position = cells + 1, match.end()
            if data.startswith(b"\n", position):
                return position if cells in (self._widths or {cells}) and cells > 1 else 0
            if not data.startswith(self._delimiter, position):
                return 0
            position += 1

    def _swallows(self, lines: list[bytes]) -> bool:
        """Return True if one of the other lines of a record looks like a record of the same table."""
        first, *others = ([_shape(cell) for cell in line.split(self._delimiter)] for line in lines)
        widths = self._widths or {len(first)}
        return any(len(cells) in widths and cells[0] == first[0] for cells in others)


def _shape(cell: bytes) -> bytes:
    """Return what cells of a column have in common: `0-0-0 0:0` for each date."""
    return re.sub(rb"[A-Za-z\x80-\xff]+", b"a", re.sub(rb"\d+", b"0", cell.strip(b" ")))


def _without_lines(data: bytes, lines: list[tuple[int, int]]) -> bytes:
    """Return the data with some lines emptied."""
    pieces, done = [], 0
    for start, end in lines:
        pieces.append(data[done:start])
        done = end
    return b"".join([*pieces, data[done:]])
