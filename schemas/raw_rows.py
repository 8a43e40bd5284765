"""How stage keeps a source row: one text with all cells, or JSON where that text would be ambiguous.

`stage.raw_rows.cells` joins the cells by SEPARATOR, an empty cell is an empty text; `stage.stage_raw_measurements`
turns it back into heading → text. A row that holds SEPARATOR or NUL itself is kept as JSON in `payload`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

SEPARATOR = "\x1f"
"""Between two cells (U+001F, unit separator); `chr(31)` in SQL."""

RAGGED = "␞"
"""Begins the last cell of a row with too few or too many cells; the whole line follows it."""


def raw_row_schema(keys: Iterable[str]) -> pa.Schema:
    """Return the schema of a table's raw rows: `row_num`, the line as a person counts it, and a text a column."""
    return pa.schema([("row_num", pa.int32()), *((key, pa.string()) for key in keys)])
