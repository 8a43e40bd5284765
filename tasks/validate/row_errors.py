"""Say of each rejected reading what is wrong, in which column, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.reasons import ADVICE, SUSPECT_REASONS, Reason
from schemas.table_schema import TableSchema
from tasks.validate.parse_readings import BIT, HOUR_IS_BAD, word_places


class _Blame(NamedTuple):
    """Rows with one reason, and the column to look at."""

    rows: pa.Table
    column: pa.Array
    raw_value: pa.Array | None = None
    """None: what stands in the column of the raw row."""
    of_whole_row: bool = False
    cell_in: pa.Array | None = None
    """The column whose cell to look at, where it is another."""


def row_errors(layouts: Sequence[TableSchema], rejected: pa.Table) -> pa.Table:
    """List what is wrong: one row per reading and reason, and once per source row if the row is to blame.

    Columns: table, row_num, column_name, cell, meter_code, metric, raw_value, reason, message.
    """
    rejected = _in_words(rejected)
    parts = [
        _errors(layouts, blame, reason)
        for reason in Reason
        if reason not in SUSPECT_REASONS
        for blame in _blames(layouts, rejected, reason)
        if len(blame.rows)
    ]
    return pa.concat_tables(parts)


def _in_words(rows: pa.Table) -> pa.Table:
    fields = [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in rows.schema]
    return rows.cast(pa.schema(fields))


def unreadable(layout: TableSchema, parsed: pa.Table) -> pa.Table:
    """List what is wrong with the parsed readings of one table before any rule or reference table is asked."""
    wrong = parsed.filter(pc.not_equal(parsed.column("problems"), 0))
    return row_errors([layout], wrong) if len(wrong) else wrong


def _blames(layouts: Sequence[TableSchema], rejected: pa.Table, reason: Reason) -> Iterator[_Blame]:
    rows = rejected.filter(_has(rejected, BIT[reason]))
    if not len(rows):
        return
    if reason in (Reason.BAD_TIMESTAMP, Reason.FORMULA_WITHOUT_VALUE):
        is_time = _has(rows, BIT[Reason.BAD_TIMESTAMP])
        if reason is Reason.FORMULA_WITHOUT_VALUE:
            is_time = pc.and_not(pc.is_null(rows.column("ts")), is_time)
        yield _blame_time(layouts, rows.filter(is_time))
        rows = rows.filter(pc.invert(is_time))
        yield _Blame(rows, rows.column("column_key"))
    elif reason is Reason.MISSING_COLUMN:
        # The whole line stands in the last column's cell of the raw row.
        first, last = (_of_table(rows, [layout.columns[place].key for layout in layouts]) for place in (0, -1))
        yield _Blame(rows, last, of_whole_row=True, cell_in=first)
    elif reason is Reason.UNMAPPED_CODE:
        codes = [pc.coalesce(rows.column(f"{name}_code"), "") for name in ("building", "itp", "meter")]
        columns = _of_table(rows, [layout.meter_column for layout in layouts])
        given = pc.utf8_trim(pc.binary_join_element_wise(*codes, "/"), characters="/")
        yield _Blame(rows, columns, given, of_whole_row=True)
    elif reason is Reason.UNKNOWN_METRIC:
        yield _Blame(rows, _of_table(rows, [layout.metric_column for layout in layouts]))
    elif reason is Reason.UNKNOWN_UNIT:
        units = _of_table(rows, [layout.unit_column for layout in layouts])
        yield _Blame(rows, pc.coalesce(units, rows.column("column_key")))
    else:
        yield _Blame(rows, rows.column("column_key"))


def _blame_time(layouts: Sequence[TableSchema], rows: pa.Table) -> _Blame:
    dates = _of_table(rows, [layout.timestamp_column or layout.date_column for layout in layouts])
    hours = _of_table(rows, [layout.hour_column for layout in layouts])
    return _Blame(rows, pc.if_else(_has(rows, HOUR_IS_BAD), hours, dates), of_whole_row=True)


def _has(rows: pa.Table, bit: int) -> pa.Array:
    return pa.array(rows.column("problems").to_numpy() & bit != 0)


def _of_table(rows: pa.Table, values: Sequence[str | None]) -> pa.ChunkedArray:
    return pa.array(values, pa.string()).take(rows.column("table"))


def _errors(layouts: Sequence[TableSchema], blame: _Blame, reason: Reason) -> pa.Table:
    rows = blame.rows
    count = len(rows)
    table = pa.table(
        {
            "table": rows.column("table"),
            "row_num": rows.column("row_num"),
            "column_name": blame.column,
            "cell": _cells(layouts, rows, blame.column if blame.cell_in is None else blame.cell_in),
            "meter_code": rows.column("meter_code"),
            "metric": pa.nulls(count, pa.string()) if blame.of_whole_row else rows.column("metric"),
            "raw_value": pa.nulls(count, pa.string()) if blame.raw_value is None else blame.raw_value,
            "reason": pa.repeat(str(reason), count),
            "message": pa.repeat(ADVICE[reason], count),
        }
    )
    return table.take(_first_of_rows(rows)) if blame.of_whole_row else table


def _cells(layouts: Sequence[TableSchema], rows: pa.Table, column: pa.Array | pa.ChunkedArray) -> pa.Array:
    letters = column_letters(layouts, rows.column("table"), column)
    return pc.binary_join_element_wise(letters, rows.column("row_num").cast(pa.string()), "")


def column_letters(
    layouts: Sequence[TableSchema], tables: pa.ChunkedArray, columns: pa.Array | pa.ChunkedArray
) -> pa.Array:
    """Give the Excel letter of the column that stands beside each table's number; null if it has none."""
    keys = columns.combine_chunks() if isinstance(columns, pa.ChunkedArray) else columns
    words = keys if isinstance(keys, pa.DictionaryArray) else keys.dictionary_encode()
    letters = [{column.key: column.letter for column in layout.columns} for layout in layouts]
    lookup = [of.get(key) for of in letters for key in [*words.dictionary.to_pylist(), None]]
    place = tables.to_numpy() * (len(words.dictionary) + 1) + word_places(words)
    return pa.array(lookup, pa.string()).take(pa.array(place))


def _first_of_rows(rows: pa.Table) -> pa.Array:
    """Give the place of the first reading of each source row (a row of one file's table)."""
    keys = rows.column("table").to_numpy().astype(np.int64) << 32 | rows.column("row_num").to_numpy()
    return pa.array(np.sort(np.unique(keys, return_index=True)[1]))
