"""Fill cells that are empty because they repeat one above; raw rows keep them as they are."""

from __future__ import annotations

from bisect import bisect_left
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.table_schema import TableSchema


def fill_down(schema: TableSchema, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return raw rows of a table, any of them in any order, with the cells that repeat those above."""
    for key, all_sources in schema.filled_down.items():
        column = batch.column(key)
        sources = _between(all_sources, batch.column("row_num"))
        if not sources or not column.null_count:
            continue
        lines = np.array([line for line, _ in sources])
        last = np.searchsorted(lines, batch.column("row_num").to_numpy()) - 1
        above = pa.array([text for _, text in sources], pa.string()).take(pa.array(last, mask=last < 0))
        filled = pc.coalesce(column, above)
        batch = batch.set_column(batch.schema.get_field_index(key), batch.schema.field(key), filled)
    return batch


def _between(sources: list[tuple[int, str]], lines: pa.Array) -> list[tuple[int, str]]:
    """Return the cells that may be repeated on some lines: a table may have very many."""
    ends = pc.min_max(lines).as_py()
    if ends["min"] is None:
        return []
    first = bisect_left(sources, ends["min"], key=itemgetter(0))
    return sources[max(first - 1, 0) : bisect_left(sources, ends["max"], key=itemgetter(0))]
