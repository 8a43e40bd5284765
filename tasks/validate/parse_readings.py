"""Turn the raw rows of a table into readings: one row a reading, times in UTC, values in the metric's own unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.fill_down import fill_down, texts_above
from schemas.metrics import AT_A_MOMENT, METRICS, convert_to_own_unit, find_metric
from schemas.missing_words import hold_no_value
from schemas.raw_rows import ROW_PROBLEM
from schemas.readings import METRIC_NAMES
from schemas.reasons import UNITS_DIFFER, Reason
from schemas.spec_parts import StatusMeaning
from schemas.spellings import fold_word
from schemas.table_schema import TableSchema
from schemas.table_spec import CODE_NAMES, CodeName
from tasks.validate.melt_columns import ColumnGroup, column_groups
from tasks.validate.parse_numbers import Numbers, NumberStyle, read_numbers
from tasks.validate.parse_times import ParsedTimes, parse_times
from tasks.validate.problem_bits import FACTOR_IS_BAD, NO_READING, REASON_BITS
from tasks.validate.read_codes import read_codes
from tasks.validate.words import WORD, column_words, distinct_words, repeat_word, take_words, word_indices

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
        ("unit", WORD),  # the file's own where it does not fit, or all that contradict each other
        ("column_key", WORD),  # the value's column
        ("minute", pa.int16()),  # of the local day at the interval's start (`schemas/times.py`)
        ("interval", pa.int32()),  # minutes, where the row or a calendar states them (see `Interval`); else 0
        ("duration", pa.int32()),  # minutes from its start to its end: of a day on which clocks change they differ
        ("problems", pa.int32()),
    ]
)

_BAD_FACTOR = np.int32(REASON_BITS[Reason.BAD_NUMBER] | FACTOR_IS_BAD)
IS_AT_A_MOMENT = np.array([metric.kind in AT_A_MOMENT for metric in METRICS.values()])


class _Values(NamedTuple):
    """The cells of a group of columns: arrays of the same length."""

    cells: pa.Array
    metric: np.ndarray
    """Index into METRIC_NAMES, −1 where unknown."""
    metric_word: pa.DictionaryArray
    row_unit: pa.DictionaryArray
    """As the row spells it, or null …"""
    unit: pa.DictionaryArray
    """… and of a row without one, as its column or the word for its metric does."""


class _OfCells(NamedTuple):
    """What rows say of each of their cells."""

    factor: np.ndarray
    """What the number is multiplied by; NaN where it cannot be read."""
    problems: np.ndarray
    """The bits of what is wrong with the row beside its time."""


def parse(schema: TableSchema, batch: pa.RecordBatch, *, table: int = 0) -> pa.Table:
    """Parse one batch of raw rows (`row_num` and text columns) into the schema PARSED.

    Each metric cell of a row becomes a row; what cannot be read is null and has bits in `problems`.
    """
    return parse_together([TableRows(table, schema, batch)])


class TableRows(NamedTuple):
    """Raw rows of one table."""

    table: int
    """Index into the caller's list of tables."""
    schema: TableSchema
    batch: pa.RecordBatch


def parse_together(parts: Sequence[TableRows]) -> pa.Table:
    """Parse raw rows of tables that differ in nothing but whose readings they are (`TableSchema.alike`) as one."""
    schema = parts[0].schema
    batch = pa.concat_batches([part.batch for part in parts]) if len(parts) > 1 else parts[0].batch
    batch = fill_down(schema, batch)
    of_rows: ParsedTimes | None = None
    codes = {f"{name}_code": _read_codes(parts, batch, name) for name in CODE_NAMES}
    tables = pa.array(np.repeat([part.table for part in parts], [len(part.batch) for part in parts]), pa.int32())
    factors = _factors(schema, batch)
    of_rows_alone = _status_problems(schema, batch) | _code_problems(schema, codes)
    parsed = []
    for group in column_groups(schema):
        if group.says_time:
            times = parse_times(schema, batch, group.columns)
        else:
            of_rows = of_rows or parse_times(schema, batch)
            times = of_rows.repeated(group)
        columns = {
            "table": group.repeat(tables),
            "row_num": group.repeat(batch.column("row_num")),
            **{name: group.codes(name, of_row) for name, of_row in codes.items()},
        }
        of_cells = _OfCells(group.tile(factors), group.tile(of_rows_alone))
        parsed.append(_parse_group(schema, batch, group, times, columns, of_cells))
    row_problems = batch.column(ROW_PROBLEM)
    readings = pa.concat_tables(parsed) if parsed else PARSED.empty_table()
    if row_problems.null_count < len(batch):
        readings = _mark_whole_rows(readings, row_problems, len(schema.reading_columns))
    return _without_gaps(readings) if schema.skips_empty_cells or schema.has_times_in_headings else readings


def _read_codes(parts: Sequence[TableRows], batch: pa.RecordBatch, name: CodeName) -> pa.DictionaryArray:
    """Return the code of each row of all parts."""
    schema = parts[0].schema
    if len(parts) == 1 or getattr(schema, f"{name}_column") is not None or name in schema.sought_codes:
        return read_codes(schema, batch, name)
    words = dict.fromkeys(getattr(part.schema, f"{name}_code") for part in parts)
    numbers = {word: number for number, word in enumerate(words)}
    of_parts = [numbers[getattr(part.schema, f"{name}_code")] for part in parts]
    return take_words(np.repeat(of_parts, [len(part.batch) for part in parts]), [*words])


def _without_gaps(parsed: pa.Table) -> pa.Table:
    """Return the readings without cells that hold none."""
    is_none = parsed.column("problems").to_numpy() & NO_READING != 0
    return parsed.filter(pa.array(~is_none)) if is_none.any() else parsed


def count_meter_codes(schema: TableSchema, batch: pa.RecordBatch) -> Counter[str | None]:
    """Count the readings of each meter code in a batch of raw rows, and cells that turn out to hold none."""
    of_columns = Counter(column.meter_code for column in schema.reading_columns)
    if of_columns.keys() == {None} and schema.meter_column is None:
        counts: Counter[str | None] = Counter({None: 0})
        counts[schema.meter_code] += of_columns[None] * len(batch)
        return counts
    of_rows = of_columns.pop(None, 0)
    counts = Counter({code: count * len(batch) for code, count in of_columns.items()})
    if of_rows or not of_columns:
        codes = read_codes(schema, fill_down(schema, batch), "meter")
        found = np.bincount(word_indices(codes), minlength=len(codes.dictionary) + 1) * of_rows
        counts.update(dict(zip([*codes.dictionary.to_pylist(), None], found.tolist(), strict=True)))
    return counts


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


def _code_problems(schema: TableSchema, codes: dict[str, pa.DictionaryArray]) -> np.ndarray:
    """Return the bit of rows without a code that is to be found in their cells."""
    bits = np.zeros(len(codes["meter_code"]), dtype=np.int32)
    for name in schema.sought_codes:
        bits[codes[f"{name}_code"].is_null().to_numpy(zero_copy_only=False)] = REASON_BITS[Reason.NO_CODE]
    return bits


def _status_problems(schema: TableSchema, batch: pa.RecordBatch) -> np.ndarray:
    """Return the bits of what the supplier says of each row's values, each different word once."""
    if schema.status_column is None:
        return np.zeros(len(batch), dtype=np.int32)
    words = column_words(batch, schema.status_column)
    statuses = [schema.status_words.get(fold_word(word)) for word in [*words.dictionary.to_pylist(), ""]]
    bits: np.ndarray = np.array([_STATUS_BITS[status] for status in statuses], dtype=np.int32)[word_indices(words)]
    return bits


def _factors(schema: TableSchema, batch: pa.RecordBatch) -> np.ndarray:
    """Return what the values of each row are multiplied by; NaN where its cell is no number, or zero."""
    if schema.factor_column is None:
        return np.full(len(batch), schema.factor)
    style = NumberStyle(schema.thousands, "", schema.sheet is not None)
    numbers = read_numbers(batch.column(schema.factor_column), style)
    is_bare = numbers.unit.is_null().to_numpy(zero_copy_only=False)
    return np.where(is_bare & (numbers.value != 0), numbers.value, np.nan)


def _values(schema: TableSchema, batch: pa.RecordBatch, group: ColumnGroup) -> _Values:
    cells = group.cells(batch)
    if group.metric is not None:
        index = METRIC_NAMES.index(group.metric)
        metric = np.full(len(cells), index, dtype=np.int16)
        words = repeat_word(group.metric, len(cells))
        return _Values(cells, metric, words, _row_units(schema, batch, group), repeat_word(group.unit, len(cells)))
    spelled = _words(schema, batch, "metric")
    meanings = [_meaning_of(spelling, schema, group.unit) for spelling in spelled.dictionary.to_pylist()]
    metrics = [metric for metric, _ in meanings]
    names = [METRIC_NAMES[index] if index >= 0 else None for index in metrics]
    words = pa.DictionaryArray.from_arrays(
        spelled.indices, pc.coalesce(pa.array(names, pa.string()), spelled.dictionary)
    )
    metric = np.array([*metrics, -1], dtype=np.int16)[word_indices(spelled)]
    units = take_words(word_indices(spelled), [*(unit for _, unit in meanings), group.unit])
    return _Values(
        cells, group.tile(metric), group.repeat(words), _row_units(schema, batch, group), group.repeat(units)
    )


def _row_units(schema: TableSchema, batch: pa.RecordBatch, group: ColumnGroup) -> pa.DictionaryArray:
    """Return each row's own unit."""
    of_rows = repeat_word(None, len(batch)) if schema.unit_column is None else _words(schema, batch, "unit")
    return group.repeat(of_rows)


def _words(schema: TableSchema, batch: pa.RecordBatch, name: Literal["metric", "unit"]) -> pa.DictionaryArray:
    """Return what the rows say, each in its cell or all in one of a line above them."""
    if stated := schema.stated_codes.get(name):
        return texts_above(stated.lines, batch.column("row_num")).dictionary_encode()
    return column_words(batch, getattr(schema, f"{name}_column"))


def _meaning_of(spelling: str, schema: TableSchema, of_values: str | None) -> tuple[int, str | None]:
    """Return the metric that a word means, -1 where it is unknown, and the unit of rows without their own."""
    if word := schema.metric_words.get(fold_word(spelling)):
        return METRIC_NAMES.index(word.metric), word.unit or of_values
    name = find_metric(spelling)
    return METRIC_NAMES.index(name) if name else -1, of_values


def _parse_group(
    schema: TableSchema,
    batch: pa.RecordBatch,
    group: ColumnGroup,
    times: ParsedTimes,
    columns: dict[str, pa.Array],
    of_cells: _OfCells,
) -> pa.Table:
    """Parse the cells of a group."""
    values = _values(schema, batch, group)
    style = NumberStyle(schema.thousands, group.doubtful_marks, schema.sheet is not None, schema.missing)
    numbers = read_numbers(values.cells, style)
    # A text without a number, such as a word for a lost connection, is no unit.
    in_cells = pc.if_else(pa.array(numbers.bad), None, numbers.unit).dictionary_encode()
    factor, offset, unit = _conversions(schema, values, in_cells, group.stated_unit, times.duration_word)
    is_at_a_moment = IS_AT_A_MOMENT[values.metric]
    bad_factor = np.where(np.isnan(of_cells.factor) & (times.problems == 0), _BAD_FACTOR, 0)
    problems = of_cells.problems | bad_factor | _value_problems(values, numbers, factor)
    problems |= _time_problems(schema, times, values, numbers)
    value = numbers.value * of_cells.factor * np.where(np.isnan(factor), 1.0, factor) + offset
    time = np.where(is_at_a_moment & (schema.register_read_at == "end"), times.end, times.start)
    columns = columns | {
        "ts": pa.array(time, mask=times.problems != 0).cast(PARSED.field("ts").type),
        "metric": values.metric_word,
        "value": pa.array(value, mask=np.isnan(value)),
        "unit": unit,
        "column_key": group.spread([column.key for column in group.columns], len(batch)),
        "minute": pa.array(times.minute),
        "interval": pa.array(times.length),
        "duration": pa.array(times.duration),
        "problems": pa.array(problems),
    }
    return pa.table([columns[name] for name in PARSED.names], schema=PARSED)


def _time_problems(schema: TableSchema, times: ParsedTimes, values: _Values, numbers: Numbers) -> np.ndarray:
    """Return the bits of the times; a cell of an interval that its day does not have is no reading if it is empty."""
    problems = times.problems
    if schema.has_times_in_headings:
        problems = np.where(numbers.missing, problems, problems & ~NO_READING)
    if schema.skips_empty_cells:
        problems = np.where(hold_no_value(values.cells, schema.missing), problems | NO_READING, problems)
    return problems


def _value_problems(values: _Values, numbers: Numbers, factor: np.ndarray) -> np.ndarray:
    is_read = ~(numbers.missing | numbers.bad | numbers.formula)
    return (
        np.where(numbers.missing, REASON_BITS[Reason.MISSING_VALUE], 0)
        | np.where(numbers.bad, REASON_BITS[Reason.BAD_NUMBER], 0)
        | np.where(numbers.formula, REASON_BITS[Reason.FORMULA_WITHOUT_VALUE], 0)
        | np.where(values.metric < 0, REASON_BITS[Reason.UNKNOWN_METRIC], 0)
        | np.where(np.isnan(factor) & (values.metric >= 0) & is_read, REASON_BITS[Reason.UNKNOWN_UNIT], 0)
    ).astype(np.int32)


def _conversions(
    schema: TableSchema,
    values: _Values,
    in_cells: pa.DictionaryArray,
    stated: str | None,
    durations: pa.DictionaryArray,
) -> tuple[np.ndarray, np.ndarray, pa.DictionaryArray]:
    """Return factor and offset to each metric's own unit, and that unit.

    The factor is NaN where the unit is unknown or of another dimension, or where cell, row and column say units in
    which the same number is another value: nobody knows which of them is right.
    """
    metrics = pa.DictionaryArray.from_arrays(
        pa.array(values.metric.astype(np.int32), mask=values.metric < 0), METRIC_NAMES
    )
    indices, combinations = distinct_words([metrics, in_cells, values.row_unit, values.unit, durations])
    factors, offsets = np.ones(len(combinations)), np.zeros(len(combinations))
    units: list[str | None] = []
    for index, (name, in_cell, of_row, other, duration) in enumerate(combinations):
        said = [unit for unit in (in_cell, of_row) if unit and unit.strip()]
        if not name:
            units.append(next(iter(said), other))
            continue
        hours = (int(duration) if duration else schema.interval_minutes) / 60
        said = list(dict.fromkeys([*said, stated] if said and stated else said or [other or ""]))
        conversions = {convert_to_own_unit(name, unit, interval_hours=hours) for unit in said}
        conversion = conversions.pop()
        if conversions:
            conversion, unit = None, UNITS_DIFFER.join(said)
        else:
            unit = METRICS[name].unit if conversion else said[0]
        factors[index], offsets[index] = conversion or (np.nan, 0)
        units.append(unit)
    return factors[indices], offsets[indices], take_words(indices, units)
