"""Pack validated readings into the series of `stage.parsed_series`.

The one place in Python that knows how a series packs its readings; its counterpart, which unpacks them, is the view
`stage.parsed_readings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.readings import NO_METER
from tasks.validate.row_errors import column_letters
from tasks.validate.staged_tables import StagedTable, table_columns
from tasks.validate.words import number_combinations, word_indices

# Three arrays of 64 elements stay below the 2 kB from which PostgreSQL moves values out of the row.
_MAX_LENGTH = 64

_COMMON_WORDS = ["building_code", "itp_code", "meter_code", "metric", "unit", "reason"]


class _Slices(NamedTuple):
    """How readings are cut into series."""

    order: pa.Array
    """Index of each reading, series after series."""
    offsets: np.ndarray
    """Where in `order` each series starts, and where the last one ends."""


def pack_series(tables: Sequence[StagedTable], readings: pa.Table) -> pa.Table:
    """Pack readings that have all but row, time and value in common; a series keeps their order.

    Where the intervals of a day stand side by side, they differ in their columns, too.
    """
    readings = readings.combine_chunks()
    is_mixed = np.array([table.schema.has_times_in_headings for table in tables])
    slices = _slice_series(is_mixed, readings)
    common = readings.take(slices.order.take(pa.array(slices.offsets[:-1])))
    packed = readings.select(["row_num", "ts", "value"]).take(slices.order)
    offsets = pa.array(slices.offsets.astype(np.int32))

    def pack(name: str, element: pa.DataType) -> pa.Array:
        return pa.ListArray.from_arrays(offsets, packed.column(name).combine_chunks().cast(element))

    table, meter_id = common.column("table"), common.column("meter_id")
    letters = column_letters([table.schema for table in tables], table, common.column("column_key"))
    of_mixed = is_mixed[table.to_numpy()]
    return pa.table(
        {
            **table_columns(tables, table),
            **{name: common.column(name).cast(pa.string()) for name in _COMMON_WORDS},
            "column_ref": pc.if_else(pa.array(of_mixed), None, letters),
            "quality": common.column("quality"),
            "meter_id": pc.if_else(pc.equal(meter_id, NO_METER), None, meter_id),
            "row_nums": pack("row_num", pa.int32()),
            "times_utc": pack("ts", pa.timestamp("us")),
            "readings": pack("value", pa.float64()),
            "column_nums": _pack_columns(tables, readings, slices, of_mixed),
        }
    )


def _pack_columns(tables: Sequence[StagedTable], readings: pa.Table, slices: _Slices, of_mixed: np.ndarray) -> pa.Array:
    """Pack the columns of readings, of series that have several."""
    if not of_mixed.any():
        return pa.nulls(len(of_mixed), pa.list_(pa.int16()))
    keys = readings.column("column_key").combine_chunks()
    words = [*keys.dictionary.to_pylist(), None]
    by_table = [{column.key: number_of_column(column.letter) for column in table.schema.columns} for table in tables]
    numbers = np.array([[columns.get(word, 0) for word in words] for columns in by_table], dtype=np.int16)
    of_readings = numbers[readings.column("table").to_numpy(), word_indices(keys)]
    values = pa.array(of_readings).take(slices.order)
    return pa.ListArray.from_arrays(pa.array(slices.offsets.astype(np.int32)), values, mask=pa.array(~of_mixed))


def number_of_column(letters: str) -> int:
    """Return the number of a column, A is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _slice_series(is_mixed: np.ndarray, readings: pa.Table) -> _Slices:
    # The reason says the quality, too.
    columns, *words = (readings.column(name).combine_chunks() for name in ("column_key", *_COMMON_WORDS))
    table = readings.column("table").to_numpy()
    indices = word_indices(columns)
    numbers, _ = number_combinations(
        [
            (table, len(is_mixed)),
            (np.where(is_mixed[table], 0, indices) if is_mixed.any() else indices, len(columns.dictionary) + 1),
            *((word_indices(word), len(word.dictionary) + 1) for word in words),
        ]
    )
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    lengths = np.diff(starts, append=len(order))
    series = -(-lengths // _MAX_LENGTH)
    index_in_group = np.arange(series.sum()) - np.repeat(np.cumsum(series) - series, series)
    return _Slices(pa.array(order), np.append(np.repeat(starts, series) + index_in_group * _MAX_LENGTH, len(order)))
