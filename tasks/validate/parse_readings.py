"""Turn the raw rows of a table into readings: one row a reading, times in UTC, values in the metric's own unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.metrics import METRICS, factor_to_own_unit, find_metric
from schemas.raw_rows import ROW_PROBLEM
from schemas.readings import METRIC_NAMES
from schemas.reasons import Reason
from schemas.spec_parts import StatusMeaning
from schemas.spellings import fold_word
from schemas.table_schema import TableSchema
from schemas.table_spec import CODE_NAMES
from schemas.times import NotATimeError, read_interval, read_interval_length
from tasks.validate.parse_numbers import Numbers, NumberStyle, read_numbers
from tasks.validate.read_codes import read_codes
from tasks.validate.words import WORD, distinct_words, repeat_word, take_words, word_indices

REASON_BITS: dict[Reason, int] = {reason: 1 << index for index, reason in enumerate(Reason)}
"""The reasons of a reading as a set of bits, so that those of a million readings are one array."""
HOUR_IS_BAD = 1 << len(REASON_BITS)
"""Beside BAD_TIMESTAMP: the error is in the cell of the hour, not of the date."""

INTERVAL_IS_BAD = HOUR_IS_BAD << 1
"""Likewise, in that of the interval's length."""
_CELL_BITS = {"date": 0, "hour": HOUR_IS_BAD, "interval": INTERVAL_IS_BAD}
_STATUS_BITS: dict[StatusMeaning | None, int] = {
    "valid": 0,
    "suspect": REASON_BITS[Reason.SUSPECT_STATUS],
    "rejected": REASON_BITS[Reason.REJECTED_STATUS],
    None: REASON_BITS[Reason.UNKNOWN_STATUS],
}

PARSED = pa.schema(
    [
        ("table", pa.int32()),  # index into the caller's list of tables
        ("row_num", pa.int32()),
        ("ts", pa.timestamp("us", "UTC")),
        ("building_code", WORD),
        ("itp_code", WORD),
        ("meter_code", WORD),
        ("metric", WORD),  # the file's own word where the metric is unknown
        ("value", pa.float64()),
        ("unit", WORD),
        ("column_key", WORD),  # the value's column
        ("minute", pa.int16()),  # of the local day at the interval's start (`schemas/times.py`)
        ("interval", pa.int16()),  # minutes, where the row states them; else 0
        ("duration", pa.int16()),  # minutes from its start to its end: of a day on which clocks change they differ
        ("problems", pa.int32()),
    ]
)

IS_REGISTER = np.array([metric.kind == "register" for metric in METRICS.values()])


class _ValueColumn(NamedTuple):
    """One column of values: arrays as long as the batch."""

    key: str
    cells: pa.Array
    metric: np.ndarray
    """Index into METRIC_NAMES, −1 where unknown."""
    metric_word: pa.DictionaryArray
    unit: pa.DictionaryArray
    """As the file or the mapping spells it."""


class _ParsedTimes(NamedTuple):
    """The intervals of the rows: arrays as long as the batch (see `Interval`)."""

    start: np.ndarray
    end: np.ndarray
    minute: np.ndarray
    length: np.ndarray
    """Minutes, where the row states them; else 0."""
    length_word: pa.DictionaryArray
    """The same, else null."""
    duration: np.ndarray
    """Minutes from start to end."""
    problems: np.ndarray


class _RowColumns(NamedTuple):
    """What the readings of a row have in common: arrays as long as the batch."""

    table: pa.Array
    row_num: pa.Array
    times: _ParsedTimes
    problems: np.ndarray
    """Bits of what is wrong with the row beside its time."""
    codes: dict[str, pa.DictionaryArray]


def parse(schema: TableSchema, batch: pa.RecordBatch, *, table: int = 0) -> pa.Table:
    """Parse one batch of raw rows (`row_num` and text columns) into the schema PARSED.

    Each metric cell of a row becomes a row; what cannot be read is null and has bits in `problems`.
    """
    times = _parse_times(schema, batch)
    codes = {f"{name}_code": read_codes(schema, batch, name) for name in CODE_NAMES}
    row = _RowColumns(
        table=pa.repeat(pa.scalar(table, pa.int32()), len(batch)),
        row_num=batch.column("row_num"),
        times=times,
        problems=_status_problems(schema, batch) | _code_problems(schema, codes),
        codes=codes,
    )
    columns = [_parse_column(schema, row, column) for column in _value_columns(schema, batch)]
    parsed = pa.concat_tables(columns) if columns else PARSED.empty_table()
    row_problems = batch.column(ROW_PROBLEM)
    return parsed if row_problems.null_count == len(batch) else _mark_whole_rows(parsed, row_problems, len(columns))


def meter_codes(schema: TableSchema, batch: pa.RecordBatch) -> pa.DictionaryArray:
    """Return the meter code of each raw row, or null."""
    return read_codes(schema, batch, "meter")


def _mark_whole_rows(parsed: pa.Table, row_problems: pa.Array, columns: int) -> pa.Table:
    """Give the readings of rows whose cells are not the columns' one reason, instead of what these seem to lack.

    A row counts as the readings it would have been; one that nobody describes as one, of which nothing is known.
    """
    words = row_problems.dictionary_encode()
    bits = np.array([*(REASON_BITS[Reason(word)] for word in words.dictionary.to_pylist()), 0], dtype=np.int32)
    by_row = np.tile(bits[word_indices(words)], columns)
    problems = np.where(by_row != 0, by_row, parsed.column("problems").to_numpy())
    marked = parsed.set_column(PARSED.get_field_index("problems"), PARSED.field("problems"), pa.array(problems))
    undescribed = by_row == REASON_BITS[Reason.UNDESCRIBED_TABLE]
    if not undescribed.any():
        return marked
    unknown = marked.filter(pa.array(undescribed & (np.arange(len(marked)) < len(row_problems))))
    for field in PARSED:
        if field.name not in ("table", "row_num", "problems"):
            nulls = pa.nulls(len(unknown), field.type)
            unknown = unknown.set_column(PARSED.get_field_index(field.name), field, nulls)
    return pa.concat_tables([marked.filter(pa.array(~undescribed)), unknown])


def _words(batch: pa.RecordBatch, key: str | None) -> pa.DictionaryArray:
    return repeat_word(None, len(batch)) if key is None else batch.column(key).dictionary_encode()


def _code_problems(schema: TableSchema, codes: dict[str, pa.DictionaryArray]) -> np.ndarray:
    """Return the bit of rows without a code that is to be found in their cells."""
    bits = np.zeros(len(codes["meter_code"]), dtype=np.int32)
    for name in (*schema.code_patterns, *schema.code_parts):
        bits[codes[f"{name}_code"].is_null().to_numpy(zero_copy_only=False)] = REASON_BITS[Reason.NO_CODE]
    return bits


def _status_problems(schema: TableSchema, batch: pa.RecordBatch) -> np.ndarray:
    """Return the bits of what the supplier says of each row's values, each different word once."""
    if schema.status_column is None:
        return np.zeros(len(batch), dtype=np.int32)
    words = _words(batch, schema.status_column)
    statuses = [schema.status_words.get(fold_word(word)) for word in [*words.dictionary.to_pylist(), ""]]
    bits: np.ndarray = np.array([_STATUS_BITS[status] for status in statuses], dtype=np.int32)[word_indices(words)]
    return bits


def _parse_times(schema: TableSchema, batch: pa.RecordBatch) -> _ParsedTimes:
    """Read the intervals of the rows, each different spelling once."""
    time_column = schema.timestamp_column or schema.date_column
    keys = (time_column, schema.hour_column, schema.tz_column, schema.interval_column)
    of_table = schema.times
    indices, spellings = distinct_words([_words(batch, key) for key in keys])
    starts, ends = np.zeros((2, len(spellings)), dtype=np.int64)
    problems = np.zeros(len(spellings), dtype=np.int32)
    minutes, lengths = np.zeros((2, len(spellings)), dtype=np.int16)
    for index, (date_word, hour_word, tz_word, length_word) in enumerate(spellings):
        date, hour = date_word or "", (hour_word or "") if schema.hour_column else None
        times = of_table
        try:
            if length_word:
                times = of_table._replace(interval=read_interval_length(length_word))
                lengths[index] = times.interval // dt.timedelta(minutes=1)
            starts[index], ends[index], minutes[index] = read_interval(date, hour, tz_word, times)
        except NotATimeError as error:
            is_formula = (date if error.cell == "date" else hour or "").startswith("=")
            reason = Reason.FORMULA_WITHOUT_VALUE if is_formula else Reason.BAD_TIMESTAMP
            problems[index] = REASON_BITS[reason] | _CELL_BITS[error.cell]
    return _ParsedTimes(
        start=starts[indices],
        end=ends[indices],
        minute=minutes[indices],
        length=lengths[indices],
        length_word=(
            take_words(indices, [str(length) if length else None for length in lengths])
            if schema.interval_column
            else repeat_word(None, len(batch))
        ),
        duration=((ends - starts) // 60_000_000).astype(np.int16)[indices],
        problems=problems[indices],
    )


def _value_columns(schema: TableSchema, batch: pa.RecordBatch) -> Iterator[_ValueColumn]:
    for column in schema.metrics:
        yield _ValueColumn(
            key=column.key,
            cells=batch.column(column.key),
            metric=np.full(len(batch), METRIC_NAMES.index(column.metric), dtype=np.int16),
            metric_word=repeat_word(column.metric, len(batch)),
            unit=_units(schema, batch, repeat_word(column.unit, len(batch))),
        )
    if schema.value_column is not None:
        spelled = _words(batch, schema.metric_column)
        meanings = [_meaning_of(spelling, schema) for spelling in spelled.dictionary.to_pylist()]
        metrics = [metric for metric, _ in meanings]
        names = [METRIC_NAMES[index] if index >= 0 else None for index in metrics]
        words = pc.coalesce(pa.array(names, pa.string()), spelled.dictionary)
        yield _ValueColumn(
            key=schema.value_column,
            cells=batch.column(schema.value_column),
            metric=np.array([*metrics, -1], dtype=np.int16)[word_indices(spelled)],
            metric_word=pa.DictionaryArray.from_arrays(spelled.indices, words),
            unit=_units(
                schema, batch, take_words(word_indices(spelled), [*(unit for _, unit in meanings), schema.value_unit])
            ),
        )


def _units(schema: TableSchema, batch: pa.RecordBatch, others: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return each row's own unit, and of a row without one that of its column or of the word for its metric."""
    if schema.unit_column is None:
        return others
    return pc.coalesce(batch.column(schema.unit_column), others.cast(pa.string())).dictionary_encode()


def _meaning_of(spelling: str, schema: TableSchema) -> tuple[int, str | None]:
    """Return the metric that a word means, -1 where it is unknown, and the unit of rows without their own."""
    if word := schema.metric_words.get(fold_word(spelling)):
        return METRIC_NAMES.index(word.metric), word.unit or schema.value_unit
    metric = find_metric(spelling)
    return METRIC_NAMES.index(metric.name) if metric else -1, schema.value_unit


def _parse_column(schema: TableSchema, row: _RowColumns, column: _ValueColumn) -> pa.Table:
    doubtful = schema.doubtful_marks.get(column.key, "")
    style = NumberStyle(schema.thousands, doubtful, schema.sheet is not None, schema.missing)
    numbers = read_numbers(column.cells, style)
    in_cell = numbers.unit.null_count < len(numbers.unit)
    spelled = pc.coalesce(numbers.unit, column.unit.cast(pa.string())).dictionary_encode() if in_cell else column.unit
    factor, unit = _factors(schema, column, spelled, row.times.length_word)
    is_register = IS_REGISTER[column.metric]
    problems = row.times.problems | row.problems | _value_problems(column, numbers, factor)
    value = numbers.value * np.where(np.isnan(factor), 1.0, factor)
    time = np.where(is_register & (schema.register_read_at == "end"), row.times.end, row.times.start)
    columns = {
        "table": row.table,
        "row_num": row.row_num,
        "ts": pa.array(time, mask=row.times.problems != 0).cast(PARSED.field("ts").type),
        **row.codes,
        "metric": column.metric_word,
        "value": pa.array(value, mask=np.isnan(value)),
        "unit": unit,
        "column_key": repeat_word(column.key, len(value)),
        "minute": pa.array(row.times.minute),
        "interval": pa.array(row.times.length),
        "duration": pa.array(row.times.duration),
        "problems": pa.array(problems),
    }
    return pa.table(columns, schema=PARSED)


def _value_problems(column: _ValueColumn, numbers: Numbers, factor: np.ndarray) -> np.ndarray:
    # A unit in the cell must agree with the column's: `12,5 м3` in a column of °C is not a number we know.
    is_read = ~(numbers.missing | numbers.bad | numbers.formula)
    return (
        np.where(numbers.missing, REASON_BITS[Reason.MISSING_VALUE], 0)
        | np.where(numbers.bad, REASON_BITS[Reason.BAD_NUMBER], 0)
        | np.where(numbers.formula, REASON_BITS[Reason.FORMULA_WITHOUT_VALUE], 0)
        | np.where(column.metric < 0, REASON_BITS[Reason.UNKNOWN_METRIC], 0)
        | np.where(np.isnan(factor) & (column.metric >= 0) & is_read, REASON_BITS[Reason.UNKNOWN_UNIT], 0)
    ).astype(np.int32)


def _factors(
    schema: TableSchema, column: _ValueColumn, spelled: pa.DictionaryArray, lengths: pa.DictionaryArray
) -> tuple[np.ndarray, pa.DictionaryArray]:
    """Return the factor to each metric's own unit (NaN: unknown or of another dimension), and that unit."""
    metrics = pa.array(column.metric.astype(np.int32), mask=column.metric < 0)
    indices, combinations = distinct_words([pa.DictionaryArray.from_arrays(metrics, METRIC_NAMES), spelled, lengths])
    factors = np.ones(len(combinations))
    units: list[str | None] = []
    for index, (name, unit, length) in enumerate(combinations):
        units.append(METRICS[name].unit if name else unit)
        if name:
            minutes = int(length) if length else schema.interval_minutes
            factor = factor_to_own_unit(METRICS[name], unit, interval_hours=minutes / 60)
            factors[index] = float("nan") if factor is None else factor
    return factors[indices], take_words(indices, units)
