"""What the dated lines of the reference files say: when a meter was where, and a building in which district."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.dates import NotATimeError, read_timestamp
from schemas.reference import DATED_COLUMNS, MAX_REGISTER_DIGITS, Cell, ReferenceMistake, ReferenceProblem

_BEGINS = {"buildings": "since", "meters": "installed"}
_SAME_IN_ALL_LINES = ("kind", "interval_minutes")


class Line(NamedTuple):
    """A line of a file with its cells by column; of columns that the file lacks the cells are empty."""

    number: int
    cells: dict[str, str]

    @property
    def code(self) -> str:
        """The code of what the line is about."""
        return self.cells["external_code"]


class MeterPeriod(NamedTuple):
    """Where a meter was from a moment until a moment; `itp_code` is None where the file has one line of it."""

    meter_code: str
    itp_code: str | None
    installed: dt.datetime | None
    removed: dt.datetime | None
    register_digits: int | None
    register_step: float | None


class DistrictPeriod(NamedTuple):
    """The district of a building since a moment."""

    building_code: str
    since: dt.datetime | None
    district_id: str | None


def read_moment(text: str, zone: ZoneInfo) -> dt.datetime | None:
    """Read a date, which is its first moment, or a time; local unless it says its offset; None for an empty cell.

    Raises:
        NotATimeError: it is neither.

    """
    if not text:
        return None
    moment = read_timestamp(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def dated_problem(column: str, value: str) -> ReferenceProblem | None:
    """Return what is wrong with a cell of DATED_COLUMNS that is not empty."""
    if column == "register_digits":
        is_known = value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= MAX_REGISTER_DIGITS
        return None if is_known else ReferenceProblem.BAD_DIGITS
    if column == "register_step":
        return None if _read_step(value) else ReferenceProblem.BAD_STEP
    try:
        read_timestamp(value)
    except NotATimeError:
        return ReferenceProblem.BAD_DATE
    return None


def _read_step(text: str) -> float | None:
    try:
        step = float(text.replace(",", "."))
    except ValueError:
        return None
    return step if 0 < step < math.inf else None


def check_periods(table: str, lines: Sequence[Line], zone: ZoneInfo) -> Iterator[ReferenceMistake]:
    """Check the lines of each code against each other; their cells have been found right."""
    file = f"{table}.csv"
    for of_code in _by_code(lines):
        if table == "buildings":
            undated = [line for line in of_code if not line.cells["since"]]
            if not undated:
                cell = Cell("since", of_code[0].cells["since"])
                yield ReferenceMistake(file, ReferenceProblem.FIRST_IS_DATED, {}, of_code[0].number, cell)
        if table == "meters":
            yield from _check_meter(file, of_code, zone)
        begins = _BEGINS.get(table)
        first_lines: dict[object, int] = {}
        for line in of_code:
            start = read_moment(line.cells[begins], zone) if begins else None
            if (first_line := first_lines.setdefault(start, line.number)) != line.number:
                data = {"first_line": first_line}
                cell = Cell("external_code", line.code)
                yield ReferenceMistake(file, ReferenceProblem.DUPLICATE_CODE, data, line.number, cell)


def _check_meter(file: str, lines: Sequence[Line], zone: ZoneInfo) -> Iterator[ReferenceMistake]:
    first, *others = lines
    for line in others:
        for column in _SAME_IN_ALL_LINES:
            if (value := line.cells[column]) != (other := first.cells[column]):
                data = {"first_line": first.number, "other": other}
                yield ReferenceMistake(file, ReferenceProblem.DIFFERENT_METER, data, line.number, Cell(column, value))
    before: Line | None = None
    for line in _in_order("meters", lines, zone):
        installed, removed = (read_moment(line.cells[name], zone) for name in ("installed", "removed"))
        if installed and removed and installed >= removed:
            data = {"installed": line.cells["installed"]}
            cell = Cell("removed", line.cells["removed"])
            yield ReferenceMistake(file, ReferenceProblem.ENDS_BEFORE_IT_BEGINS, data, line.number, cell)
        gone = before and read_moment(before.cells["removed"], zone)
        if before and gone and installed and gone > installed:
            cell = Cell("installed", line.cells["installed"])
            yield ReferenceMistake(file, ReferenceProblem.OVERLAPS, {"first_line": before.number}, line.number, cell)
        before = line


def last_lines(table: str, lines: Sequence[Line], zone: ZoneInfo) -> list[Line]:
    """Return the line of each code that says what is true now: the last one."""
    return [_in_order(table, of_code, zone)[-1] for of_code in _by_code(lines)]


def meter_periods(lines: Sequence[Line], zone: ZoneInfo) -> list[MeterPeriod]:
    """Return the periods of meters of which the file says more than where they are.

    A meter is at one place: one that nobody says was removed is there until it is installed elsewhere.
    """
    periods = []
    for of_code in _by_code(lines):
        if len(of_code) == 1 and not any(of_code[0].cells[name] for name in DATED_COLUMNS["meters"]):
            continue
        in_order = _in_order("meters", of_code, zone)
        for line, following in zip(in_order, [*in_order[1:], None], strict=True):
            cells = line.cells
            next_installed = following and read_moment(following.cells["installed"], zone)
            periods.append(
                MeterPeriod(
                    meter_code=line.code,
                    itp_code=cells["itp_code"] if len(of_code) > 1 else None,
                    installed=read_moment(cells["installed"], zone),
                    removed=read_moment(cells["removed"], zone) or next_installed,
                    register_digits=int(cells["register_digits"]) if cells["register_digits"] else None,
                    register_step=_read_step(cells["register_step"]),
                )
            )
    return periods


def district_periods(lines: Sequence[Line], zone: ZoneInfo) -> list[DistrictPeriod]:
    """Return the periods of buildings that have been in several districts."""
    return [
        DistrictPeriod(line.code, read_moment(line.cells["since"], zone), line.cells["district_id"] or None)
        for of_code in _by_code(lines)
        if len(of_code) > 1
        for line in of_code
    ]


def _by_code(lines: Iterable[Line]) -> list[list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.code].append(line)
    return [*found.values()]


def _in_order(table: str, lines: Sequence[Line], zone: ZoneInfo) -> list[Line]:
    if len(lines) == 1:
        return [*lines]
    always = dt.datetime.min.replace(tzinfo=dt.UTC)
    return sorted(lines, key=lambda line: read_moment(line.cells[_BEGINS[table]], zone) or always)
