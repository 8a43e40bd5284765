"""Read a dBase table: records of fixed width, most of them text, behind a header that names the columns.

The format is that of dBase III to IV, Clipper, FoxPro and Visual FoxPro: https://www.clicketyclick.dk/databases/xbase/
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import FileError
from schemas.problems import FileProblem, Kind
from tasks.ingest.detect_dialect import encodings_of
from tasks.ingest.grids import LineBatch, Row
from tasks.warehouse.storage import LOCAL

_MAX_MB = 64
"""A file is held in memory as a whole."""
_HEADER_BYTES = 32
"""Of the table, and of each of its columns."""
_HEADER_END = 0x0D
_FILE_END = b"\x1a"
_DELETED = ord("*")
_SAMPLE_BYTES = 1 << 18
_BATCH_RECORDS = 1 << 16
_VISUAL_FOXPRO = (0x30, 0x31, 0x32)
_ENCODINGS = {0x26: "cp866", 0x65: "cp866", 0xC9: "cp1251", 0x01: "cp437", 0x02: "cp850", 0x03: "cp1252"}
"""Language driver → encoding; many programs write 0, which says nothing."""
_TEXTS = {"C", "N", "F", "D", "L", "M"}
"""Text, digits, digits, dates, yes or no, and a memo."""
_MEMO = "(memo)"
"""A memo is in another file: what the record holds is where, and could be taken for a value."""
_NUMBERS = {"I": "<i4", "B": "<f8", "Y": "<i8", "T": "<i8"}
"""Of Visual FoxPro. A `Y` counts ten-thousandths, a `T` has the Julian day and the milliseconds since midnight."""
_JULIAN_1970 = 2_440_588
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the clock on the wall
_DATE = r"^(\d{4})(\d\d)(\d\d)$"


class _Column(NamedTuple):
    name: bytes
    type: str
    start: int
    """Of its bytes in a record; at 0 stands the mark of deletion."""
    width: int


class DbfGrid:
    """The names of the columns in line 1, record n in line n + 1; those that are deleted are blank."""

    sheet = None
    epoch = 1900
    counts_blank_lines = True

    def __init__(self, headings: Row, columns: list[pa.StringArray], is_deleted: np.ndarray) -> None:
        self._headings = headings
        self._columns = columns
        self._is_deleted = is_deleted

    @classmethod
    def open(cls, file: Path) -> DbfGrid:
        """Read a file.

        Raises:
            FileError: it is too big or damaged, or has a column of a type that is not read.

        """
        with LOCAL.open(file) as stream:
            content = stream.read((_MAX_MB << 20) + 1)
        if len(content) > _MAX_MB << 20:
            raise FileError(FileProblem.PAGE_TOO_BIG, kind=Kind.DBF, max_megabytes=_MAX_MB)
        columns = _read_columns(content)
        records = _cut_records(content, columns)
        encoding = _ENCODINGS.get(content[29]) or _detect_encoding(columns, records)
        try:
            headings = [column.name.decode(encoding).strip() or None for column in columns]
            cells = [_read_cells(column, records, encoding) for column in columns]
        except UnicodeDecodeError as error:
            raise FileError(FileProblem.DAMAGED, error=str(error)) from None
        return cls(headings, cells, records[:, 0] == _DELETED)

    @property
    def deleted_lines(self) -> Sequence[int]:
        """The lines of records that are marked as deleted: they stay in a file until it is packed."""
        lines: list[int] = (np.flatnonzero(self._is_deleted) + 2).tolist()
        return lines

    def rows(self) -> Iterator[Row]:
        """Yield the names, and the records."""
        yield self._headings
        for batch in self.batches_below(1, len(self._columns)):
            cells = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            yield from map(list, cells)

    def used_columns(self, header_line: int, width: int) -> list[int]:
        """Return every column."""
        return list(range(len(self._columns)))

    def batches_below(self, line: int, width: int) -> Iterator[LineBatch]:
        """Yield the records below a line."""
        for first in range(line - 1, len(self._is_deleted), _BATCH_RECORDS):
            is_deleted = pa.array(self._is_deleted[first : first + _BATCH_RECORDS])
            columns = [column.slice(first, len(is_deleted)) for column in self._columns[:width]]
            numbers = pa.array(range(first + 2, first + 2 + len(is_deleted)), pa.int32())
            yield LineBatch(numbers, [pc.if_else(is_deleted, None, column) for column in columns], {}, {}, {})


def _read_columns(content: bytes) -> list[_Column]:
    columns, start = list[_Column](), 1
    is_visual = content[0] in _VISUAL_FOXPRO
    end = min(int.from_bytes(content[8:10], "little"), len(content))
    for place in range(_HEADER_BYTES, end - _HEADER_BYTES + 1, _HEADER_BYTES):
        if content[place] == _HEADER_END:
            break
        name = content[place : place + 11].partition(b"\0")[0]
        kind, width, high = chr(content[place + 11]), content[place + 16], content[place + 17]
        width += high << 8 if kind == "C" else 0
        # Elsewhere a `B` is a memo, too.
        kind = "M" if kind in "BGP" and not (kind == "B" and is_visual) else kind
        is_read = kind in _TEXTS or (is_visual and kind in _NUMBERS and width == np.dtype(_NUMBERS[kind]).itemsize)
        if not is_read:
            raise FileError(FileProblem.DBF_COLUMN_TYPE, column=name.decode("ascii", "replace"), type=kind)
        columns.append(_Column(name, kind, start, width))
        start += width
    if start != int.from_bytes(content[10:12], "little") or not all(column.width for column in columns):
        raise FileError(FileProblem.DAMAGED, error="the columns in its header are not those of its records")
    return columns


def _cut_records(content: bytes, columns: list[_Column]) -> np.ndarray:
    """Return the bytes of the records, a row each."""
    count, begin = int.from_bytes(content[4:8], "little"), int.from_bytes(content[8:10], "little")
    width = columns[-1].start + columns[-1].width if columns else 1
    whole = content[begin:]
    if len(whole) < count * width or whole[count * width :].strip(_FILE_END + b"\0"):
        raise FileError(FileProblem.DAMAGED, error=f"its header counts {count} records, and it holds others")
    records = np.frombuffer(whole, np.uint8, count * width).reshape(count, width)
    if not np.isin(records[:, 0], (_DELETED, ord(" "))).all():
        raise FileError(FileProblem.DAMAGED, error="its records do not begin where they should")
    return records


def _detect_encoding(columns: list[_Column], records: np.ndarray) -> str:
    names = b"".join(column.name for column in columns)
    texts = [records[:, column.start : column.start + column.width] for column in columns if column.type == "C"]
    lines = np.hstack(texts) if texts else np.empty((0, 0), np.uint8)
    unusual = lines[(lines > 127).any(axis=1)][: _SAMPLE_BYTES // max(lines.shape[1], 1)]
    return encodings_of(names + unusual.tobytes())[0]


def _read_cells(column: _Column, records: np.ndarray, encoding: str) -> pa.StringArray:
    cells = np.ascontiguousarray(records[:, column.start : column.start + column.width])
    if column.type in _NUMBERS:
        values = cells.view(_NUMBERS[column.type]).ravel().tolist()
        return pa.array([_number(column.type, value) for value in values], pa.string())
    if column.type == "M":
        has_memo = ~np.isin(cells, (0, ord(" "))).all(axis=1)
        return pc.if_else(pa.array(has_memo), _MEMO, None)
    parts = [
        pa.array(np.char.decode(part, encoding), pa.string())
        for first in range(0, len(cells), _BATCH_RECORDS)
        for part in [cells[first : first + _BATCH_RECORDS].view(f"S{column.width}").ravel()]
    ]
    texts = pc.utf8_trim_whitespace(pa.chunked_array(parts, pa.string()).combine_chunks())
    texts = pc.replace_substring(texts, "\0", "�")
    if column.type == "D":
        texts = pc.replace_substring_regex(texts, _DATE, r"\1-\2-\3")
    nothing = {"D": ["", "0000-00-00"], "L": ["", "?"]}.get(column.type, [""])
    return pc.if_else(pc.is_in(texts, pa.array(nothing)), None, texts)


def _number(kind: str, value: float) -> str | None:
    if kind == "T":
        day, milliseconds = int(value) & 0xFFFFFFFF, int(value) >> 32
        if not day:
            return None
        moment = _EPOCH + dt.timedelta(days=day - _JULIAN_1970, milliseconds=milliseconds)
        return (moment + dt.timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
    if kind == "Y":
        return f"{'-' if value < 0 else ''}{abs(int(value)) // 10_000}.{abs(int(value)) % 10_000:04d}"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
