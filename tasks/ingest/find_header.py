"""Find a table's header by its words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.errors import FileError
from schemas.metrics import METRICS
from schemas.problems import FileProblem
from schemas.spellings import fold
from schemas.table_spec import CODE_NAMES, LONG_FIELDS, LONG_REQUIRED, FromColumn, TableSpec
from schemas.units import has_unit, is_line_of_units
from tasks.ingest.grids import Row

_MAX_LINES_ABOVE = 60
"""How far to search for the header, from the top or from the text that it is below."""
_MAX_LINES_BELOW = 3
_MAX_NAMES_LENGTH = 500


class Heading(NamedTuple):
    """The words over a column; of a two-line header both cells joined, and each alone."""

    text: str
    lower: str = ""
    upper: str = ""


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


def wanted_columns(spec: TableSpec) -> list[WantedColumn]:
    """List the columns that a table needs or knows."""
    fields = ("timestamp", "date", "hour", "interval_number", "tz", "interval", "value")
    named = {field: getattr(spec, field) for field in fields}
    codes = {name: getattr(spec.identity, name) for name in CODE_NAMES}
    named |= {f"{name}_code": code.column for name, code in codes.items() if isinstance(code, FromColumn)}
    sections = (("metric", spec.metric), ("status", spec.status), ("unit", spec.unit))
    named |= {field: section and section.column for field, section in sections}
    own = [WantedColumn(field, (heading,), required=True) for field, heading in named.items() if heading]
    own += [
        WantedColumn(f"{name}_code:{heading}", (heading,), required=True)
        for name, code in codes.items()
        for heading in spec.identity.headings_in(code)
    ]
    selecting = [WantedColumn(f"where:{heading}", (heading,), required=True) for heading in spec.where]
    if spec.table_format == "day-sheet":
        metrics = [WantedColumn(f"metric:{heading}", (heading,), required=True) for heading in spec.columns]
        taken = {fold(heading) for wanted in (*own, *metrics) for heading in wanted.spellings}

        def known_by_name(field: str) -> WantedColumn:
            free = tuple(spelling for spelling in LONG_FIELDS[field] if fold(spelling) not in taken)
            return WantedColumn(field, free, required=False, may_repeat=True)

        intervals = [] if spec.interval else [known_by_name("interval")]
        # A unit for the whole row can only be that of values of one kind.
        is_one = not named["unit"] and len({METRICS[meaning.metric].unit for meaning in spec.columns.values()}) == 1
        return [*own, *selecting, *metrics, *intervals, *([known_by_name("unit")] if is_one else [])]
    known = {wanted.field for wanted in own} | {f"{name}_code" for name, code in codes.items() if code}
    if spec.date:
        known.add("timestamp")
    contract = [
        WantedColumn(field, spellings, field in LONG_REQUIRED)
        for field, spellings in LONG_FIELDS.items()
        if field not in known
    ]
    return [*own, *selecting, *contract]


def count_known(row: Sequence[str | None], wanted: Sequence[WantedColumn]) -> int:
    """Count the needed columns that a line names."""
    cells = {fold(cell) for cell in row if cell}
    return sum(column.required and any(fold(name) in cells for name in column.spellings) for column in wanted)


def find_header(rows: Iterator[Row], spec: TableSpec) -> Header:
    """Find the header: the given line, or the line (or two) with most of the wanted headings.

    Raises:
        FileError: no line looks like the header.

    """
    first_line, rows = _below_title(rows, spec.after)
    header = _find_below(rows, spec, first_line)
    return header if spec.after is None else header._replace(begins=first_line - 1)


def _find_below(rows: Iterator[Row], spec: TableSpec, first_line: int) -> Header:
    if spec.header_row is not None:
        return _given_header(rows, spec.header_row, first_line)
    lines = list(itertools.islice(rows, _MAX_LINES_ABOVE))
    wanted = wanted_columns(spec)
    best = _best_header(lines, wanted, first_line)
    if best is None:
        needed = ", ".join(f"«{column.spellings[0]}»" for column in wanted if column.required)
        raise FileError(FileProblem.HEADER_NOT_FOUND, columns=needed[:_MAX_NAMES_LENGTH])
    return _with_lines_below(best, lines[best.line - first_line + 1 :])


def _below_title(rows: Iterator[Row], title: str | None) -> tuple[int, Iterator[Row]]:
    """Go below the line that holds a text; return the number of the next line, and the lines from there."""
    if title is None:
        return 1, rows
    text = fold(title)
    for line, row in enumerate(rows, start=1):
        if any(cell and text in fold(cell) for cell in row):
            return line + 1, rows
    raise FileError(FileProblem.TITLE_NOT_FOUND, title=title)


def _given_header(rows: Iterator[Row], line: int, first_line: int) -> Header:
    index = line - first_line
    lines = list(itertools.islice(rows, max(index + 1 + _MAX_LINES_BELOW, 0)))
    if not 0 <= index < len(lines):
        raise FileError(FileProblem.HEADER_LINE_MISSING, line=line)
    return _with_lines_below(_one_line(lines, index, first_line), lines[index + 1 :])


def _best_header(lines: list[Row], wanted: Sequence[WantedColumn], first_line: int) -> Header | None:
    """Return the header with most of the wanted columns; of equals the first, and one line before two."""
    best, max_known = None, 0
    for index in range(len(lines)):
        for header in (_one_line(lines, index, first_line), *_two_lines(lines, index, first_line)):
            names = [name for heading in header.headings for name in heading]
            if (known := count_known(names, wanted)) > max_known:
                best, max_known = header, known
    return best


def _one_line(lines: list[Row], index: int, first_line: int) -> Header:
    headings = [Heading((cell or "").strip()) for cell in lines[index]]
    line = first_line + index
    return Header(line, line, line, headings, _words(lines[index]), line, {})


def _two_lines(lines: list[Row], index: int, first_line: int) -> Iterator[Header]:
    """Join a line with the one above; a merged upper cell also heads the empty ones to its right."""
    if index == 0:
        return
    upper_row, lower_row = lines[index - 1], lines[index]
    headings, last_upper = [], ""
    for upper_cell, lower_cell in itertools.zip_longest(upper_row, lower_row):
        upper, lower = (upper_cell or "").strip(), (lower_cell or "").strip()
        last_upper = upper or last_upper
        headings.append(Heading(f"{last_upper} {lower}".strip() if lower else upper, lower, upper))
    line = first_line + index
    yield Header(line - 1, line - 1, line, headings, _words(upper_row) | _words(lower_row), line, {})


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
