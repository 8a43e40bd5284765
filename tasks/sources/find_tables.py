"""Find the tables of an unknown file: lines with dates and numbers, and the header above them."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from schemas.metrics import METRICS, convert_to_own_unit

Row = Sequence[str | None]

_MAX_SAMPLES = 30
_NUMBER = re.compile(r"[+\-−]?\d[\d \xa0]*([.,]\d+)?([eE][+-]?\d+)?")


class Sheet(NamedTuple):
    """The first lines of a sheet, or of a csv (`name` is None)."""

    name: str | None
    rows: list[Row]


class Times(NamedTuple):
    """How to read a date or time stamp (None: the text is neither), and to recognise an hour of the day."""

    read_timestamp: Callable[[str], dt.datetime | None]
    is_hour: Callable[[str], bool]


class FoundColumn(NamedTuple):
    """A column of an unknown table."""

    heading: str
    unit: str | None
    """From a line of units below the header, or behind the heading's comma."""
    samples: list[str]

    def mostly(self, test: Callable[[str], object]) -> bool:
        """Return True if four of five samples pass a test."""
        return bool(self.samples) and sum(bool(test(text)) for text in self.samples) * 5 >= len(self.samples) * 4


class FoundTable(NamedTuple):
    """Consecutive lines with dates and numbers, and the header above them."""

    sheet: str | None
    above: list[Row]
    """All lines above its header."""
    header_line: int
    columns: list[FoundColumn]

    @property
    def title(self) -> str | None:
        """The text that is alone in the nearest filled line above the header."""
        filled = next((cells for row in reversed(self.above) if (cells := [cell for cell in row if cell])), [])
        return filled[0] if len(filled) == 1 and self.above[-1] else None


def find_tables(sheet: Sheet, times: Times) -> Iterator[FoundTable]:
    """Yield the tables of a sheet from the top."""
    rows, searched, index = sheet.rows, 0, 0
    while index < len(rows):
        first = index
        while index < len(rows) and is_data(rows[index], times):
            index += 1
        if index > first:
            if table := _find_table(sheet, searched, rows[first:index][:_MAX_SAMPLES], first, times):
                yield table
            searched = index
        index += 1


def is_data(row: Row, times: Times) -> bool:
    """Return True if a line holds a date or time stamp, and a number."""
    filled = [cell for cell in row if cell]
    return any(times.read_timestamp(cell) for cell in filled) and any(map(is_number, filled)) and len(filled) > 1


def is_number(cell: str) -> bool:
    """Return True if a cell is written as a number."""
    return bool(_NUMBER.fullmatch(cell.strip()))


def is_unit(text: str) -> bool:
    """Return True if a text is the unit of any metric."""
    return any(convert_to_own_unit(metric, text, interval_hours=1) is not None for metric in METRICS)


def _find_table(sheet: Sheet, searched: int, data: Sequence[Row], first: int, times: Times) -> FoundTable | None:
    """Find the header above the first line of data and below the lines that are `searched`."""
    units: dict[int, str] = {}
    last = first - 1
    while last >= searched and (_are_units(sheet.rows[last]) or _are_numbers(sheet.rows[last])):
        if _are_units(sheet.rows[last]):
            units = {index: cell for index, cell in enumerate(sheet.rows[last]) if cell}
        last -= 1
    if last < searched or not _is_header(sheet.rows[last], times):
        return None
    upper = sheet.rows[last - 1] if last > searched else []
    is_double = _is_upper_line(upper, sheet.rows[last])
    headings = _join(upper, sheet.rows[last]) if is_double else [(cell or "").strip() for cell in sheet.rows[last]]
    columns = _columns(headings, units, data)
    return FoundTable(sheet.name, list(sheet.rows[: last - is_double]), last + 1, columns)


def _columns(headings: list[str], units: dict[int, str], data: Sequence[Row]) -> list[FoundColumn]:
    columns = []
    for index in range(max([len(headings), *(len(row) for row in data)])):
        heading = headings[index] if index < len(headings) else ""
        samples = [str(row[index]) for row in data if index < len(row) and row[index]]
        columns.append(FoundColumn(heading, units.get(index) or _unit_in(heading), samples))
    return columns


def _is_upper_line(upper: Row, lower: Row) -> bool:
    """Return True for a header in two lines: the lower one leaves out what the upper one says alone."""
    return sum(bool(cell) for cell in upper) > 1 and any(
        above and not below for above, below in itertools.zip_longest(upper, lower)
    )


def _join(upper: Row, lower: Row) -> list[str]:
    headings, last_upper = [], ""
    for above, below in itertools.zip_longest(upper, lower):
        last_upper = (above or "").strip() or last_upper
        headings.append(f"{last_upper} {below.strip()}".strip() if below else (above or "").strip())
    return headings


def _is_header(row: Row, times: Times) -> bool:
    filled = _filled(row)
    return len(filled) > 1 and not any(is_number(cell) or times.read_timestamp(cell) for cell in filled)


def _are_units(row: Row) -> bool:
    filled = _filled(row)
    return bool(filled) and all(map(is_unit, filled))


def _are_numbers(row: Row) -> bool:
    filled = _filled(row)
    return len(filled) > 2 and all(map(is_number, filled))


def _filled(row: Row) -> list[str]:
    return [cell for cell in row if cell and cell.strip()]


def _unit_in(heading: str) -> str | None:
    match = re.search(r"[,(]\s*([^,()]+?)\s*\)?\s*$", heading)
    return match[1] if match else None
