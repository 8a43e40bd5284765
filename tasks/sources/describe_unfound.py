"""Say of a file in which no table was found what was seen, and what stood in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tasks.sources.cells import Row, is_number, plain_text
from tasks.sources.find_tables import Sheet
from tasks.sources.quoting import quote
from tasks.sources.recognise_dates import OPEN, PLAIN, is_date, recognise
from tasks.sources.recognise_headers import is_header

_MAX_CELLS = 12
_MAX_LENGTH = 40
_MAX_SHEETS = 3


def describe_unfound(sheets: Sequence[Sheet]) -> Iterator[str]:
    """Write as comments what each sheet holds: lines that may be headings, two lines below, and the obstacle."""
    yield f"# {OPEN} No line with headings over dates and numbers was found. What was seen:"
    for sheet in sheets[:_MAX_SHEETS]:
        yield from (f"# {line}" for line in _describe(sheet))


def _describe(sheet: Sheet) -> Iterator[str]:
    where = f"sheet {quote(sheet.name)}, " if sheet.name else ""
    filled = [(number, row) for number, row in enumerate(sheet.rows, start=1) if any(row)]
    if not filled:
        yield f"{where}no line with anything in it"
        return
    header = next(((number, row) for number, row in filled if _may_be_header(row, filled, number)), None)
    start = header[0] if header else 0
    if header:
        yield f"{where}line {header[0]}, headings? {_cells(header[1])}"
    samples = [(number, row) for number, row in filled if number > start][:2]
    yield from (f"{where}line {number}: {_cells(row)}" for number, row in samples)
    yield from _obstacles(header[1] if header else None, [row for _, row in samples])


def _may_be_header(row: Row, filled: Sequence[tuple[int, Row]], number: int) -> bool:
    """Return True for a line of words right above one with numbers."""
    below = next((other for line, other in filled if line > number), [])
    words = [cell for cell in row if cell and not is_number(cell)]
    return (is_header(row) or len(words) > 1) and any(cell and is_number(cell) for cell in below)


def _obstacles(header: Row | None, samples: Sequence[Row]) -> Iterator[str]:
    days: list[str] = []
    if header is None and (last := _last_over_bare_dates(samples)):
        yield f"the column of dates has no heading: below that line, columns have letters (header: none, after: {last})"
    elif header is None:
        yield "no line of words stands above lines with numbers: without headings, columns have letters (header: none)"
    elif days := [cell for cell in header if cell and is_date(cell, in_time_column=False)]:
        yield f"headings such as {quote(days[0])} are dates: a column a day (intervals: {{headings: …}})"
    obstacle = next((text for row in samples for cell in row if cell and (text := _of_cell(cell))), None)
    if obstacle:
        yield obstacle
    elif header is not None and not days:
        yield "no column holds dates or times that are known; where else does the file say the day?"


def _last_over_bare_dates(samples: Sequence[Row]) -> str | None:
    """Return the last cell of a line that leaves out the column of the dates below it; None: it is no such line."""
    if len(samples) < 2 or samples[0][0] or not is_date(samples[1][0] or "", in_time_column=False):
        return None
    return quote(next(cell for cell in reversed(samples[0]) if cell))


def _of_cell(cell: str) -> str | None:
    """Return what is special of a cell that may be a date."""
    found = recognise([cell], in_time_column=True)
    if found and found.key != PLAIN:
        key = "" if found.key == OPEN else f" ({found.key})"
        return f"{quote(cell)} looks like a date that is not read without the key `dates`{key}"
    if found is None and re.search(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}", cell):
        return f"{quote(cell)} looks like a date that is written in no way that is known: see the key `dates`"
    return None


def _cells(row: Row) -> str:
    cells = [quote(plain_text(cell)[:_MAX_LENGTH]) if cell else "-" for cell in row[:_MAX_CELLS]]
    more = f" and {len(row) - _MAX_CELLS} more" if len(row) > _MAX_CELLS else ""
    return f"{' | '.join(cells)}{more}"
