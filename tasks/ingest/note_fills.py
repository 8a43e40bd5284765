"""Take note of which cells of a table are repeated by empty ones below (`fill_down` of a mapping)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from schemas.lines import LineClass
from schemas.table_schema import TableSchema

_SOURCES = (LineClass.READING, LineClass.NOT_SELECTED, LineClass.NOTE)
"""What an empty cell repeats may be above on any of these."""


class FillNotes:
    """Finds the last filled cell above each empty one, batch by batch, and puts those into the table's schema.

    What stands on a line that is no reading counts too, such as a date on a line of its own: but no words of headers,
    totals and units.
    """

    def __init__(self, schema: TableSchema) -> None:
        self._schema = schema
        self._last: dict[str, tuple[int, str]] = {}

    def add(self, numbers: np.ndarray, cells: Sequence[pa.Array], classes: np.ndarray) -> None:
        """Go through the next lines."""
        for key, sources in self._schema.filled_down.items():
            (index,) = self._schema.indexes_of(key)
            is_filled = np.asarray(cells[index].is_valid().to_numpy(zero_copy_only=False))
            filled = np.flatnonzero(is_filled & np.isin(classes, _SOURCES))
            empty = np.flatnonzero(~is_filled & (classes == LineClass.READING))
            needed = np.unique(np.searchsorted(filled, empty) - 1)
            if -1 in needed and key in self._last:
                sources.append(self._last.pop(key))
            for position in filled[needed[needed >= 0]].tolist():
                sources.append((int(numbers[position]), cells[index][position].as_py()))
            if len(filled):
                last = int(filled[-1])
                self._last[key] = (int(numbers[last]), cells[index][last].as_py())
                if sources and sources[-1] == self._last[key]:
                    del self._last[key]
