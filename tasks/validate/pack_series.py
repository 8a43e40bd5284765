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
    """Pack readings that have all but row, time and value in common; a series keeps their order."""
    readings = readings.combine_chunks()
    slices = _slice_series(len(tables), readings)
    common = readings.take(slices.order.take(pa.array(slices.offsets[:-1])))
    packed = readings.select(["row_num", "ts", "value"]).take(slices.order)
    offsets = pa.array(slices.offsets.astype(np.int32))

    def pack(name: str, element: pa.DataType) -> pa.Array:
        return pa.ListArray.from_arrays(offsets, packed.column(name).combine_chunks().cast(element))

    table, meter_id = common.column("table"), common.column("meter_id")
    return pa.table(
        {
            **table_columns(tables, table),
            **{name: common.column(name).cast(pa.string()) for name in _COMMON_WORDS},
            "column_ref": column_letters([table.schema for table in tables], table, common.column("column_key")),
            "quality": common.column("quality"),
            "meter_id": pc.if_else(pc.equal(meter_id, NO_METER), None, meter_id),
            "row_nums": pack("row_num", pa.int32()),
            "times_utc": pack("ts", pa.timestamp("us")),
            "readings": pack("value", pa.float64()),
        }
    )


def _slice_series(tables: int, readings: pa.Table) -> _Slices:
    # The reason says the quality, too.
    words = [readings.column(name).combine_chunks() for name in ("column_key", *_COMMON_WORDS)]
    numbers, _ = number_combinations(
        [
            (readings.column("table").to_numpy(), tables),
            *((word_indices(word), len(word.dictionary) + 1) for word in words),
        ]
    )
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    lengths = np.diff(starts, append=len(order))
    series = -(-lengths // _MAX_LENGTH)
    index_in_group = np.arange(series.sum()) - np.repeat(np.cumsum(series) - series, series)
    return _Slices(pa.array(order), np.append(np.repeat(starts, series) + index_in_group * _MAX_LENGTH, len(order)))
