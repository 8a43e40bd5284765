"""Find a table without a header: every line is data, or those are that begin with one word, as records of a type."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from xlsxwriter.utility import xl_col_to_name

from tasks.sources.cells import Row, is_number
from tasks.sources.find_intervals import FoundIntervals
from tasks.sources.find_tables import FoundColumn, FoundTable, Sheet
from tasks.sources.measure_times import Answer
from tasks.sources.quoting import quote
from tasks.sources.recognise_dates import Dates, recognise

_MAX_LINES = 1_000
_MAX_TYPES = 12
_DAY = 1440
_COUNTS = (24, 48, 96, 144, 288)
"""Intervals that a day may have."""
_DIGITS_OF_DATE = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(\d{2}){0,3}|1\d{9}(\d{3})?")
"""A bare number that is a date, or counts seconds or milliseconds from 1970."""


class LetterColumn(FoundColumn):
    """A column that has no heading but its letter."""

    def dates(self) -> Dates | None:
        """Return how its dates are written: a bare number is one only if all are written as one."""
        are_digits = bool(self.samples) and all(_DIGITS_OF_DATE.fullmatch(text.strip()) for text in self.samples)
        return recognise(self.cells, in_time_column=are_digits)


class Headless(NamedTuple):
    """A table whose columns are named by letters."""

    table: FoundTable
    intervals: FoundIntervals | None
    """Columns that may be the intervals of a day: as many stand side by side."""
    record: str | None = None
    """The word in column A of the lines that are read; None: all are."""
    others: Sequence[tuple[str, list[LetterColumn]]] = ()
    """The words of the other lines, and their columns."""


def find_headless(sheet: Sheet) -> Headless | None:
    """Return the table of a sheet, if its lines have a date and a number, all or those of a type."""
    rows = [row for row in sheet.rows[:_MAX_LINES] if any(row)]
    if found := _find(sheet, rows):
        return found
    by_type: dict[str, list[Row]] = {}
    for row in rows:
        by_type.setdefault(row[0] or "", []).append(row)
    if "" in by_type or len(by_type) > _MAX_TYPES or len(by_type) == len(rows):
        return None
    found_of = {name: found for name, own in by_type.items() if (found := _find(sheet, own))}
    if not found_of:
        return None
    # The readings are the lines with the most numbers.
    record = max(found_of, key=lambda name: sum(len(one.samples) for one in _numbers(found_of[name].table.columns)))
    others = [(name, _columns(own)) for name, own in by_type.items() if name != record]
    return found_of[record]._replace(record=record, others=others)


def _find(sheet: Sheet, rows: Sequence[Row]) -> Headless | None:
    columns = _columns(rows)
    dated = [column for column in columns if (dates := column.dates()) and all(dates.times)]
    if not dated or not _numbers([column for column in columns if column not in dated]):
        return None
    return Headless(FoundTable(sheet.name, [], 0, 0, [*columns]), _find_day(columns, dated))


def _columns(rows: Sequence[Row]) -> list[LetterColumn]:
    cells = itertools.zip_longest(*rows)
    columns = (LetterColumn(str(xl_col_to_name(index)), None, [*column]) for index, column in enumerate(cells))
    return [column for column in columns if column.samples]


def _numbers(columns: Sequence[FoundColumn]) -> list[FoundColumn]:
    return [column for column in columns if column.mostly(is_number)]


def _find_day(columns: Sequence[LetterColumn], dated: Sequence[LetterColumn]) -> FoundIntervals | None:
    """Return as many columns of numbers side by side as a day has intervals."""
    for run in _runs(columns, dated):
        if (count := len(run)) in _COUNTS:
            first = quote(run[0].heading)
            minutes = Answer(str(_DAY // count), f"{count} columns of numbers side by side: are they those of a day?")
            return FoundIntervals(run, f"{{first: {first}, count: {count}}}", minutes, None)
    return None


def _runs(columns: Sequence[LetterColumn], dated: Sequence[LetterColumn]) -> Iterator[list[FoundColumn]]:
    for are_numbers, run in itertools.groupby(columns, lambda one: one not in dated and one.mostly(is_number)):
        if are_numbers:
            yield [*run]
