"""Turn the raw rows of a table into readings: one row a reading, times in UTC, values in own units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from schemas.metrics import METRICS, factor_to_own_unit, find_metric
from schemas.raw_rows import RAGGED
from schemas.readings import METRIC_NAMES
from schemas.reasons import Reason
from schemas.table_schema import TableSchema
from tasks.validate.parse_numbers import read_numbers
from tasks.validate.parse_times import NotATimeError, Times, interval_start

BIT: dict[Reason, int] = {reason: 1 << place for place, reason in enumerate(Reason)}
"""Reasons of a reading as a set of bits, so that a million verdicts are one array."""
HOUR_IS_BAD = 1 << len(BIT)
"""Beside BAD_TIMESTAMP: the hour's cell is to blame, not the date's."""

_MOST_CODES = 1 << 62

# A million readings repeat few words: each is kept once.
WORD = pa.dictionary(pa.int32(), pa.string())

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
        ("problems", pa.int32()),
    ]
)

_IS_REGISTER = np.array([metric.kind == "register" for metric in METRICS.values()])


class _Cells(NamedTuple):
    """What one value column says: arrays as long as the batch."""

    key: str
    cells: pa.Array
    metric: np.ndarray
    """Index into METRIC_NAMES, −1 where unknown."""
    metric_word: pa.DictionaryArray
    unit: pa.DictionaryArray
    """As the file or the mapping spells it."""


def parse(layout: TableSchema, batch: pa.RecordBatch, *, table: int = 0) -> pa.Table:
    """Parse one batch of raw rows (`row_num` and text columns) into the PARSED schema.

    Each metric cell of a row becomes a row; what cannot be read is null and has bits in `problems`.
    """
    ts, time_problems = _times(layout, batch)
    ragged = pc.fill_null(pc.starts_with(batch.column(len(layout.columns)), RAGGED), False)
    codes = {
        "building_code": _codes(batch, layout.building_column, layout.building_code),
        "itp_code": _codes(batch, layout.itp_column, layout.itp_code),
        "meter_code": meter_codes(layout, batch),
    }
    parts = [
        _readings(layout, batch, cells, ts=ts, time_problems=time_problems, table=table, codes=codes)
        for cells in _value_columns(layout, batch)
    ]
    parsed = pa.concat_tables(parts) if parts else PARSED.empty_table()
    return _without_guesses(parsed, ragged, len(parts)) if pc.any(ragged).as_py() else parsed


def _without_guesses(parsed: pa.Table, ragged: pa.Array, times: int) -> pa.Table:
    """Give rows with too few or too many cells one reason instead of what their cells seem to lack."""
    problems = pc.if_else(pa.concat_arrays([ragged] * times), BIT[Reason.MISSING_COLUMN], parsed.column("problems"))
    return parsed.set_column(parsed.num_columns - 1, PARSED.field("problems"), problems.cast(pa.int32()))


def _words(batch: pa.RecordBatch, key: str | None) -> pa.DictionaryArray:
    return _repeat(None, len(batch)) if key is None else batch.column(key).dictionary_encode()


def _repeat(word: str | None, count: int) -> pa.DictionaryArray:
    indices = pa.nulls(count, pa.int32()) if word is None else pa.repeat(pa.scalar(0, pa.int32()), count)
    return pa.DictionaryArray.from_arrays(indices, pa.array([] if word is None else [word], pa.string()))


def words_at(places: np.ndarray, words: Sequence[str | None]) -> pa.DictionaryArray:
    """Give each row the word at its place; no null goes into the dictionary: Arrow can not unify such ones."""
    is_null = np.array([word is None for word in words], dtype=bool)
    indices = pa.array(places.astype(np.int32), mask=is_null[places])
    return pa.DictionaryArray.from_arrays(indices, pa.array([word or "" for word in words], pa.string()))


def word_places(words: pa.DictionaryArray) -> np.ndarray:
    """Give each row's place in the dictionary; null is the place behind its end."""
    places: np.ndarray = pc.fill_null(words.indices, len(words.dictionary)).to_numpy()
    return places


def _times(layout: TableSchema, batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray]:
    """Give microseconds since 1970 UTC and problem bits; each different spelling is read once."""
    keys = (layout.timestamp_column or layout.date_column, layout.hour_column, layout.tz_column)
    times = Times(ZoneInfo(layout.time_zone), dt.timedelta(minutes=layout.interval_minutes), layout.stamp, layout.epoch)
    places, spellings = distinct([_words(batch, key) for key in keys])
    starts, problems = np.zeros(len(spellings), dtype=np.int64), np.zeros(len(spellings), dtype=np.int32)
    for place, (date_word, hour_word, tz_word) in enumerate(spellings):
        date, hour = date_word or "", (hour_word or "") if layout.hour_column else None
        try:
            starts[place] = interval_start(date, hour, tz_word, times)
        except NotATimeError as error:
            formula = (date if error.part == "date" else hour or "").startswith("=")
            reason = Reason.FORMULA_WITHOUT_VALUE if formula else Reason.BAD_TIMESTAMP
            problems[place] = BIT[reason] | (HOUR_IS_BAD if error.part == "hour" else 0)
    return starts[places], problems[places]


def combine(columns: Sequence[tuple[np.ndarray, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Count off the different rows of several columns of numbers, each with how many numbers it may hold.

    Gives each row's number, and the first row of each number.
    """
    code, most = np.zeros(len(columns[0][0]), dtype=np.int64), 1
    for numbers, size in columns:
        if most > _MOST_CODES // size:
            code, found = pd.factorize(code)
            most = len(found)
        code = code * size + numbers
        most *= size
    places, found = pd.factorize(code)
    first = np.empty(len(found), dtype=np.int64)
    first[places[::-1]] = np.arange(len(places))[::-1]
    return places, first


def distinct(columns: Sequence[pa.DictionaryArray]) -> tuple[np.ndarray, list[tuple[str | None, ...]]]:
    """Find the different combinations of words: each row's place in the list of them, and the list."""
    places, first = combine([(word_places(column), len(column.dictionary) + 1) for column in columns])
    words = [np.array([*column.dictionary.to_pylist(), None], dtype=object) for column in columns]
    found = (word[word_places(column)[first]] for word, column in zip(words, columns, strict=True))
    return places, list(zip(*found, strict=True))


def _value_columns(layout: TableSchema, batch: pa.RecordBatch) -> Iterator[_Cells]:
    for column in layout.metrics:
        yield _Cells(
            key=column.key,
            cells=batch.column(column.key),
            metric=np.full(len(batch), METRIC_NAMES.index(column.metric), dtype=np.int16),
            metric_word=_repeat(column.metric, len(batch)),
            unit=_repeat(column.unit, len(batch)),
        )
    if layout.value_column is not None:
        spelled = _words(batch, layout.metric_column)
        found = [_metric_index(spelling) for spelling in spelled.dictionary.to_pylist()]
        names = [METRIC_NAMES[index] if index >= 0 else None for index in found]
        known = pc.coalesce(pa.array(names, pa.string()), spelled.dictionary)
        yield _Cells(
            key=layout.value_column,
            cells=batch.column(layout.value_column),
            metric=np.array([*found, -1], dtype=np.int16)[word_places(spelled)],
            metric_word=pa.DictionaryArray.from_arrays(spelled.indices, known),
            unit=_words(batch, layout.unit_column),
        )


def _metric_index(spelling: str) -> int:
    metric = find_metric(spelling)
    return METRIC_NAMES.index(metric.name) if metric else -1


def _readings(
    layout: TableSchema,
    batch: pa.RecordBatch,
    cells: _Cells,
    *,
    ts: np.ndarray,
    time_problems: np.ndarray,
    table: int,
    codes: dict[str, pa.DictionaryArray],
) -> pa.Table:
    numbers = read_numbers(cells.cells)
    in_cell = numbers.unit.null_count < len(batch)
    spelled = pc.coalesce(numbers.unit, cells.unit.cast(pa.string())).dictionary_encode() if in_cell else cells.unit
    factor, unit = _factors(layout, cells, spelled)
    # A unit in the cell must agree with the column's: `12,5 м3` in a column of °C is no number we know.
    unknown_unit = np.isnan(factor) & (cells.metric >= 0) & ~(numbers.missing | numbers.bad | numbers.formula)
    problems = (
        time_problems
        | np.where(numbers.missing, BIT[Reason.MISSING_VALUE], 0)
        | np.where(numbers.bad, BIT[Reason.BAD_NUMBER], 0)
        | np.where(numbers.formula, BIT[Reason.FORMULA_WITHOUT_VALUE], 0)
        | np.where(cells.metric < 0, BIT[Reason.UNKNOWN_METRIC], 0)
        | np.where(unknown_unit, BIT[Reason.UNKNOWN_UNIT], 0)
    ).astype(np.int32)
    value = numbers.value * np.where(np.isnan(factor), 1.0, factor)
    at_end = layout.register_read_at == "end"
    shift = np.where(_IS_REGISTER[cells.metric] & at_end, layout.interval_minutes * 60_000_000, 0)
    columns = {
        "table": pa.repeat(pa.scalar(table, pa.int32()), len(batch)),
        "row_num": batch.column("row_num"),
        "ts": pa.array(ts + shift, mask=time_problems != 0).cast(PARSED.field("ts").type),
        **codes,
        "metric": cells.metric_word,
        "value": pa.array(value, mask=np.isnan(value)),
        "unit": unit,
        "column_key": _repeat(cells.key, len(batch)),
        "problems": pa.array(problems),
    }
    return pa.table(columns, schema=PARSED)


def _factors(layout: TableSchema, cells: _Cells, spelled: pa.DictionaryArray) -> tuple[np.ndarray, pa.DictionaryArray]:
    """Give the factor to each metric's own unit (NaN: the unit is unknown or of another kind), and that unit."""
    known = pa.DictionaryArray.from_arrays(pa.array(cells.metric.astype(np.int32), mask=cells.metric < 0), METRIC_NAMES)
    places, pairs = distinct([known, spelled])
    factors = np.ones(len(pairs))
    units: list[str | None] = []
    for place, (name, unit) in enumerate(pairs):
        units.append(METRICS[name].unit if name else unit)
        if name:
            found = factor_to_own_unit(METRICS[name], unit, interval_hours=layout.interval_minutes / 60)
            factors[place] = float("nan") if found is None else found
    return factors[places], words_at(places, units)


def meter_codes(layout: TableSchema, batch: pa.RecordBatch) -> pa.DictionaryArray:
    """Give the meter code of each raw row, or null."""
    return _codes(batch, layout.meter_column, layout.meter_code)


def _codes(batch: pa.RecordBatch, column: str | None, constant: str | None) -> pa.DictionaryArray:
    if column is None:
        return _repeat(constant, len(batch))
    words = _words(batch, column)
    return pa.DictionaryArray.from_arrays(words.indices, pc.utf8_trim_whitespace(words.dictionary))
