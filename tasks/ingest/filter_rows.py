"""Distinguish a table's readings from other lines below its header: totals, repeated headers, notes, what follows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from schemas.metrics import fold
from schemas.table_schema import TableSchema

_TOTALS = r"(?i)^\s*(итого|всего|средн(ее|яя|ий|ие)|сумма|максимум|минимум|макс|мин|total)([\s:.,;]|$)"
_LIKE_A_TIME = r"^[\s\d=#]"
_NOT_A_WORD = r"\d|^\s*[=#]"


class RowFilter(NamedTuple):
    """The words that distinguish other lines from readings."""

    header_words: frozenset[str]
    """Folded cells of all lines of the header."""
    time_heading: str
    """Folded heading of the column with the date or the time stamp."""
    until: str | None
    """Folded text in the first line below the table."""


def is_total(text: str) -> bool:
    """Return True if a line's text begins with the word of a total."""
    return bool(pc.match_substring_regex(pa.scalar(text), _TOTALS).as_py())


class TableRows:
    """Consecutive rows of a table, and what they look like; masks are as long as the batch."""

    def __init__(self, batch: pa.RecordBatch, schema: TableSchema, row_filter: RowFilter) -> None:
        self.batch = batch
        self.schema = schema
        self._filter = row_filter

    def slice(self, start: int, length: int | None = None) -> TableRows:
        """Return the rows from an index on."""
        return TableRows(self.batch.slice(start, length), self.schema, self._filter)

    @functools.cached_property
    def first_cells(self) -> pa.Array:
        """Each line's first cell that is not empty, or null."""
        column = self.batch.column(1)
        return pc.coalesce(*self.batch.columns[1:]) if column.null_count else column

    @functools.cached_property
    def _times(self) -> pa.DictionaryArray:
        return self.batch.column(self.schema.timestamp_column or self.schema.date_column).dictionary_encode()

    @functools.cached_property
    def _like_a_time(self) -> pa.Array:
        return _test_words(self._times, lambda words: pc.match_substring_regex(words, _LIKE_A_TIME))

    @functools.cached_property
    def _name_the_time(self) -> pa.Array:
        """The lines whose time column holds its own heading."""
        heading = self._filter.time_heading
        return _test_words(
            self._times, lambda words: pa.array([fold(word) == heading for word in words.to_pylist()], pa.bool_())
        )

    def are_totals(self) -> pa.Array:
        """Find totals: the word is in the first cell, the date or the hour; a row with a time may begin with it."""
        total = _test_words(self.first_cells.dictionary_encode(), _are_totals)
        if pc.any(total).as_py():
            total = pc.and_not(total, self._like_a_time)
        total = pc.or_(total, _test_words(self._times, _are_totals))
        if self.schema.hour_column:
            hours = self.batch.column(self.schema.hour_column).dictionary_encode()
            total = pc.or_(total, _test_words(hours, _are_totals))
        return total

    def are_headers(self) -> pa.Array:
        """Find repeated headers: nothing but words of the header, and no time."""
        suspect = pc.or_(self._name_the_time, pc.is_null(self._times))
        return self._test_suspects(suspect, lambda cells: all(cell in self._filter.header_words for cell in cells))

    def are_notes(self) -> pa.Array:
        """Find signatures and the like below a day-sheet.

        Such a line has no value and no date or no hour, or words in all three.
        """
        if not self.schema.metrics:
            return pa.repeat(pa.scalar(False), len(self.batch))
        values = [self.batch.column(column.key) for column in self.schema.metrics]
        without_value = pc.is_null(pc.coalesce(*values))
        without_time = pc.invert(self._like_a_time)
        hours = [self.batch.column(self.schema.hour_column)] if self.schema.hour_column else []
        incomplete = pc.or_(without_time, pc.is_null(hours[0])) if hours else without_time
        wordy = _are_wordy([*hours, *values]) if pc.any(without_time).as_py() else without_time
        return pc.or_(pc.and_(without_value, incomplete), pc.and_(without_time, wordy))

    def end_of_table(self) -> int | None:
        """Return the index of the first line of what follows: the text `until`, or another table's header."""
        if not len(self.batch):
            return None
        until, heading, header_words = self._filter.until, self._filter.time_heading, self._filter.header_words

        def follows(cells: list[str]) -> bool:
            if until and any(until in cell for cell in cells):
                return True
            return heading in cells and any(cell not in header_words for cell in cells)

        suspect = pc.invert(self._like_a_time) if until else self._name_the_time
        index = pc.index(self._test_suspects(suspect, follows), True).as_py()
        return index if index >= 0 else None

    def _test_suspects(self, suspect: pa.Array, test: Callable[[list[str]], bool]) -> pa.Array:
        """Test the folded cells of suspect lines only: they are few, and Python is slow."""
        indexes = pc.indices_nonzero(suspect)
        if not len(indexes):
            return suspect
        mask = suspect.to_numpy(zero_copy_only=False).copy()
        rows = self.batch.take(indexes).drop_columns("row_num").to_pylist()
        for index, row in zip(indexes.to_pylist(), rows, strict=True):
            cells = [fold(cell) for cell in row.values() if cell is not None]
            mask[index] = bool(cells) and test(cells)
        return pa.array(mask)


def _test_words(words: pa.DictionaryArray, test: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Test each different text once; an empty cell does not pass."""
    return pc.fill_null(test(words.dictionary).take(words.indices), False)


def _are_totals(words: pa.Array) -> pa.Array:
    return pc.match_substring_regex(words, _TOTALS)


def _are_wordy(columns: list[pa.Array]) -> pa.Array:
    """Find the lines whose cells hold no digit, no formula and no error value: nothing that could be a reading."""
    wordy = [pc.invert(pc.fill_null(pc.match_substring_regex(cells, _NOT_A_WORD), False)) for cells in columns]
    return functools.reduce(pc.and_, wordy)
