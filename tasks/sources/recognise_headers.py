"""Recognise the lines of a header, and the units in headings and below them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from schemas.spellings import fold
from schemas.units import find_units, is_line_of_units, unit_in_heading
from tasks.sources.cells import HOURS, Row, filled_cells, is_number

_MAX_HEADER_LINES = 3
_MAX_HEADING = 200
_LAST_WORD = re.compile(r"(?s).*\s(?P<unit>\S{2,}|[тлl])|.*\n\s*(?P<line>[^\n]+)|.*_(?P<suffix>l|[^\W_]{2,})")


def top_of_header(rows: Sequence[Row], searched: int, last: int) -> int:
    """Return the index of the first line of a header that ends with a line."""
    top = last
    while top > searched and last - top < _MAX_HEADER_LINES - 1 and _is_upper_line(rows[top - 1], rows[top]):
        # Of three lines the top one may be a title that fills several cells: over the first column is one heading.
        leftmost = [row[0] for row in rows[top - 1 : last + 1] if row]
        if top < last and sum(map(bool, leftmost)) > 1:
            break
        top -= 1
    return top


def unit_of(heading: str) -> str | None:
    """Return the unit at the end of a heading: in brackets, behind a comma, a line break, a space or a `_`."""
    if len(heading) > _MAX_HEADING:
        return None
    if unit := unit_in_heading(heading):
        return unit
    if len(heading) > 1 and any(unit.dimension != "duration" for unit in find_units(heading)):
        return heading
    match = _LAST_WORD.fullmatch(heading)
    text = (match["unit"] or match["line"] or match["suffix"]).strip() if match else ""
    return text if text and not text[0].isdigit() and find_units(text) else None


def _is_upper_line(upper: Row, lower: Row) -> bool:
    """Return True for two lines of a header: the lower one leaves out what the upper one says, or says things twice."""
    words = [fold(cell) for cell in filled_cells(lower)]
    leaves_out = any(above and not below for above, below in itertools.zip_longest(upper, lower))
    return is_header(upper) and (leaves_out or len(set(words)) < len(words))


def is_header(row: Row) -> bool:
    """Return True if a line holds several words and no numbers, unless these count hours or intervals."""
    filled = filled_cells(row)
    others = [cell.strip() for cell in filled if is_number(cell) or re.fullmatch(r"\d[\d./: TZ+-]*", cell.strip())]
    if len(filled) < 2 or len(others) == len(filled):
        return False
    return not others or (len(others) > 2 and (all(map(HOURS.fullmatch, others)) or count_up(others)))


def count_up(cells: Sequence[str]) -> bool:
    """Return True if cells are numbers, each one more than the one before."""
    return cells == [str(int(cells[0]) + step) for step in range(len(cells))] if cells[0].isdigit() else False


def is_between(row: Row) -> bool:
    """Return True for a line that may stand between header and data: blank, of units, or of column numbers."""
    return not filled_cells(row) or are_units(row) or _are_numbers(row)


def are_units(row: Row) -> bool:
    """Return True for a line of units."""
    filled = filled_cells(row)
    return bool(filled) and is_line_of_units(filled)


def _are_numbers(row: Row) -> bool:
    filled = filled_cells(row)
    return len(filled) > 2 and all(map(is_number, filled))
