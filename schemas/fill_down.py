"""Fill cells that are empty because they repeat one above; raw rows keep them as they are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.table_schema import TableSchema


def fill_down(schema: TableSchema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return raw rows of a table, any of them in any order, with the cells that repeat those above."""
    for key, sources in schema.filled_down.items():
        column = batch.column(key)
        if not sources or not column.null_count:
            continue
        filled = pc.coalesce(column, texts_above(sources, batch.column("row_num")))
        batch = batch.set_column(batch.schema.get_field_index(key), batch.schema.field(key), filled)
    return batch


def texts_above(sources: Sequence[tuple[int, str]], lines: pa.Array) -> pa.StringArray:
    """Return for each line the text of the last source above it, in whatever order; null: there is none, or no text.

    `sources` are line numbers, in order, with their texts.
    """
    near = _between(sources, lines)
    last = np.searchsorted([line for line, _ in near], lines.to_numpy()) - 1
    return pa.array([text or None for _, text in near], pa.string()).take(pa.array(last, mask=last < 0))


def _between(sources: Sequence[tuple[int, str]], lines: pa.Array) -> Sequence[tuple[int, str]]:
    """Return the sources that may be the last above some lines: a table may have very many."""
    ends = pc.min_max(lines).as_py()
    if ends["min"] is None:
        return []
    first = bisect_left(sources, ends["min"], key=itemgetter(0))
    return sources[max(first - 1, 0) : bisect_left(sources, ends["max"], key=itemgetter(0))]
