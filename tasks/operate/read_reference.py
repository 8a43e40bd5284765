"""Read buildings, ITPs and meters from three csv files: all of them, or a list of everything that is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from schemas.errors import TerminalError
from schemas.meter_kinds import METER_KINDS
from schemas.problems import Language
from schemas.reference import (
    ALL_DATED_COLUMNS,
    AND_MORE,
    COLUMNS,
    DATED_COLUMNS,
    INTERVAL_MINUTES,
    NOT_LOADED,
    OPTIONAL_COLUMNS,
    Cell,
    ReferenceMistake,
    ReferenceProblem,
)
from tasks.operate.reference_periods import Line, check_periods, dated_problem
from tasks.warehouse.storage import LOCAL

_MAX_SHOWN = 200
_COMPARED = frozenset({"external_code", "since", "installed", "removed"})


class ReferenceFilesError(TerminalError):
    """The reference files are wrong; `errors` has file, line, column, value and problem of each error."""

    language = Language.RUSSIAN

    def __init__(self, errors: Sequence[ReferenceMistake]) -> None:
        self.errors = list(errors)
        shown = [str(error) for error in self.errors[:_MAX_SHOWN]]
        more = len(self.errors) - len(shown)
        rest = [AND_MORE.format(more=more)] if more else []
        super().__init__("\n".join([NOT_LOADED.format(count=len(self.errors)), *shown, *rest]))


Reference = Mapping[str, Sequence[Line]]
"""Table (`buildings`, `itp`, `meters`) → its checked lines."""


def read_reference(folder: Path, zone: ZoneInfo) -> Reference:
    """Read and check the three csv files; whether a parent's code exists only the database can say.

    Dates and times in them are those of `zone`.

    Raises:
        ReferenceFilesError: files are missing or wrong; all errors of all files are listed.

    """
    errors: list[ReferenceMistake] = []
    reference: dict[str, list[Line]] = {}
    for table in COLUMNS:
        try:
            reference[table] = list(_read(folder / f"{table}.csv", table))
        except ReferenceFilesError as error:
            errors += error.errors
            continue
        errors += sorted(_check(table, reference[table], zone), key=lambda mistake: mistake.line or 0)
    if errors:
        raise ReferenceFilesError(errors)
    return reference


def _read(path: Path, table: str) -> Iterator[Line]:
    text = _decode(path)
    header, _, _ = text.partition("\n")
    # A Russian Excel saves csv with semicolons.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        if not _are_columns(table, names):
            may_be = [f"{name} (по желанию)" for name in DATED_COLUMNS[table]]
            data = {"actual": ", ".join(names), "expected": ", ".join([*COLUMNS[table], *may_be])}
            raise _error(path, ReferenceProblem.WRONG_COLUMNS, data, line=1)
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                width = {"actual": len(cells), "expected": len(names)}
                raise _error(path, ReferenceProblem.WRONG_WIDTH, width, line=rows.line_num)
            filled = dict(zip(names, (cell.strip() for cell in cells), strict=True))
            yield Line(rows.line_num, dict.fromkeys(DATED_COLUMNS[table], "") | filled)
    except csv.Error as error:
        raise _error(path, ReferenceProblem.NOT_CSV, {"why": error}, line=rows.line_num) from None


def _are_columns(table: str, names: Sequence[str]) -> bool:
    needed, all_names = set(COLUMNS[table]), {*COLUMNS[table], *DATED_COLUMNS[table]}
    return needed <= set(names) <= all_names and len(set(names)) == len(names)


def _decode(path: Path) -> str:
    try:
        with LOCAL.open(path) as file:
            content = file.read()
    except OSError as error:
        raise _error(path, ReferenceProblem.NOT_READABLE, {"why": error.strerror, "path": path}) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _error(path, ReferenceProblem.NOT_UTF8, {"offset": error.start}, line=line) from None


def _error(
    path: Path, problem: ReferenceProblem, data: Mapping[str, object], *, line: int | None = None
) -> ReferenceFilesError:
    return ReferenceFilesError([ReferenceMistake(path.name, problem, data, line)])


def _check(table: str, lines: Sequence[Line], zone: ZoneInfo) -> Iterator[ReferenceMistake]:
    right = []
    for line in lines:
        problems = {column: problem for column, value in line.cells.items() if (problem := _problem(column, value))}
        for column, problem in problems.items():
            yield ReferenceMistake(f"{table}.csv", problem, {}, line.number, Cell(column, line.cells[column]))
        if line.code and not problems.keys() & _COMPARED:
            right.append(line)
    yield from check_periods(table, right, zone)


def _problem(column: str, value: str) -> ReferenceProblem | None:
    if not value:
        return None if column in OPTIONAL_COLUMNS else ReferenceProblem.EMPTY
    if not value.isprintable():
        return ReferenceProblem.NOT_PRINTABLE
    if column == "kind" and value not in METER_KINDS:
        return ReferenceProblem.UNKNOWN_KIND
    if column == "interval_minutes" and not _is_interval(value):
        return ReferenceProblem.BAD_INTERVAL
    return dated_problem(column, value) if column in ALL_DATED_COLUMNS else None


def _is_interval(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text[:9]) in INTERVAL_MINUTES
