"""How stage keeps a source row: one text with all cells, or JSON where that text would be ambiguous.

`stage.raw_rows.cells` joins the cells by SEPARATOR, an empty cell is an empty text; `stage.stage_raw_measurements`
turns it back into heading → text. A row that holds SEPARATOR or NUL itself is kept as JSON in `payload`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

SEPARATOR = "\x1f"
"""Between two cells (U+001F, unit separator); `chr(31)` in SQL."""

ROW_PROBLEM = "row_problem"
"""Names the column that says why a line's cells are not those of the table's columns: a `Reason`, or null.

Of a line with more cells than columns the last cell holds what is left of the line.
"""


_FORMULA_OF_TEXT = r'^="(.*)"$'


def tidy_code(code: str) -> str:
    """Return a code without spaces around it, and `5414` for `="5414"`, by which a csv keeps Excel from counting."""
    return re.sub(_FORMULA_OF_TEXT, r"\1", code.strip())


def tidy_codes(codes: pa.Array) -> pa.Array:
    """Return tidy codes."""
    return pc.replace_substring_regex(pc.utf8_trim_whitespace(codes), _FORMULA_OF_TEXT, r"\1")


def raw_row_schema(keys: Iterable[str]) -> pa.Schema:
    """Return the schema of raw rows: `row_num`, the line as a person counts it, ROW_PROBLEM, and a text a column."""
    return pa.schema([("row_num", pa.int32()), (ROW_PROBLEM, pa.string()), *((key, pa.string()) for key in keys)])
