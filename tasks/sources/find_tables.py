"""Find the tables of an unknown file: lines with dates and numbers, and the header above them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from typing import NamedTuple

from schemas.headings import heading_cells
from schemas.patterns import compile_pattern
from schemas.spellings import MISSING, fold
from schemas.units import has_unit
from tasks.sources.cells import HOURS, Row, filled_cells, is_number, without_dates
from tasks.sources.recognise_dates import Dates, is_date, recognise, says_time
from tasks.sources.recognise_headers import (
    are_units,
    count_up,
    is_between,
    is_header,
    is_header_of_codes,
    top_of_header,
    unit_of,
)

_MAX_LINES = 1_000
"""Of a table that are looked at."""
_MAX_SAMPLES = 200


class Sheet(NamedTuple):
    """The first lines of a sheet, or of a csv (`name` is None)."""

    name: str | None
    rows: list[Row]


class FoundColumn(NamedTuple):
    """A column of an unknown table."""

    heading: str
    unit: str | None
    """From a line of units below the header, or at the end of the heading."""
    cells: list[str | None]

    @property
    def samples(self) -> list[str]:
        """The filled cells."""
        return [cell for cell in self.cells if cell]

    def mostly(self, test: Callable[[str], object]) -> bool:
        """Return True if four of five samples pass a test, words for missing values left out."""
        missing = compile_pattern(MISSING)
        samples = [text for text in self.samples[:_MAX_SAMPLES] if not missing.search(text) and text[0] != "#"]
        return bool(samples) and sum(bool(test(text)) for text in samples) * 5 >= len(samples) * 4

    def dates(self) -> Dates | None:
        """Return how its dates are written; None: it is no column of dates."""
        return recognise(self.cells, in_time_column=says_time(self.heading))


class FoundTable(NamedTuple):
    """Consecutive lines with dates and numbers, and the header above them."""

    sheet: str | None
    above: list[Row]
    """All lines above its header."""
    begins: int
    """How many of these are of earlier tables."""
    header_line: int
    columns: list[FoundColumn]

    @property
    def title(self) -> str | None:
        """The text that is alone in the nearest filled line above the header."""
        filled = next((cells for row in reversed(self.above) if (cells := filled_cells(row))), [])
        return filled[0] if len(filled) == 1 else None

    @property
    def words(self) -> list[str]:
        """Its headings, folded."""
        return [fold(column.heading) for column in self.columns]


def find_tables(sheet: Sheet) -> Iterator[FoundTable]:
    """Yield the tables of a sheet from the top; one that only repeats the header above it goes on with that one."""
    last: FoundTable | None = None
    for table in [*_find_all(sheet)] or filter(None, [_find_without_values(sheet)]):
        if last and table.words == last.words and not _has_own_code(table):
            for column, further in zip(last.columns, table.columns, strict=True):
                column.cells.extend(further.cells)
            continue
        if last:
            yield last
        last = table
    if last:
        yield last


def _find_all(sheet: Sheet) -> Iterator[FoundTable]:
    rows, searched, index, said = sheet.rows, 0, 0, set[int]()
    while index < len(rows):
        if not _is_data(rows[index], said):
            said |= {column for column, cell in enumerate(rows[index]) if cell and says_time(cell)}
            index += 1
            continue
        first = _first_without_values(rows, searched, index, said)
        # Of lines without values a part: those with values are to be seen, too.
        shown = max(first, index - _MAX_LINES // 2)
        index = _end_of_data(rows, index, said)
        if table := _find_table(sheet, searched, rows[shown:index][:_MAX_LINES], first, said):
            yield table
        searched, said = index, set()


def find_undated(sheet: Sheet) -> FoundTable | None:
    """Find a header above lines with numbers where no line has a date."""
    rows = sheet.rows
    first = next((index for index, row in enumerate(rows) if _holds_values(filled_cells(row))), 0)
    return _find_table(sheet, 0, rows[first : first + _MAX_LINES], first) if first else None


def _holds_values(filled: Sequence[str]) -> bool:
    """Return True for cells with a number among them that do not only number the columns."""
    return len(filled) > 1 and any(map(is_number, filled)) and not count_up(filled)


def _has_own_code(table: FoundTable) -> bool:
    return bool(table.title and re.search(r"\d", without_dates(table.title)))


def _dates_in(row: Row, said: Set[int]) -> set[int]:
    return {index for index, cell in enumerate(row) if cell and is_date(cell, in_time_column=index in said)}


def _is_data(row: Row, said: set[int]) -> bool:
    """Return True if a line holds a date or time stamp, and a number."""
    filled = filled_cells(row)
    if len(filled) < 2 or not any(map(is_number, filled)):
        return False
    dates = _dates_in(row, said)
    # A number that is the date itself is no value.
    return bool(dates) and any(cell and is_number(cell) for index, cell in enumerate(row) if index not in dates)


def _end_of_data(rows: Sequence[Row], first: int, said: set[int]) -> int:
    """Return the index behind the lines of data, those included that leave out their date or their values."""
    dates = _dates_in(rows[first], said)
    held = {column for column, cell in enumerate(rows[first]) if cell}
    index = first + 1
    while index < len(rows) and (_is_data(rows[index], said) or _goes_on(rows[index], dates, held, said)):
        held |= {column for column, cell in enumerate(rows[index]) if cell}
        index += 1
    return index


def _goes_on(row: Row, dates: set[int], held: set[int], said: set[int]) -> bool:
    filled = {column: cell for column, cell in enumerate(row) if cell}
    if not filled or not filled.keys() <= held:
        return False
    if dates & _dates_in(row, said):
        return True
    return len(filled) > 1 and all(is_number(cell) or HOURS.fullmatch(cell.strip()) for cell in filled.values())


def _first_without_values(rows: Sequence[Row], searched: int, first: int, said: set[int]) -> int:
    """Step up over lines with a date where the first line of data has one: an archive often begins without values."""
    dates = _dates_in(rows[first], said)
    while first > searched and len(rows[first - 1]) > 1 and dates & _dates_in(rows[first - 1], said):
        # A title with nothing but a date stands above the header, not below it.
        if first - 2 < searched or len(filled_cells(rows[first - 2])) < 2:
            return first
        first -= 1
    return first


def _find_without_values(sheet: Sheet) -> FoundTable | None:
    """Find a header above two lines or more with dates in the same place where no line has a value."""
    rows, said = sheet.rows, set[int]()
    for first in range(1, len(rows) - 1):
        said |= {column for column, cell in enumerate(rows[first - 1]) if cell and says_time(cell)}
        dates = _dates_in(rows[first], said)
        if dates and dates & _dates_in(rows[first + 1], said) and is_header(rows[first - 1]):
            return _find_table(sheet, 0, rows[first : _end_of_data(rows, first, said)][:_MAX_LINES], first, said)
    return None


def _find_table(
    sheet: Sheet, searched: int, data: Sequence[Row], first: int, said: Set[int] = frozenset()
) -> FoundTable | None:
    """Find the header above the first line of data and below the lines that are `searched`."""
    units: dict[int, str] = {}
    last = first - 1
    while last >= searched and is_between(sheet.rows[last]):
        if are_units(sheet.rows[last]):
            units = {index: cell.strip() for index, cell in enumerate(sheet.rows[last]) if cell and has_unit(cell)}
        last -= 1
    if last < searched:
        return None
    if not is_header(sheet.rows[last]) and not is_header_of_codes(sheet.rows[last], data, _dates_in(data[0], said)):
        return None
    top = top_of_header(sheet.rows, searched, last)
    headings = [cells.joined for cells in heading_cells(sheet.rows[top : last + 1])]
    above = list(sheet.rows[:top])
    return FoundTable(sheet.name, above, searched, last + 1, _columns(headings, units, data))


def _columns(headings: list[str], units: dict[int, str], data: Sequence[Row]) -> list[FoundColumn]:
    columns = []
    for index in range(max([len(headings), *(len(row) for row in data)])):
        heading = headings[index] if index < len(headings) else ""
        cells = [row[index] if index < len(row) else None for row in data]
        columns.append(FoundColumn(heading, units.get(index) or unit_of(heading), cells))
    return columns
