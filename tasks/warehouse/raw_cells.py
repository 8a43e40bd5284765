"""Pack the cells of raw rows as stage keeps them (`schemas/raw_rows.py`)."""

from __future__ import annotations

import json
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from schemas.raw_rows import ROW_PROBLEM, SEPARATOR


class PackedCells(NamedTuple):
    """The cells of some rows; in each row one of the two is null."""

    cells: pa.Array
    """Texts joined by SEPARATOR."""
    payload: pa.Array
    """JSON, where a cell holds SEPARATOR or NUL itself."""


def pack_cells(batch: pa.RecordBatch) -> PackedCells:
    """Pack the cells of raw rows (schema of `raw_row_schema`)."""
    columns = batch.columns[2:]
    joined = pc.binary_join_element_wise(*columns, SEPARATOR, null_handling="replace", null_replacement="")
    data = joined.buffers()[2].to_pybytes()
    if data.count(SEPARATOR.encode()) == len(batch) * (len(columns) - 1) and b"\0" not in data:
        return PackedCells(joined, pa.nulls(len(batch), pa.string()))
    counts = pc.count_substring(joined, SEPARATOR)
    is_ambiguous = pc.or_(pc.not_equal(counts, len(columns) - 1), pc.match_substring(joined, "\0"))
    rows = batch.drop_columns(["row_num", ROW_PROBLEM]).filter(is_ambiguous).to_pylist()
    payloads = pa.array([json.dumps(row, ensure_ascii=False) for row in rows], pa.string())
    nulls = pa.nulls(len(batch), pa.string())
    return PackedCells(pc.if_else(is_ambiguous, nulls, joined), pc.replace_with_mask(nulls, is_ambiguous, payloads))
