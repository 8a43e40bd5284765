"""What readers of all kinds share: the grid that they return, and the batches of raw rows made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from schemas.problems import SkippedLines
from schemas.raw_rows import RAGGED, raw_row_schema
from schemas.table_schema import TableSchema
from tasks.ingest.filter_rows import RowFilter, TableRows, is_total

Row = list[str | None]


class RawTable(NamedTuple):
    """One table of a file: what was found, and its rows as text.

    A batch has `row_num` (int32, the line as a person counts it) and a string column per
    `schema.columns`, named by its key. Numbers are written so that float(text) gives the cell back,
    dates are ISO, an empty cell is null.
    """

    schema: TableSchema
    batches: Iterator[pa.RecordBatch]


class LineBatch(NamedTuple):
    """Consecutive lines of a grid: one array a column, left to right."""

    numbers: pa.Array
    """int32: the line as a person counts it."""
    columns: list[pa.Array]
    ragged: list[tuple[int, str]]
    """Lines with too few or too many cells: number and whole text."""


class Grid(Protocol):
    """A sheet, or a csv: text cells in lines that are counted from 1, columns from 0."""

    @property
    def sheet(self) -> str | None:
        """Name of the sheet; None for a csv."""
        ...

    @property
    def epoch(self) -> int:
        """1900 or 1904: the year from which it counts days that are written as a number."""
        ...

    def rows(self) -> Iterator[Row]:
        """Yield the lines from the top, one by one."""
        ...

    def used_columns(self, header_line: int, width: int) -> list[int]:
        """Return the indexes of the columns that hold anything at or below a header of that width."""
        ...

    def batches_below(self, line: int, width: int) -> Iterator[LineBatch]:
        """Yield the lines below a line, `width` columns of them."""
        ...


def raw_batches(
    lines: Iterator[LineBatch], schema: TableSchema, indexes: Sequence[int], row_filter: RowFilter
) -> Iterator[pa.RecordBatch]:
    """Yield a table's readings unchanged, without empty batches; what is left out is counted in `schema.skipped`."""
    return (batch for batch in _filtered(lines, schema, indexes, row_filter) if len(batch))


def _filtered(
    lines: Iterator[LineBatch], schema: TableSchema, indexes: Sequence[int], row_filter: RowFilter
) -> Iterator[pa.RecordBatch]:
    arrow_schema = raw_row_schema(column.key for column in schema.columns)
    is_below = False
    for batch in lines:
        cells = [_null_if_blank(batch.columns[index]) for index in indexes]
        rows = TableRows(pa.RecordBatch.from_arrays([batch.numbers, *cells], schema=arrow_schema), schema, row_filter)
        if not is_below and (end := rows.end_of_table()) is not None:
            yield _leave_out(rows.slice(0, end))
            rows, is_below = rows.slice(end), True
        if is_below:
            _count(schema, SkippedLines.BELOW_TABLE, len(rows.first_cells.drop_null()) + len(batch.ragged))
            continue
        yield _leave_out(rows)
        if batch.ragged:
            yield from _ragged_batches(batch.ragged, schema)


def _null_if_blank(column: pa.Array) -> pa.Array:
    blank = pc.or_(pc.utf8_is_space(column), pc.equal(column, ""))
    return pc.if_else(blank, None, column) if pc.any(blank).as_py() else column


def _count(schema: TableSchema, kind: SkippedLines, count: int | None) -> None:
    if count:
        schema.skipped[kind.value] = schema.skipped.get(kind.value, 0) + count


def _leave_out(rows: TableRows) -> pa.RecordBatch:
    """Leave out blank lines, repeated headers, totals and notes, and count them."""
    if not len(rows.batch):
        return rows.batch
    left_out = pc.is_null(rows.first_cells)
    _count(rows.schema, SkippedLines.BLANK, pc.sum(left_out).as_py())
    for kind, find in (
        (SkippedLines.TOTAL, rows.are_totals),
        (SkippedLines.REPEATED_HEADER, rows.are_headers),
        (SkippedLines.NOTE, rows.are_notes),
    ):
        mask = pc.and_not(find(), left_out)
        _count(rows.schema, kind, pc.sum(mask).as_py())
        left_out = pc.or_(left_out, mask)
    return rows.batch.filter(pc.invert(left_out)) if pc.any(left_out).as_py() else rows.batch


def _ragged_batches(ragged: list[tuple[int, str]], schema: TableSchema) -> Iterator[pa.RecordBatch]:
    """Keep lines with too few or too many cells whole: which cell is which would be a guess."""
    kept = []
    for number, text in ragged:
        words = text.strip(' \t;,|"')
        if not words:
            _count(schema, SkippedLines.BLANK, 1)
        elif is_total(words):
            _count(schema, SkippedLines.TOTAL, 1)
        else:
            kept.append((number, f"{RAGGED}{text}"))
    if kept:
        empty = pa.nulls(len(kept), pa.string())
        whole = pa.array([text for _, text in kept], pa.string())
        numbers = pa.array([number for number, _ in kept], pa.int32())
        arrays = [numbers, *([empty] * (len(schema.columns) - 1)), whole]
        yield pa.RecordBatch.from_arrays(arrays, schema=raw_row_schema(column.key for column in schema.columns))
