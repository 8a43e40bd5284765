"""Turn the raw rows of a table into readings: one row a reading, times in UTC, values in own units."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.layouts import RAGGED, TableLayout
from schemas.metrics import METRICS, factor_to_own_unit, find_metric
from schemas.reasons import Reason
from tasks.judge_readings.numbers import read_numbers
from tasks.judge_readings.times import NotATimeError, Times, interval_start

BIT: dict[Reason, int] = {reason: 1 << place for place, reason in enumerate(Reason)}
"""Reasons of a reading as a set of bits, so that a million verdicts are one array."""
HOUR_IS_BAD = 1 << len(BIT)
"""Beside BAD_TIMESTAMP: the hour's cell is to blame, not the date's."""

PARSED = pa.schema(
    [
        ("table", pa.int32()),  # index into the caller's list of tables
        ("row_num", pa.int32()),
        ("ts", pa.timestamp("us", "UTC")),
        ("building_code", pa.string()),
        ("itp_code", pa.string()),
        ("meter_code", pa.string()),
        ("metric", pa.string()),  # the file's own word where the metric is unknown
        ("value", pa.float64()),
        ("unit", pa.string()),
        ("column_key", pa.string()),  # the value's column
        ("problems", pa.int32()),
    ]
)

_METRIC_NAMES = list(METRICS)
_OWN_UNIT = pa.array([metric.unit for metric in METRICS.values()])
_IS_REGISTER = np.array([metric.kind == "register" for metric in METRICS.values()])


class _Cells(NamedTuple):
    """What one value column says: arrays as long as the batch."""

    key: str
    cells: pa.Array
    metric: np.ndarray
    """Index into METRICS, −1 where unknown."""
    metric_text: pa.Array
    unit: pa.Array


def parse(layout: TableLayout, batch: pa.RecordBatch, *, table: int = 0) -> pa.Table:
    """Parse one batch of raw rows (`row_num` and text columns) into the PARSED schema.

    Each metric cell of a row becomes a row; what cannot be read is null and has bits in `problems`.
    """
    ts, time_problems = _times(layout, batch)
    ragged = pc.fill_null(pc.starts_with(batch.column(len(layout.columns)), RAGGED), False)
    parts = [
        _readings(layout, batch, cells, ts=ts, time_problems=time_problems, table=table)
        for cells in _value_columns(layout, batch)
    ]
    parsed = pa.concat_tables(parts) if parts else PARSED.empty_table()
    return _without_guesses(parsed, ragged, len(parts)) if pc.any(ragged).as_py() else parsed


def _without_guesses(parsed: pa.Table, ragged: pa.Array, times: int) -> pa.Table:
    """Give rows with too few or too many cells one reason instead of what their cells seem to lack."""
    problems = pc.if_else(pa.concat_arrays([ragged] * times), BIT[Reason.MISSING_COLUMN], parsed.column("problems"))
    return parsed.set_column(parsed.num_columns - 1, PARSED.field("problems"), problems.cast(pa.int32()))


def _column(batch: pa.RecordBatch, key: str | None) -> pa.Array:
    return batch.column(key) if key is not None else pa.nulls(len(batch), pa.string())


def _times(layout: TableLayout, batch: pa.RecordBatch) -> tuple[np.ndarray, np.ndarray]:
    """Give microseconds since 1970 UTC and problem bits; each different spelling is read once."""
    date = _column(batch, layout.timestamp_column or layout.date_column)
    hour = _column(batch, layout.hour_column)
    tz = _column(batch, layout.tz_column)
    joined = pc.binary_join_element_wise(
        date, hour, tz, "\x1f", null_handling="replace", null_replacement=""
    ).dictionary_encode()
    times = Times(ZoneInfo(layout.time_zone), dt.timedelta(minutes=layout.interval_minutes), layout.stamp, layout.epoch)
    spellings = len(joined.dictionary)
    starts, problems = np.zeros(spellings, dtype=np.int64), np.zeros(spellings, dtype=np.int32)
    for place, spelling in enumerate(joined.dictionary.to_pylist()):
        date_text, hour_text, tz_text = spelling.split("\x1f", 2)
        hour_or_none = hour_text if layout.hour_column else None
        try:
            starts[place] = interval_start(date_text, hour_or_none, tz_text or None, times)
        except NotATimeError as error:
            formula = (date_text if error.part == "date" else hour_text).startswith("=")
            reason = Reason.FORMULA_WITHOUT_VALUE if formula else Reason.BAD_TIMESTAMP
            problems[place] = BIT[reason] | (HOUR_IS_BAD if error.part == "hour" else 0)
    indices = joined.indices.to_numpy()
    return starts[indices], problems[indices]


def _value_columns(layout: TableLayout, batch: pa.RecordBatch) -> Iterator[_Cells]:
    for column in layout.metrics:
        index = _METRIC_NAMES.index(column.metric)
        yield _Cells(
            key=column.key,
            cells=batch.column(column.key),
            metric=np.full(len(batch), index, dtype=np.int16),
            metric_text=pa.repeat(pa.scalar(column.metric), len(batch)),
            unit=pa.repeat(pa.scalar(column.unit, pa.string()), len(batch)),
        )
    if layout.value_column is not None:
        spelled = _column(batch, layout.metric_column)
        metric = _by_spelling(spelled, _metric_index).astype(np.int16)
        known = pa.array(_METRIC_NAMES).take(pa.array(metric, mask=metric < 0))
        yield _Cells(
            key=layout.value_column,
            cells=batch.column(layout.value_column),
            metric=metric,
            metric_text=pc.coalesce(known, spelled),
            unit=_column(batch, layout.unit_column),
        )


def _by_spelling(texts: pa.Array, meaning: Callable[[str | None], float]) -> np.ndarray:
    encoded = texts.dictionary_encode(null_encoding="encode")
    meanings = np.array([meaning(text) for text in encoded.dictionary.to_pylist()], dtype=np.float64)
    return meanings[encoded.indices.to_numpy()] if len(meanings) else np.empty(0)


def _metric_index(spelling: str | None) -> float:
    metric = find_metric(spelling) if spelling else None
    return _METRIC_NAMES.index(metric.name) if metric else -1


def _readings(
    layout: TableLayout,
    batch: pa.RecordBatch,
    cells: _Cells,
    *,
    ts: np.ndarray,
    time_problems: np.ndarray,
    table: int,
) -> pa.Table:
    numbers = read_numbers(cells.cells)
    factor = _factors(layout, cells, pc.coalesce(numbers.unit, cells.unit))
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
    known = pa.array(cells.metric, mask=cells.metric < 0)
    columns = {
        "table": pa.repeat(pa.scalar(table, pa.int32()), len(batch)),
        "row_num": batch.column("row_num"),
        "ts": pa.array(ts + shift, mask=time_problems != 0).cast(PARSED.field("ts").type),
        "building_code": _codes(batch, layout.building_column, layout.building_code),
        "itp_code": _codes(batch, layout.itp_column, layout.itp_code),
        "meter_code": _codes(batch, layout.meter_column, layout.meter_code),
        "metric": cells.metric_text,
        "value": pa.array(value, mask=np.isnan(value)),
        "unit": pc.coalesce(pa.array(_OWN_UNIT).take(known), cells.unit),
        "column_key": pa.repeat(pa.scalar(cells.key), len(batch)),
        "problems": pa.array(problems),
    }
    return pa.table(columns, schema=PARSED)


def _factors(layout: TableLayout, cells: _Cells, unit: pa.Array) -> np.ndarray:
    """Give the factor to each metric's own unit; NaN where the unit is unknown or of another kind."""
    names = pa.array([*_METRIC_NAMES, ""]).take(pa.array(cells.metric % (len(METRICS) + 1)))
    pairs = pc.binary_join_element_wise(names, unit, "\x1f", null_handling="replace", null_replacement="")

    def factor(pair: str | None) -> float:
        name, unit_text = (pair or "").split("\x1f", 1)
        if not name:
            return 1.0
        found = factor_to_own_unit(METRICS[name], unit_text, interval_hours=layout.interval_minutes / 60)
        return float("nan") if found is None else found

    return _by_spelling(pairs, factor)


def _codes(batch: pa.RecordBatch, column: str | None, constant: str | None) -> pa.Array:
    if column is None:
        return pa.repeat(pa.scalar(constant, pa.string()), len(batch))
    text = pc.utf8_trim_whitespace(batch.column(column))
    return pc.if_else(pc.equal(text, ""), None, text)
