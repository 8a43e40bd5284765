"""Read a text whose columns begin at fixed positions as a stream: memory is bounded by the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.reasons import Reason
from schemas.table_spec import TableSpec
from tasks.ingest.cut_records import HEAD_BYTES, MAX_CELL_BYTES, Source, blocks
from tasks.ingest.detect_dialect import detect_encoding_by_columns
from tasks.ingest.find_header import wanted_columns
from tasks.ingest.grids import LineBatch, Row
from tasks.ingest.utf8_stream import Utf8Stream, find_not_utf8
from tasks.warehouse.storage import LOCAL

_LINE_BREAK = ord("\n")
_Bounds = Sequence[tuple[int, int | None]]
"""Of each column the first character, from 0, and the first behind it; None: it goes on to the end of the line."""


class FixedGrid:
    """A text as a grid of text cells, each line cut at the same positions."""

    sheet = None
    epoch = 1900
    counts_blank_lines = True

    def __init__(self, file: Path, encoding: str, bounds: _Bounds) -> None:
        self._file = file
        self._encoding = encoding
        self._bounds = bounds

    @classmethod
    def open(cls, file: Path, specs: Sequence[TableSpec]) -> FixedGrid:
        """Find out the encoding; the tables of a mapping all have the same positions.

        Raises:
            FileError: the text is damaged; names the byte.

        """
        starts = [position - 1 for position in specs[0].positions]
        bounds = [*zip(starts, [*starts[1:], None], strict=True)]
        wanted = [column for spec in specs if spec.header is None for column in wanted_columns(spec)]
        return cls(file, detect_encoding_by_columns(file, wanted, partial(_split_rows, bounds=bounds)), bounds)

    def rows(self) -> Iterator[Row]:
        """Yield the lines from the top, one by one."""
        with LOCAL.open(self._file) as file:
            yield from _split_rows(Utf8Stream(file, self._encoding), self._bounds)

    def used_columns(self, header_line: int, width: int) -> list[int]:
        """Return every column."""
        return list(range(len(self._bounds)))

    def batches_below(self, line: int, width: int) -> Iterator[LineBatch]:
        """Yield the lines below a line.

        Raises:
            FileError: the text is damaged; names the byte.

        """
        first = 1
        with LOCAL.open(self._file) as file:
            for content in _whole_lines(Utf8Stream(file, self._encoding), MAX_CELL_BYTES):
                lines = self._lines_of(content)
                if below := lines[max(line + 1 - first, 0) :]:
                    yield _batch(below, first + len(lines) - len(below), self._bounds[:width])
                first += len(lines)

    def _lines_of(self, content: bytes) -> pa.StringArray:
        ends = np.flatnonzero(np.frombuffer(content, np.uint8) == _LINE_BREAK) + 1
        offsets = pa.py_buffer(np.concatenate([[0], ends]).astype(np.int32))
        lines = pa.StringArray.from_buffers(len(ends), offsets, pa.py_buffer(content))
        try:
            lines.validate(full=True)
        except pa.ArrowInvalid:
            offset = find_not_utf8(self._file)
            raise FileError(FileProblem.BYTE_NOT_IN_ENCODING, offset=offset, encoding=self._encoding) from None
        return lines


def read_lines(file: Path) -> Iterator[str]:
    """Yield the lines of a text as they are.

    Raises:
        FileError: the text is damaged; names the byte.

    """
    encoding = detect_encoding_by_columns(file, (), partial(_split_rows, bounds=()))
    with LOCAL.open(file) as stream:
        yield from _lines(Utf8Stream(stream, encoding))


def _lines(source: Source) -> Iterator[str]:
    for content in _whole_lines(source, HEAD_BYTES):
        yield from content.decode("utf-8", "replace").split("\n")[:-1]


def _split_rows(source: Source, bounds: _Bounds) -> Iterator[Row]:
    for line in _lines(source):
        yield [line[start:stop].strip() or None for start, stop in bounds]


def _whole_lines(source: Source, size: int) -> Iterator[bytes]:
    """Yield blocks of whole lines, each of which ends in a line feed."""
    number, rest = 1, b""
    for block, is_last in blocks(source, size):
        data = rest + block
        if is_last and data and not data.endswith(b"\n"):
            data += b"\n"
        whole, rest = data[: (end := data.rfind(b"\n") + 1)], data[end:]
        if whole:
            yield whole
        number += whole.count(b"\n")
        if len(rest) > MAX_CELL_BYTES:
            raise FileError(FileProblem.FIXED_LINE_TOO_LONG, line=number, max_megabytes=MAX_CELL_BYTES >> 20)


def _batch(lines: pa.StringArray, first: int, bounds: _Bounds) -> LineBatch:
    columns = [pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(lines, start, stop)) for start, stop in bounds]
    columns = [pc.if_else(pc.equal(column, ""), None, column) for column in columns]
    # An editor shows a tab as several characters: where the columns behind it begin is anybody's guess.
    before_last = pc.utf8_slice_codeunits(pc.utf8_rtrim_whitespace(lines), 0, bounds[-1][0])
    tabbed = np.flatnonzero(pc.match_substring(before_last, "\t").to_numpy(zero_copy_only=False)) + first
    numbers = pa.array(np.arange(first, first + len(lines), dtype=np.int32))
    return LineBatch(numbers, columns, dict.fromkeys(tabbed.tolist(), Reason.TAB_IN_LINE), {}, {})
