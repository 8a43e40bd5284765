"""Read a csv of any usual encoding and delimiter as a stream: memory is bounded by the batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.reasons import Reason
from schemas.table_spec import TableSpec
from tasks.ingest.cut_records import Chunk, Records, Source, cut_records, split_cells, split_rows
from tasks.ingest.detect_dialect import Dialect, detect_dialect
from tasks.ingest.find_header import wanted_columns
from tasks.ingest.grids import LineBatch, Row, column_index
from tasks.ingest.utf8_stream import BarStream, Utf8Stream, find_not_utf8
from tasks.warehouse.storage import LOCAL

_MAX_LINES_COMPARED = 60
_MAX_ERROR_LENGTH = 200
_SMALL_BYTES = 1 << 16


class CsvGrid:
    """A csv as a grid of text cells."""

    sheet = None
    epoch = 1900
    counts_blank_lines = True

    def __init__(self, file: Path, dialect: Dialect) -> None:
        self._file = file
        self._dialect = dialect
        self._usual_widths: dict[int, int] = {}
        self._rows: list[Row] | None = None
        """All lines of a small file, which are looked at again and again."""

    @classmethod
    def open(cls, file: Path, specs: Sequence[TableSpec]) -> CsvGrid:
        """Find out encoding and delimiter: of several, those in which the mapping finds most columns.

        Raises:
            FileError: the text is damaged; names the byte.

        """
        if specs and all(spec.header == "none" for spec in specs):
            letters = [column_index(heading) for spec in specs for heading in spec.headings]
            return cls(file, detect_dialect(file, (), min_width=max(letters, default=0) + 1))
        return cls(file, detect_dialect(file, [wanted for spec in specs for wanted in wanted_columns(spec)]))

    def rows(self) -> Iterator[Row]:
        """Yield the lines from the top; a record of several comes in the last of them, after CONTINUED."""
        if self._rows is None and (stat := LOCAL.stat(self._file)) and stat.size_bytes < _SMALL_BYTES:
            self._rows = [*self._read_rows()]
        yield from self._read_rows() if self._rows is None else self._rows

    def _read_rows(self) -> Iterator[Row]:
        with LOCAL.open(self._file) as file:
            yield from split_rows(self._stream(file), self._dialect.delimiter)

    def _stream(self, file: BufferedIOBase) -> Source:
        stream = Utf8Stream(file, self._dialect.encoding)
        return BarStream(stream) if self._dialect.is_framed else stream

    def used_columns(self, header_line: int, width: int) -> list[int]:
        """Return every column; where a delimiter ends each data line, the empty column behind it too."""
        return list(range(max(self._usual_width(header_line, width), width)))

    def _usual_width(self, header_line: int, width: int) -> int:
        """Return how many cells most lines below a header have; its tables, which may be many, all ask."""
        if header_line not in self._usual_widths:
            lines = islice(self.rows(), header_line, header_line + _MAX_LINES_COMPARED)
            widths = Counter(len(row) for row in lines if sum(map(bool, row)) > 1)
            self._usual_widths[header_line] = widths.most_common(1)[0][0] if widths else width
        return self._usual_widths[header_line]

    def batches_below(self, line: int, width: int) -> Iterator[LineBatch]:
        """Yield the lines below a line.

        Raises:
            FileError: the text is damaged; names the byte.

        """
        usual = min(self._usual_width(line, width), width)
        delimiter = self._dialect.delimiter

        def parse(content: bytes) -> Records:
            return _parse(content, delimiter, usual)

        with LOCAL.open(self._file) as file:
            chunks = cut_records(self._stream(file), delimiter, after_line=line, widths={usual, width}, parse=parse)
            try:
                for chunk in chunks:
                    yield self._batch(chunk, chunk.records or parse(chunk.content), usual, width)
            except (pa.ArrowInvalid, UnicodeError) as error:
                raise self._find_cause(error) from None

    def _batch(self, chunk: Chunk, records: Records, usual: int, width: int) -> LineBatch:
        """Return the records of a chunk: most have `usual` cells, none should have more than `width`."""
        irregular = records.irregular
        columns = [column.combine_chunks() for column in records.cells.columns]
        columns += [pa.nulls(len(records.cells), pa.string())] * (width - usual)
        lines = np.delete(np.arange(chunk.lines, dtype=np.int32), chunk.continued) + chunk.first_line
        batch = LineBatch(pa.array(np.delete(lines, list(irregular))), columns, {}, {}, _spans(chunk))
        if not irregular and not chunk.misquoted:
            return batch
        delimiter = self._dialect.delimiter
        others = {int(lines[record]): split_cells(text, delimiter) for record, text in irregular.items()}
        misquoted: dict[int, Row] = {
            chunk.first_line + index: [*text.split(delimiter)] for index, text in chunk.misquoted.items()
        }
        problems = {line: Reason.SURPLUS_CELL for line, cells in others.items() if any(cells[width:])}
        problems |= dict.fromkeys(misquoted, Reason.BAD_QUOTING)
        batch = batch._replace(
            problems=problems, lengths={line: len(cells) for line, cells in others.items() if len(cells) < usual}
        )
        rows = {line: _fit(cells, width, delimiter) for line, cells in (others | misquoted).items()}
        return _insert_rows(batch, rows)

    def _find_cause(self, error: Exception) -> FileError:
        """Return what is wrong with a csv that pyarrow refuses; it does not say which byte is not text."""
        if self._dialect.encoding == "utf-8" and (offset := find_not_utf8(self._file)) is not None:
            return FileError(FileProblem.BYTE_NOT_IN_ENCODING, offset=offset, encoding="utf-8")
        return FileError(FileProblem.CSV_UNREADABLE, error=str(error).splitlines()[0][:_MAX_ERROR_LENGTH])


def _parse(content: bytes, delimiter: str, width: int) -> Records:
    # Of a small block the hand-over to the one thread that works without threads costs more than the work.
    if len(content) < _SMALL_BYTES and not (records := _read_block(content, delimiter, width, True)).irregular:
        return records
    return _read_block(content, delimiter, width, False)


def _read_block(content: bytes, delimiter: str, width: int, use_threads: bool) -> Records:
    """Read a block; with threads the records that are set aside have no numbers."""
    irregular: dict[int, str] = {}

    def set_aside(record: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow
        irregular[(record.number or 0) - 1] = record.text
        return "skip"

    keys = [str(index) for index in range(width)]
    table = pa.csv.read_csv(
        pa.BufferReader(content),
        read_options=pa.csv.ReadOptions(use_threads=use_threads, block_size=len(content), column_names=keys),
        parse_options=pa.csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=pa.csv.ConvertOptions(column_types={key: pa.string() for key in keys}),
    )
    return Records(table, irregular)


def _spans(chunk: Chunk) -> dict[int, int]:
    """Return how many lines the records of several lines have, by the number of the first."""
    spans: dict[int, int] = {}
    first, previous = -1, -1
    for index in chunk.continued:
        first = first if index - 1 == previous else index - 1
        previous = index
        spans[chunk.first_line + first] = index - first + 1
    return spans


def _fit(cells: Row, width: int, delimiter: str) -> Row:
    """Return as many cells as the table has columns; the last holds what is left of the line."""
    if len(cells) <= width:
        return cells + [None] * (width - len(cells))
    rest = cells[width - 1 :] if any(cells[width:]) else cells[width - 1 : width]
    return [*cells[: width - 1], delimiter.join(cell or "" for cell in rest) or None]


def _insert_rows(batch: LineBatch, rows: dict[int, Row]) -> LineBatch:
    """Return a batch with further lines in their places; they replace those with the same number."""
    numbers = batch.numbers.to_numpy()
    kept = np.flatnonzero(~np.isin(numbers, list(rows)))
    order = np.argsort(np.concatenate([numbers[kept], list(rows)]), kind="stable")

    def merge(own: pa.Array, further: pa.Array) -> pa.Array:
        return pa.concat_arrays([own.take(pa.array(kept)), further]).take(pa.array(order))

    further = [pa.array(cells, pa.string()) for cells in zip(*rows.values(), strict=True)]
    return batch._replace(
        numbers=merge(batch.numbers, pa.array(list(rows), pa.int32())),
        columns=[merge(*pair) for pair in zip(batch.columns, further, strict=True)],
    )
