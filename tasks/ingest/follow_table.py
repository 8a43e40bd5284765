"""Follow a table down its grid: find out whether it goes on below what is between its readings, or another begins.

What begins below a second header with other headings, below the title of another meter, or below a total with earlier
times, is no longer what the mapping describes. It is never read with the header above.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from schemas.dates import NotATimeError
from schemas.lines import LineClass
from schemas.patterns import compile_pattern
from schemas.spellings import MISSING, fold_word
from schemas.times import Times, read_interval
from schemas.units import has_unit
from tasks.ingest.classify_lines import Line, TableColumns, repeats_label
from tasks.ingest.find_header import WantedColumn, count_known
from tasks.ingest.grids import Row, line_text

_MONTH = r"(?:янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек)\w*"
_DATED = re.compile(
    rf"""(?ix)
    \b\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}\b | \b\d{{1,2}}[./]\d{{4}}\b | \b\d{{1,2}}:\d{{2}}(?::\d{{2}})?\b
    | (?:\b\d{{1,2}}\s+)?\b{_MONTH}\s+\d{{4}}\b | \b\d{{1,2}}\s+{_MONTH} | \b\d{{4}}\s*г(?:од\w*|\b)
    | \b(?:стр|страниц\w*|лист\w*|page|sheet|с)\b\.?\s*№?\s*\d+(?:\s*(?:из|of|/)\s*\d+)?
    """
)
"""Numbers between two tables that tell no meter: dates, times, pages."""
_HEADING = re.compile(r"\s*[^\W\d_]|\s*[№«(]")


class Followed(NamedTuple):
    """What identifies the tables that share a header."""

    columns: TableColumns
    wanted: Sequence[Sequence[WantedColumn]]
    """The columns of each table."""
    units: Mapping[int, Callable[[str], bool]]
    """Index of a column of values → whether a unit below a repeated header is another than the table's."""
    patterns: Sequence[str]
    """Of cells that say whose readings a table holds."""
    has_own_meter: bool
    """Whether each row names its meter: then times may go back."""
    times: Times
    says_other_date: Callable[[str], bool] = lambda text: False
    """Whether a line names another date than that of the table."""
    missing: frozenset[str] = frozenset()
    """The supplier's own words for a missing value, folded."""


class Verdict(NamedTuple):
    """Where a table ends, and what begins there."""

    line: int
    is_header: bool = False
    """A header of the same tables, with other spellings or another order of the columns; else nobody describes it."""


class TableFollower:
    """What stands between the readings of a table, from its header on."""

    def __init__(self, table: Followed) -> None:
        self._table = table
        self._first: Callable[[], Row] | None = None
        self._last: Callable[[], Row] | None = None

    def pass_readings(self, first: Callable[[], Row], last: Callable[[], Row]) -> None:
        """Take note of the first and last of readings that follow each other; they are looked at when it matters."""
        self._first = self._first or first
        self._last = last

    def decide(self, between: Sequence[Line], following: Line | None) -> Verdict | None:
        """Return where the table ends, given what stands between its last reading and the next; None: it goes on.

        Without a next one it may still go on below another header, under which other lines are readings.
        """
        notes = [line for line in between if line.kind is LineClass.NOTE]
        renamed = next((line.number for line in notes if self._names_all_columns(line)), None)
        repeated = [line.number for line in between if line.kind is LineClass.REPEATED_HEADER]
        other = [line.number for line in between if line.kind is LineClass.UNITS and self._differs(line)]
        if other and following:
            return Verdict(other[0])
        if headers := sorted([*repeated, *([renamed] if renamed else [])]):
            if any(line.number < headers[-1] and self._is_title(line) for line in notes):
                return Verdict(headers[-1], is_header=True)
            titles = [line.number for line in notes if line.number < headers[-1] and self._tells_a_meter(line)]
            if not titles:
                return Verdict(renamed, is_header=True) if renamed else None
        else:
            titles = [line.number for line in notes if self._matches_identity(line)]
        if following is None:
            return None
        if titles:
            return Verdict(min(line.number for line in [*between, following] if line.number > titles[0]))
        if header := self._unknown_header(notes, following):
            return Verdict(header)
        if any(line.kind in (LineClass.TOTAL, LineClass.NOTE) for line in between) and self._goes_back(following):
            return Verdict(following.number)
        return None

    def _differs(self, line: Line) -> bool:
        units = {index: line.cells[index] or "" for index in self._table.units}
        return any(has_unit(unit) and self._table.units[index](unit) for index, unit in units.items() if unit)

    def _names_all_columns(self, line: Line) -> bool:
        return all(
            (required := sum(column.required for column in wanted)) and count_known(line.cells, wanted) == required
            for wanted in self._table.wanted
        )

    def _tells_a_meter(self, line: Line) -> bool:
        return self._matches_identity(line) or self._has_number(line)

    def _has_number(self, line: Line) -> bool:
        """Return True for a line with a number that is no date and no page."""
        return bool(re.search(r"\d", _DATED.sub(" ", line_text(line.cells))))

    def _is_title(self, line: Line) -> bool:
        return any(compile_pattern(pattern).search(line_text(line.cells)) for pattern in self._table.columns.titles)

    def _matches_identity(self, line: Line) -> bool:
        cells = [cell for cell in line.cells if cell]
        if self._is_title(line) or (repeats_label(cells, self._table.columns) and self._has_number(line)):
            return True
        if any(map(self._table.says_other_date, [*cells, " ".join(cells)])):
            return True
        return any(compile_pattern(pattern).search(cell) for pattern in self._table.patterns for cell in cells)

    def _unknown_header(self, notes: Sequence[Line], following: Line) -> int | None:
        """Find the first of consecutive lines of headings, over every cell of the reading below."""
        headings: set[int] = set()
        first, previous = None, None
        for line in notes:
            filled = [index for index, cell in enumerate(line.cells) if cell]
            is_heading = len(filled) > 1 and all(_HEADING.match(line.cells[index] or "") for index in filled)
            if not is_heading or self._lacks_values(line):
                continue
            if previous != line.number - 1:
                headings, first = set(), None
            headings |= set(filled)
            first, previous = first or line.number, line.number
        below = {index for index, cell in enumerate(following.cells) if cell}
        return first if below <= headings else None

    def _lacks_values(self, line: Line) -> bool:
        values = [line.cells[index] for index in self._table.columns.values]
        return any(
            cell and (compile_pattern(MISSING).search(cell) or fold_word(cell) in self._table.missing)
            for cell in values
        )

    def _goes_back(self, following: Line) -> bool:
        """Return True if times run against their direction so far."""
        if self._table.has_own_meter or self._first is None or self._last is None:
            return False
        first, last, now = (self._time_of(cells) for cells in (self._first(), self._last(), following.cells))
        if first is None or last is None or now is None:
            return False
        return now > last if last < first else now < last

    def _time_of(self, cells: Row) -> int | None:
        """Return the start of a reading's interval, or None where it cannot be read."""
        columns = self._table.columns
        date, hour = (
            next((cells[index] for index in indexes if cells[index]), None)
            for indexes in (columns.times, columns.hours)
        )
        try:
            return read_interval(date or "", (hour or "") if columns.hours else None, None, self._table.times).start
        except NotATimeError:
            return None
