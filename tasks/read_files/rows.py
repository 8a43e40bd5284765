"""What readers of all kinds share: the raw table, and which of its lines are readings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from schemas.layouts import TableLayout
from schemas.metrics import fold

_TOTALS = r"(?i)^\s*(итого|всего|среднее|средняя|сумма|максимум|минимум|макс|мин|total)([\s:.,;]|$)"


class RawTable(NamedTuple):
    """One table of a file: what was found, and its rows as text.

    A batch has `row_num` (int32, the line as a person counts it) and a string column per
    `layout.columns`, named by its key. Numbers are written so that float(text) gives the cell back,
    dates are ISO, an empty cell is null.
    """

    layout: TableLayout
    batches: Iterator[pa.RecordBatch]


def row_schema(layout: TableLayout) -> pa.Schema:
    """Give the schema of a table's batches."""
    return pa.schema([("row_num", pa.int32()), *((column.key, pa.string()) for column in layout.columns)])


def leave_out_lines(batch: pa.RecordBatch, layout: TableLayout) -> pa.RecordBatch:
    """Leave out blank lines, repeated headers and totals, and count them in `layout.skipped`."""
    cells = [pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), None, column) for column in batch.columns[1:]]
    first = pc.coalesce(*cells)
    blank = pc.is_null(first)
    total = pc.fill_null(pc.match_substring_regex(first, _TOTALS), False)
    header = _repeats_header(cells, layout)
    for kind, mask in (("пустые строки", blank), ("итоговые строки", total), ("повторы шапки", header)):
        if count := pc.sum(mask).as_py():
            layout.skipped[kind] = layout.skipped.get(kind, 0) + count
    left_out = pc.or_(pc.or_(blank, total), header)
    kept = pa.RecordBatch.from_arrays([batch.column(0), *cells], schema=batch.schema)
    return kept.filter(pc.invert(left_out)) if pc.any(left_out).as_py() else kept


def _repeats_header(cells: list[pa.Array], layout: TableLayout) -> pa.Array:
    """Tell which lines repeat the header: their time column holds its own heading."""
    key = layout.timestamp_column or layout.date_column
    place = next(place for place, column in enumerate(layout.columns) if column.key == key)
    spellings = cells[place].dictionary_encode()
    wanted = fold(layout.columns[place].heading)
    is_heading = pa.array([fold(text) == wanted for text in spellings.dictionary.to_pylist()], pa.bool_())
    return pc.fill_null(is_heading.take(spellings.indices), False)
