"""Draft the key `date` of a table without a column of dates: the name of the file, or a cell above, may say the day."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xlsxwriter.utility import xl_rowcol_to_cell

from tasks.sources.find_tables import FoundTable
from tasks.sources.quoting import quote
from tasks.sources.recognise_dates import OPEN

_YEAR, _MONTH, _DAY = r"(?P<year>20\d{2})", r"(?P<month>\d{2})", r"(?P<day>\d{2})"
_PATTERNS = tuple(
    pattern.replace("-", mark)
    for pattern in (f"{_YEAR}-{_MONTH}-{_DAY}", f"{_DAY}-{_MONTH}-{_YEAR}", f"{_YEAR}-{_MONTH}", f"{_MONTH}-{_YEAR}")
    for mark in ("-", r"\.", "_", "")
)


def draft_outside_date(file_name: str, table: FoundTable) -> Iterator[str]:
    """Write where else a file names its day, as comments to choose from."""
    yield f"date: {OPEN}  # no column holds dates or times; where else does the file say the day? such as"
    if pattern := _pattern_in(file_name):
        yield f"# date: {{file_name: '{pattern}'}}"
    for row, cells in enumerate(table.above):
        for column, cell in enumerate(cells):
            if cell and (pattern := _pattern_in(cell)):
                name = xl_rowcol_to_cell(row, column)
                yield f"# date: {{cell: {name}, pattern: '{pattern}'}}  # {quote(cell[:80])}"
    yield f"stamp: {OPEN}  # start or end of the day"


def _pattern_in(text: str) -> str | None:
    return next((pattern for pattern in _PATTERNS if re.search(rf"(?<!\d){pattern}(?!\d)", text)), None)
