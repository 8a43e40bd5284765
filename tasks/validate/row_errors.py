"""List for each rejected or suspect reading what is wrong, in which column, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.reasons import ADVICE, OF_WHOLE_LINES, SUSPECT_REASONS, Reason, advice_on_unit, severity_of
from schemas.table_schema import TableSchema
from schemas.table_spec import CODE_NAMES, CodeName
from schemas.time_faults import TIME_FAULTS, TimeFault
from tasks.validate.problem_bits import FACTOR_IS_BAD, HOUR_IS_BAD, INTERVAL_IS_BAD, REASON_BITS, time_faults
from tasks.validate.words import repeat_word, take_words, without_dictionaries, word_indices

_FLAGS = sum(REASON_BITS[reason] for reason in SUSPECT_REASONS)


class _FaultyCells(NamedTuple):
    """Readings with one reason, and the cell that each has it for."""

    rows: pa.Table
    column: pa.Array
    raw_value: pa.Array | None = None
    """None: the text of the column in the raw row; of the whole row where that is null."""
    of_whole_row: bool = False
    """One error for all readings of a source row."""
    cell_column: pa.Array | None = None
    """The column of the cell to look at, where it is another."""


def row_errors(schemas: Sequence[TableSchema], readings: pa.Table) -> pa.Table:
    """List what is wrong: one row per reading and reason, or per source row and reason if the row is at fault.

    Columns: table, row_num, column_name, cell, meter_code, metric, raw_value, reason, severity, message.
    """
    readings = without_dictionaries(readings)
    errors = [
        _list_errors(schemas, cells, reason)
        for reason in Reason
        for cells in _find_cells(schemas, readings, reason)
        if len(cells.rows)
    ]
    return pa.concat_tables(errors)


def without_flags(parsed: pa.Table) -> pa.Table:
    """Return parsed readings without the reasons that only flag them."""
    problems = parsed.column("problems").to_numpy() & ~_FLAGS
    return parsed.set_column(parsed.schema.get_field_index("problems"), "problems", pa.array(problems, pa.int32()))


def row_keys(rows: pa.Table) -> np.ndarray:
    """Return a number that identifies each row's source row in all tables of a batch, in the order of the tables."""
    tables, row_nums = rows.column("table").to_numpy(), rows.column("row_num").to_numpy()
    keys: np.ndarray = tables.astype(np.int64) << 32 | row_nums
    return keys


def column_letters(
    schemas: Sequence[TableSchema], tables: pa.ChunkedArray, columns: pa.Array | pa.ChunkedArray
) -> pa.Array:
    """Return the Excel letter of each column, given with the index of its table; null if it has none."""
    keys = columns.combine_chunks() if isinstance(columns, pa.ChunkedArray) else columns
    words = keys if isinstance(keys, pa.DictionaryArray) else keys.dictionary_encode()
    by_key = [{column.key: column.letter for column in schema.columns} for schema in schemas]
    letters = [table.get(key) for table in by_key for key in [*words.dictionary.to_pylist(), None]]
    indices = tables.to_numpy() * (len(words.dictionary) + 1) + word_indices(words)
    return pa.array(letters, pa.string()).take(pa.array(indices))


def _find_cells(schemas: Sequence[TableSchema], readings: pa.Table, reason: Reason) -> Iterator[_FaultyCells]:
    rows = readings.filter(_has(readings, REASON_BITS[reason]))
    if not len(rows):
        return
    if reason in (Reason.BAD_TIMESTAMP, Reason.FORMULA_WITHOUT_VALUE):
        is_time = _has(rows, REASON_BITS[Reason.BAD_TIMESTAMP])
        if reason is Reason.FORMULA_WITHOUT_VALUE:
            is_time = pc.and_not(pc.is_null(rows.column("ts")), is_time)
        yield from _time_cells(schemas, rows.filter(is_time))
        rows = rows.filter(pc.invert(is_time))
        yield _FaultyCells(rows, rows.column("column_key"))
    elif reason in OF_WHOLE_LINES:
        first = _by_table(rows, [schema.columns[0].key for schema in schemas])
        yield _FaultyCells(rows, pa.nulls(len(rows), pa.string()), of_whole_row=True, cell_column=first)
    elif reason is Reason.NO_CODE:
        columns = [
            pc.if_else(pc.is_null(rows.column(f"{name}_code")), _by_table(rows, _columns_of_code(schemas, name)), None)
            for name in CODE_NAMES
        ]
        yield _FaultyCells(rows, pc.coalesce(*columns), of_whole_row=True)
    elif reason is Reason.UNMAPPED_CODE:
        codes = [pc.coalesce(rows.column(f"{name}_code"), "") for name in ("building", "itp", "meter")]
        raw_value = pc.utf8_trim(pc.binary_join_element_wise(*codes, "/"), characters="/")
        of_cell = _by_table(rows, [any(column.has_code for column in schema.metrics) for schema in schemas])
        whole = _FaultyCells(
            rows, _by_table(rows, [schema.meter_column for schema in schemas]), raw_value, of_whole_row=True
        )
        yield from _split(whole, of_cell)
    elif reason in (Reason.UNKNOWN_STATUS, Reason.REJECTED_STATUS, Reason.SUSPECT_STATUS):
        yield _FaultyCells(rows, _by_table(rows, [schema.status_column for schema in schemas]), of_whole_row=True)
    elif reason is Reason.UNKNOWN_METRIC:
        # A line of a wide table says one metric for all of its readings.
        rows = rows.take(_first_of_source_rows(rows))
        yield _FaultyCells(rows, _column_of(schemas, rows, "metric"), rows.column("metric").cast(pa.string()))
    elif reason is Reason.BAD_NUMBER:
        of_factor = pc.and_not(_has(rows, FACTOR_IS_BAD), _has(rows, REASON_BITS[Reason.BAD_TIMESTAMP]))
        others = rows.filter(pc.invert(of_factor))
        yield _FaultyCells(others, others.column("column_key"))
        rows = rows.filter(of_factor)
        yield _FaultyCells(rows, _by_table(rows, [schema.factor_column for schema in schemas]), of_whole_row=True)
    elif reason is Reason.UNKNOWN_UNIT:
        rows = _once_for_shared_units(schemas, rows)
        is_above = _by_table(rows, ["unit" in schema.stated_codes for schema in schemas])
        above = pc.if_else(is_above, rows.column("unit").cast(pa.string()), None)
        yield _FaultyCells(rows, pc.coalesce(_column_of(schemas, rows, "unit"), rows.column("column_key")), above)
    else:
        yield _FaultyCells(rows, rows.column("column_key"))


def _column_of(schemas: Sequence[TableSchema], rows: pa.Table, name: Literal["metric", "unit"]) -> pa.ChunkedArray:
    """Return the column of each row that says its metric or unit; null where a line above does."""
    keys = [None if name in schema.stated_codes else getattr(schema, f"{name}_column") for schema in schemas]
    return _by_table(rows, keys)


def _once_for_shared_units(schemas: Sequence[TableSchema], rows: pa.Table) -> pa.Table:
    """Return of readings with a wrong unit one a line, where the line says one unit for all of its intervals."""
    is_shared = np.array([bool(schema.unit_column) and schema.has_times_in_headings for schema in schemas])
    is_kept = ~is_shared[rows.column("table").to_numpy()]
    is_kept[_first_of_source_rows(rows).to_numpy()] = True
    return rows.filter(pa.array(is_kept))


def _time_cells(schemas: Sequence[TableSchema], rows: pa.Table) -> Iterator[_FaultyCells]:
    dates = _by_table(rows, [schema.timestamp_column or schema.date_column for schema in schemas])
    hours = _by_table(rows, [schema.hour_column for schema in schemas])
    lengths = _by_table(rows, [schema.interval_column or schema.interval_end_column for schema in schemas])
    is_hour, is_length = _has(rows, HOUR_IS_BAD), _has(rows, INTERVAL_IS_BAD)
    zones = _by_table(rows, [schema.tz_column for schema in schemas])
    is_zone = pa.array(_time_faults(rows) == TimeFault.UNKNOWN_ZONE)
    dates = pc.if_else(is_zone, zones, dates)
    end_hours = _by_table(rows, [schema.interval_end_hour_column for schema in schemas])
    column = pc.if_else(is_length, pc.if_else(is_hour, end_hours, lengths), pc.if_else(is_hour, hours, dates))
    hour_of_cell, date_of_cell = (
        _by_table(rows, [any(getattr(column, name) for column in schema.metrics) for schema in schemas])
        for name in ("hour", "date")
    )
    of_cell = pc.if_else(pc.and_not(is_hour, is_length), hour_of_cell, pc.and_not(date_of_cell, is_length))
    yield from _split(_FaultyCells(rows, column, of_whole_row=True), of_cell)


def _split(cells: _FaultyCells, of_cell: pa.ChunkedArray) -> Iterator[_FaultyCells]:
    """Split faulty cells by whether the heading of the value's column is at fault, or something in the row."""
    of_row = pc.invert(of_cell)
    rows, raw_value = cells.rows, cells.raw_value
    by_heading = rows.filter(of_cell)
    own = None if raw_value is None else raw_value.filter(of_cell)
    yield _FaultyCells(by_heading, by_heading.column("column_key"), own)
    own = None if raw_value is None else raw_value.filter(of_row)
    yield _FaultyCells(rows.filter(of_row), cells.column.filter(of_row), own, of_whole_row=True)


def _columns_of_code(schemas: Sequence[TableSchema], name: CodeName) -> list[str | None]:
    """Return of each table the column in which a code is to be found."""
    return [getattr(schema, f"{name}_column") if name in schema.sought_codes else None for schema in schemas]


def _has(rows: pa.Table, bit: int) -> pa.Array:
    return pa.array(rows.column("problems").to_numpy() & bit != 0)


def _by_table(rows: pa.Table, values: Sequence[str | bool | None]) -> pa.ChunkedArray:
    return pa.array(values, pa.bool_() if isinstance(values[0], bool) else pa.string()).take(rows.column("table"))


def _list_errors(schemas: Sequence[TableSchema], cells: _FaultyCells, reason: Reason) -> pa.Table:
    rows = cells.rows
    count = len(rows)
    errors = pa.table(
        {
            "table": rows.column("table"),
            "row_num": rows.column("row_num"),
            "column_name": cells.column,
            "cell": _cell_names(schemas, rows, cells.column if cells.cell_column is None else cells.cell_column),
            "meter_code": rows.column("meter_code"),
            "metric": pa.nulls(count, pa.string()) if cells.of_whole_row else rows.column("metric"),
            "raw_value": pa.nulls(count, pa.string()) if cells.raw_value is None else cells.raw_value,
            "reason": repeat_word(str(reason), count),
            "severity": repeat_word(str(severity_of(reason)), count),
            "message": _messages(rows, reason),
        }
    )
    return errors.take(_first_of_source_rows(rows)) if cells.of_whole_row else errors


def _messages(rows: pa.Table, reason: Reason) -> pa.DictionaryArray:
    if reason is Reason.UNKNOWN_UNIT:
        units = rows.column("unit").combine_chunks().dictionary_encode()
        return take_words(word_indices(units), [*map(advice_on_unit, units.dictionary.to_pylist()), ADVICE[reason]])
    if reason is not Reason.BAD_TIMESTAMP:
        return repeat_word(ADVICE[reason], len(rows))
    by_fault = [ADVICE[reason], *(TIME_FAULTS[fault].russian for fault in TimeFault)]
    return take_words(_time_faults(rows), by_fault)


def _time_faults(rows: pa.Table) -> np.ndarray:
    return time_faults(rows.column("problems").to_numpy())


def _cell_names(schemas: Sequence[TableSchema], rows: pa.Table, column: pa.Array | pa.ChunkedArray) -> pa.Array:
    letters = column_letters(schemas, rows.column("table"), column)
    return pc.binary_join_element_wise(letters, rows.column("row_num").cast(pa.string()), "")


def _first_of_source_rows(rows: pa.Table) -> pa.Array:
    """Return the index of the first reading of each source row."""
    return pa.array(np.sort(np.unique(row_keys(rows), return_index=True)[1]))
