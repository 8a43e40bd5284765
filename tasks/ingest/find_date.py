"""Find the date of a table that no column holds: in the file's name, the sheet's, a cell, or the lines above."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from xlsxwriter.utility import xl_cell_to_rowcol

from schemas.dates import NotATimeError, read_timestamp
from schemas.errors import FileError
from schemas.months import find_month
from schemas.patterns import compile_pattern
from schemas.problems import DatePlace, FileProblem
from schemas.table_spec import TableSpec
from schemas.time_spec import DATE_PARTS, DateInFile
from tasks.ingest.find_header import Header
from tasks.ingest.grids import Row

_MAX_TEXT_LENGTH = 60


def find_date(
    spec: TableSpec, header: Header, *, relative_path: str, sheet: str | None, rows: Callable[[], Iterator[Row]]
) -> str | None:
    """Return a table's date as `2025-04-01`, or `2025-04` where columns say the day; None: columns say all of it.

    Raises:
        FileError: a place does not hold the date, or what it holds is none.

    """
    if not isinstance(spec.date, DateInFile):
        return None
    names = {
        DatePlace.FILE_NAME: relative_path.rpartition("/")[2],
        DatePlace.PATH: relative_path,
        DatePlace.SHEET: sheet or "",
    }
    parts: dict[str, str] = {}
    for key, regex in spec.date.regexes.items():
        place = DatePlace(key)
        if place is DatePlace.CELL:
            texts = [_cell(str(spec.date.cell), rows())]
        else:
            texts = _lines_above(header, rows()) if place is DatePlace.ABOVE else [names[place]]
        groups = next((groups for text in texts if (groups := _groups(regex, text))), None)
        if groups is None:
            text = texts[0][:_MAX_TEXT_LENGTH]
            raise FileError(FileProblem.DATE_NOT_FOUND, place=place, key=key, regex=regex, text=text)
        parts |= groups
    date = date_of(parts)
    if date is None:
        raise FileError(FileProblem.DATE_IMPOSSIBLE, text=" ".join(parts.values())[:_MAX_TEXT_LENGTH])
    has_days = spec.day or (spec.intervals and spec.intervals.has_date)
    return date[:7] if has_days else date


def other_date(spec: TableSpec, date: str | None, text: str) -> bool:
    """Return True if a line among a table's readings says another date than the table's."""
    if date is None or not isinstance(spec.date, DateInFile):
        return False
    for place, regex in spec.date.regexes.items():
        if place in ("cell", "above") and (groups := _groups(regex, text)):
            known = dict(zip(DATE_PARTS, date.split("-"), strict=False))
            found = date_of(known | groups)
            return found is not None and not found.startswith(date)
    return False


def date_of(parts: dict[str, str]) -> str | None:
    """Return the date of a year, a month (a number or a word) and a day; without a day the first of the month."""
    month = int(parts["month"]) if parts["month"].isdecimal() else find_month(parts["month"])
    digits = parts["year"]
    try:
        year = int(digits) + (2000 if len(digits) == 2 else 0)
        return read_timestamp(f"{year:04}-{month or 0:02}-{int(parts.get('day') or 1):02}").date().isoformat()
    except (NotATimeError, ValueError):
        return None


def _groups(regex: str, text: str) -> dict[str, str] | None:
    match = compile_pattern(regex).search(text)
    groups: dict[str, str | None] = match.groupdict() if match else {}
    return {name: text for name, text in groups.items() if text} if groups and all(groups.values()) else None


def _cell(cell: str, rows: Iterator[Row]) -> str:
    row, column = xl_cell_to_rowcol(cell)
    cells = next(islice(rows, row, None), [])
    return (cells[column] if column < len(cells) else None) or ""


def _lines_above(header: Header, rows: Iterator[Row]) -> list[str]:
    """Return the lines from a table's title to its header, then those above; of each line first each cell alone."""
    lines = [*islice(rows, header.line)]
    near = [text for line in lines[header.begins - 1 :] for text in _texts(line)]
    above = [text for line in lines[: header.begins - 1] for text in _texts(line)]
    return [*near, *above] or [""]


def _texts(line: Row) -> list[str]:
    cells = [cell for cell in line if cell]
    return [*cells, " ".join(cells)] if len(cells) > 1 else cells
