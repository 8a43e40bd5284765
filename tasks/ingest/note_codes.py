"""Take note of the codes that lines above their readings state (`{column: …, of: …}` in a mapping)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from schemas.table_schema import TableSchema
from tasks.ingest.select_rows import select


class CodeNotes:
    """Finds the lines that state codes, batch by batch, and puts their texts into the table's schema."""

    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema

    def add(self, numbers: np.ndarray, cells: Sequence[pa.Array]) -> None:
        """Go through the next lines."""
        for name, stated in self._schema.stated_codes.items():
            (column,) = self._schema.indexes_of(getattr(self._schema, f"{name}_column"))
            conditions = [(index, globs) for key, globs in stated.where for index in self._schema.indexes_of(key)]
            for position in np.flatnonzero(select(cells, conditions)).tolist():
                stated.lines.append((int(numbers[position]), cells[column][position].as_py() or ""))
