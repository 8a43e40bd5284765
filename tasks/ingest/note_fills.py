"""Take note of which cells of a table are repeated by empty ones below (`fill_down` of a mapping)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
        conditions = [key for key, _ in schema.where if key in schema.filled_down]
        self._of_conditions = dict(zip(conditions, schema.indexes_of(*conditions), strict=True))

    def below(self, schema: TableSchema) -> FillNotes:
        """Return the notes of a table that goes on below another header, under which its columns have other names."""
        further = FillNotes(schema)
        for role, key in schema.columns_by_role.items():
            above = self._schema.columns_by_role.get(role)
            if key in schema.filled_down and above in self._schema.filled_down and (last := self._last_of(above)):
                further._last[key] = last
        return further

    def _last_of(self, key: str) -> tuple[int, str] | None:
        """Return the last filled cell so far."""
        return self._last.get(key) or next(reversed(self._schema.filled_down[key]), None)

    def fill(self, cells: Sequence[pa.Array], classes: np.ndarray) -> list[pa.Array]:
        """Return the next lines, before they are added, with the empty cells that conditions look at filled."""
        filled = [*cells]
        for key, index in self._of_conditions.items():
            sources = pc.if_else(pa.array(np.isin(classes, _SOURCES)), cells[index], None)
            last = self._last_of(key)
            above = pc.fill_null(pc.fill_null_forward(sources), last[1]) if last else pc.fill_null_forward(sources)
            filled[index] = pc.coalesce(cells[index], above)
        return filled

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
