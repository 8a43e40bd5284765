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
_MAX_LINES_COMPARED = 20
_MAX_WORDS_OF_UNIT = 4
_NO_WORD = re.compile(r"\d[\d./: TZ+-]*")
CODE = re.compile(r"\d{5,}([-/_ ]\d+)*")
"""A number of a meter or a point of supply, as a heading."""
_NAMES_DAY = re.compile(r"(?i)дат[аы]|врем|день|сутки|dat(e|um|a)|time|day|tag|zeit|giorno|fecha|d[ií]a|jour|dzie")
_CLOCK = re.compile(r"([01]\d|2[0-4])[0-5]\d")
_RULE = re.compile(r"[-=_+|*.~\s─-╿]+")
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
    words = heading.split()
    # The longest first: hours are no unit of kilowatt hours.
    tails = [" ".join(words[-count:]) for count in range(min(_MAX_WORDS_OF_UNIT, len(words) - 1), 1, -1)]
    if match := _LAST_WORD.fullmatch(heading):
        tails.append((match["unit"] or match["line"] or match["suffix"]).strip())
    return next((text for text in tails if text and not text[0].isdigit() and find_units(text)), None)


def _is_upper_line(upper: Row, lower: Row) -> bool:
    """Return True for two lines of a header: the lower one leaves out what the upper one says, or says things twice."""
    words = [fold(cell) for cell in filled_cells(lower)]
    leaves_out = any(above and not below for above, below in itertools.zip_longest(upper, lower))
    return is_header(upper) and (leaves_out or len(set(words)) < len(words))


def is_header(row: Row) -> bool:
    """Return True if a line holds several words and no numbers, unless these count hours or intervals."""
    filled = filled_cells(row)
    others = _numbers_among(filled)
    if len(filled) < 2 or len(others) == len(filled):
        return False
    # An hour among many may be cut short: what the others are, it is too.
    are_hours = sum(bool(HOURS.fullmatch(cell) or _CLOCK.fullmatch(cell)) for cell in others) * 5 >= len(others) * 4
    return not others or (len(others) > 2 and (are_hours or count_up(others)))


def is_header_of_codes(row: Row, data: Sequence[Row], dates: set[int]) -> bool:
    """Return True if a line heads columns of data by the codes of meters: words over the dates, each column headed."""
    numbers = _numbers_among(filled_cells(row))
    headed = {index: cell.strip() for index, cell in enumerate(row) if cell and cell.strip()}
    over_dates = [headed.get(index, "") for index in dates]
    if not numbers or not all(map(CODE.fullmatch, numbers)) or len(set(numbers)) < len(numbers):
        return False
    held = {index for line in data[:_MAX_LINES_COMPARED] for index, cell in enumerate(line) if cell}
    # A meter's number alone beside its label is a title.
    is_title = len(headed) == len(numbers) + 1 == 2 and not any(map(_NAMES_DAY.search, over_dates))
    return (
        held <= headed.keys()
        and bool(dates)
        and all(text and text not in numbers for text in over_dates)
        and not is_title
    )


def _numbers_among(cells: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in cells if is_number(cell) or _NO_WORD.fullmatch(cell.strip())]


def count_up(cells: Sequence[str]) -> bool:
    """Return True if cells are numbers, each one more than the one before."""
    return all(map(str.isdecimal, cells)) and [*map(int, cells)] == [int(cells[0]) + step for step in range(len(cells))]


def is_between(row: Row) -> bool:
    """Return True for a line that may stand between header and data: blank, a rule, of units, or of column numbers."""
    filled = filled_cells(row)
    return all(map(_RULE.fullmatch, filled)) or are_units(row) or _are_numbers(row)


def are_units(row: Row) -> bool:
    """Return True for a line of units."""
    filled = filled_cells(row)
    return bool(filled) and is_line_of_units(filled)


def _are_numbers(row: Row) -> bool:
    filled = filled_cells(row)
    return len(filled) > 2 and all(map(is_number, filled))
