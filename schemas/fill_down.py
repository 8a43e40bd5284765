"""Fill cells that are empty because they repeat one above; raw rows keep them as they are."""

from __future__ import annotations

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
        lines = np.array([line for line, _ in sources])
        last = np.searchsorted(lines, batch.column("row_num").to_numpy()) - 1
        above = pa.array([text for _, text in sources], pa.string()).take(pa.array(last, mask=last < 0))
        filled = pc.coalesce(column, above)
        batch = batch.set_column(batch.schema.get_field_index(key), batch.schema.field(key), filled)
    return batch
