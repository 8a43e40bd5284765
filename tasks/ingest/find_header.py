"""Find a table's header by its words."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from xlsxwriter.utility import xl_col_to_name

from schemas.errors import FileError
from schemas.headings import HeadingCells, heading_cells
from schemas.metrics import METRICS
from schemas.patterns import compile_pattern
from schemas.problems import FileProblem
from schemas.spellings import fold
from schemas.table_spec import CODE_NAMES, LONG_FIELDS, LONG_REQUIRED, FromColumn, TableSpec
from schemas.units import has_unit, is_line_of_units
from schemas.wide_columns import is_pattern
from tasks.ingest.grids import Row
from tasks.ingest.remember import remember

_MAX_LINES_ABOVE = 60
"""How far to search for the header, from the top or from the text that it is below."""
_MAX_LINES_BELOW = 3
_MAX_NAMES_LENGTH = 500


class Heading(NamedTuple):
    """The words over a column; of a header of several lines the cells joined, and each alone."""

    text: str
    lower: str = ""
    upper: str = ""
    middle: str = ""
    """Of three lines."""
    lower_two: str = ""


class Header(NamedTuple):
    """A header and where it is; lines count from 1, columns from 0."""

    begins: int
    """The line of the text that it is below, else its first line."""
    first_line: int
    line: int
    """Its last line."""
    headings: list[Heading]
    words: frozenset[str]
    """Folded cells of all its lines."""
    ends: int
    """The last line before the data: lines of units and column numbers may be between."""
    units: dict[int, str]
    """Index of a column → its unit, from a line of units below the header."""


class WantedColumn(NamedTuple):
    """A column that the mapping needs or knows."""

    field: str
    spellings: tuple[str, ...]
    required: bool
    may_repeat: bool = False
    """Several are as good as none: which is meant would be a guess."""
    pattern: str | None = None
    """Matches the whole heading of each of any number of columns; it is the only spelling, too."""

    def is_among(self, headings: Sequence[str], folded: Set[str]) -> bool:
        """Return True if a line has it, given its headings as they are and folded."""
        if self.pattern is None:
            return any(fold(name) in folded for name in self.spellings)
        whole = f"^(?:{compile_pattern(self.pattern).pattern})$"
        texts = pa.array([" ".join(heading.split()) for heading in headings], pa.string())
        return bool(pc.any(pc.match_substring_regex(texts, whole)).as_py())


@remember
def wanted_columns(spec: TableSpec) -> tuple[WantedColumn, ...]:
    """List the columns that a table needs or knows."""
    named: dict[str, str | None] = {**spec.time_headings}
    named |= {field: text for field in ("value", "factor") if isinstance(text := getattr(spec, field), str)}
    codes = {name: getattr(spec.identity, name) for name in CODE_NAMES}
    named |= {f"{name}_code": code.column for name, code in codes.items() if isinstance(code, FromColumn)}
    sections = {"metric": spec.metric, "status": spec.status, "unit": spec.unit}
    named |= {field: section.column if section else None for field, section in sections.items()}
    own = [WantedColumn(field, (heading,), required=True) for field, heading in named.items() if heading]
    own += _interval_columns(spec)
    own += [
        WantedColumn(f"{name}_code:{heading}", (heading,), required=True)
        for name, code in codes.items()
        for heading in spec.headings_in(code)
    ]
    own += [
        WantedColumn(f"{name}_of:{heading}", (heading,), required=True)
        for name, conditions in spec.stated_above.items()
        for heading in conditions
    ]
    selecting = [WantedColumn(f"where:{heading}", (heading,), required=True) for heading in spec.where]
    if spec.table_format == "day-sheet":
        metrics = [
            WantedColumn(
                f"metric:{heading}", (heading,), required=True, pattern=heading if is_pattern(heading) else None
            )
            for heading in spec.columns
        ]
        taken = {fold(heading) for wanted in (*own, *metrics) for heading in wanted.spellings}

        def known_by_name(field: str) -> WantedColumn:
            free = tuple(spelling for spelling in LONG_FIELDS[field] if fold(spelling) not in taken)
            return WantedColumn(field, free, required=False, may_repeat=True)

        is_known = spec.interval or (spec.intervals and spec.intervals.has_hour)
        intervals = [] if is_known else [known_by_name("interval")]
        # A unit for the whole row can only be that of values of one kind.
        is_one = not named["unit"] and len({METRICS[meaning.metric].unit for meaning in spec.meanings}) == 1
        return (*own, *selecting, *metrics, *intervals, *([known_by_name("unit")] if is_one else []))
    known = {wanted.field for wanted in own} | {f"{name}_code" for name, code in codes.items() if code}
    if spec.date or spec.intervals:
        known.add("timestamp")
    if spec.interval:
        known.add("interval")
    if spec.intervals:
        known |= {"value", "interval"} if spec.intervals.has_hour else {"value"}
    contract = [
        WantedColumn(field, spellings, field in LONG_REQUIRED)
        for field, spellings in LONG_FIELDS.items()
        if field not in known
    ]
    return (*own, *selecting, *contract)


def _interval_columns(spec: TableSpec) -> list[WantedColumn]:
    if spec.intervals is None:
        return []
    heading = spec.intervals.headings or spec.intervals.first or ""
    return [WantedColumn("intervals", (heading,), required=True, pattern=spec.intervals.headings)]


def count_known(row: Sequence[str | None], wanted: Sequence[WantedColumn]) -> int:
    """Count the needed columns that a line names."""
    cells = [cell for cell in row if cell]
    folded = {fold(cell) for cell in cells}
    return sum(column.required and column.is_among(cells, folded) for column in wanted)


def most_known(rows: Iterable[Sequence[str | None]], wanted: Sequence[WantedColumn]) -> int:
    """Return how many of the needed columns the line names that names most."""
    most, possible = 0, count_required(wanted)
    words = {fold(name) for column in wanted for name in column.spellings}
    has_pattern = any(column.pattern for column in wanted)
    for row in rows:
        # Most lines are no header.
        if has_pattern or not words.isdisjoint(fold(cell) for cell in row if cell):
            most = max(most, count_known(row, wanted))
        if most == possible:
            break
    return most


def count_required(wanted: Sequence[WantedColumn]) -> int:
    """Count the columns that are needed."""
    return sum(column.required for column in wanted)


def find_header(rows: Iterator[Row], spec: TableSpec) -> Header:
    """Find the header: the given line, or the line (or two, or three) with most of the wanted headings.

    Raises:
        FileError: no line looks like the header.

    """
    first_line, rows = _below_title(rows, spec.after)
    header = _find_below(rows, spec, first_line)
    return header if spec.after is None else header._replace(begins=first_line - 1)


def _find_below(rows: Iterator[Row], spec: TableSpec, first_line: int) -> Header:
    if spec.header == "none":
        return _lettered(rows, first_line)
    if spec.header_row is not None:
        return _given_header(rows, spec.header_row, first_line, spec.header_lines or 1)
    lines = list(itertools.islice(rows, _MAX_LINES_ABOVE))
    wanted = wanted_columns(spec)
    best = _best_header(lines, wanted, first_line, (spec.header_lines,) if spec.header_lines else (1, 2))
    if best is None:
        needed = ", ".join(f"«{column.spellings[0]}»" for column in wanted if column.required)
        raise FileError(FileProblem.HEADER_NOT_FOUND, columns=needed[:_MAX_NAMES_LENGTH])
    return _with_lines_below(best, lines[best.line - first_line + 1 :])


def _lettered(rows: Iterator[Row], first_line: int) -> Header:
    """Return a header of no line, whose columns are named by their letters."""
    width = max((len(row) for row in itertools.islice(rows, _MAX_LINES_ABOVE)), default=0)
    headings = [Heading(str(xl_col_to_name(index))) for index in range(width)]
    line = first_line - 1
    return Header(line, first_line, line, headings, frozenset(), line, {})


def _below_title(rows: Iterator[Row], title: str | None) -> tuple[int, Iterator[Row]]:
    """Go below the line that holds a text; return the number of the next line, and the lines from there."""
    if title is None:
        return 1, rows
    text = fold(title)
    for line, row in enumerate(rows, start=1):
        if any(cell and text in fold(cell) for cell in row):
            return line + 1, rows
    raise FileError(FileProblem.TITLE_NOT_FOUND, title=title)


def _given_header(rows: Iterator[Row], line: int, first_line: int, count: int) -> Header:
    index = line - first_line
    lines = list(itertools.islice(rows, max(index + 1 + _MAX_LINES_BELOW, 0)))
    if not count - 1 <= index < len(lines):
        raise FileError(FileProblem.HEADER_LINE_MISSING, line=line)
    return _with_lines_below(_header(lines, index, first_line, count), lines[index + 1 :])


def _best_header(
    lines: list[Row], wanted: Sequence[WantedColumn], first_line: int, counts: Sequence[int]
) -> Header | None:
    """Return the header with most of the wanted columns; of equals the first, and fewer lines before more.

    Where one and two lines leave columns to be found, three are tried.
    """
    best, max_known, all_needed = None, 0, sum(column.required for column in wanted)
    # Three lines come last: only where one and two leave columns to be found.
    places = [[(index, count) for index in range(len(lines)) for count in counts]]
    places += [[(index, 3) for index in range(len(lines))]] if counts == (1, 2) else []
    for index, count in itertools.chain(*places):
        if max_known == all_needed:
            break
        if index + 1 < count:
            continue
        header = _header(lines, index, first_line, count)
        names = [name for heading in header.headings for name in heading if name]
        if (known := count_known(names, wanted)) > max_known:
            best, max_known = header, known
    return best


def _header(lines: list[Row], index: int, first_line: int, count: int) -> Header:
    """Return some lines, of which the last is given, as a header."""
    rows = lines[index + 1 - count : index + 1]
    headings = [Heading((cell or "").strip()) for cell in rows[0]] if count == 1 else _joined(rows)
    line = first_line + index
    words = frozenset[str]().union(*map(_words, rows))
    return Header(line + 1 - count, line + 1 - count, line, headings, words, line, {})


def _joined(rows: Sequence[Row]) -> list[Heading]:
    return [_heading(cells) for cells in heading_cells(rows)]


def _heading(cells: HeadingCells) -> Heading:
    texts = cells.own
    middle, lower_two = (texts[1], cells.below(1).joined) if len(texts) > 2 else ("", "")
    return Heading(cells.joined, texts[-1], texts[0], middle, lower_two)


def _words(row: Row) -> frozenset[str]:
    return frozenset(fold(cell) for cell in row if cell)


def _with_lines_below(header: Header, below: list[Row]) -> Header:
    """Step over lines of units and of column numbers between header and data."""
    for row in below[:_MAX_LINES_BELOW]:
        filled = {index: cell.strip() for index, cell in enumerate(row) if cell and cell.strip()}
        if is_line_of_units(list(filled.values())):
            header = header._replace(units={index: cell for index, cell in filled.items() if has_unit(cell)})
        elif not counts_columns(list(filled.values())):
            break
        header = header._replace(ends=header.ends + 1, words=header.words | _words(row))
    return header


def counts_columns(cells: list[str]) -> bool:
    """Return True if cells are the numbers from 1 on."""
    return len(cells) > 2 and [cell.removesuffix(".0") for cell in cells] == [str(n + 1) for n in range(len(cells))]
