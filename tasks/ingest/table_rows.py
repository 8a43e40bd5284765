"""What readers of all kinds share: the grid they give, the raw table made of it, and which lines are readings."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from schemas.metrics import fold
from schemas.raw_rows import RAGGED
from schemas.table_schema import TableSchema

Row = list[str | None]

_TOTALS = r"(?i)^\s*(итого|всего|средн(ее|яя|ий|ие)|сумма|максимум|минимум|макс|мин|total)([\s:.,;]|$)"
_LIKE_A_TIME = r"^[\s\d=#]"
_NO_WORD = r"\d|^\s*[=#]"
BLANK, TOTAL, REPEAT, NOTE, BELOW = (
    "пустые строки",
    "итоговые строки",
    "повторы шапки",
    "примечания",
    "строки ниже таблицы",
)


class RawTable(NamedTuple):
    """One table of a file: what was found, and its rows as text.

    A batch has `row_num` (int32, the line as a person counts it) and a string column per
    `layout.columns`, named by its key. Numbers are written so that float(text) gives the cell back,
    dates are ISO, an empty cell is null.
    """

    schema: TableSchema
    batches: Iterator[pa.RecordBatch]


class Part(NamedTuple):
    """Some lines of a grid in their order: one array a column, left to right."""

    numbers: pa.Array
    """int32: the line as a person counts it."""
    columns: list[pa.Array]
    ragged: list[tuple[int, str]]
    """Lines with too few or too many cells: number and whole text."""


class Grid(Protocol):
    """A sheet, or a csv: text cells in lines that are counted from 1."""

    @property
    def sheet(self) -> str | None:
        """Name of the sheet; None for a csv."""
        ...

    @property
    def epoch(self) -> int:
        """1900 or 1904: from where it counts days that are written as a number."""
        ...

    def rows(self) -> Iterator[Row]:
        """Give the lines from the top, one by one."""
        ...

    def places(self, header_line: int, width: int) -> list[int]:
        """Give the columns (from 0) that hold anything at or below a header of that width."""
        ...

    def parts(self, after_line: int, width: int) -> Iterator[Part]:
        """Give the lines below a line, `width` columns of them."""
        ...


class Filter(NamedTuple):
    """How to tell a table's readings from the other lines below its header."""

    header_words: frozenset[str]
    """Folded cells of all lines of the header."""
    time_heading: str
    """Folded heading of the column with the date or the time stamp."""
    until: str | None
    """Folded text that stands in the first line below the table."""


def row_schema(layout: TableSchema) -> pa.Schema:
    """Give the schema of a table's batches."""
    return pa.schema([("row_num", pa.int32()), *((column.key, pa.string()) for column in layout.columns)])


def batches(parts: Iterator[Part], layout: TableSchema, places: list[int], lines: Filter) -> Iterator[pa.RecordBatch]:
    """Give a table's readings as they stand; what is left out is counted in `layout.skipped`."""
    return (batch for batch in _batches(parts, layout, places, lines) if len(batch))


def _batches(parts: Iterator[Part], layout: TableSchema, places: list[int], lines: Filter) -> Iterator[pa.RecordBatch]:
    schema = row_schema(layout)
    is_below = False
    for part in parts:
        cells = [_none_if_blank(part.columns[place]) for place in places]
        some = _Block(pa.RecordBatch.from_arrays([part.numbers, *cells], schema=schema), layout, lines)
        if not is_below and (end := some.end_of_table()) is not None:
            yield _leave_out(_Block(some.batch.slice(0, end), layout, lines))
            some, is_below = _Block(some.batch.slice(end), layout, lines), True
        if is_below:
            _count(layout, BELOW, len(some.first.drop_null()) + len(part.ragged))
            continue
        yield _leave_out(some)
        if part.ragged:
            yield from _ragged(part.ragged, layout)


def _none_if_blank(column: pa.Array) -> pa.Array:
    blank = pc.or_(pc.utf8_is_space(column), pc.equal(column, ""))
    return pc.if_else(blank, None, column) if pc.any(blank).as_py() else column


def _count(layout: TableSchema, kind: str, count: int | None) -> None:
    if count:
        layout.skipped[kind] = layout.skipped.get(kind, 0) + count


def _leave_out(some: _Block) -> pa.RecordBatch:
    """Leave out blank lines, repeated headers, totals and notes, and count them."""
    if not len(some.batch):
        return some.batch
    left_out = pc.is_null(some.first)
    _count(some.layout, BLANK, pc.sum(left_out).as_py())
    for kind, find in ((TOTAL, some.are_totals), (REPEAT, some.are_headers), (NOTE, some.are_notes)):
        mask = pc.and_not(find(), left_out)
        _count(some.layout, kind, pc.sum(mask).as_py())
        left_out = pc.or_(left_out, mask)
    return some.batch.filter(pc.invert(left_out)) if pc.any(left_out).as_py() else some.batch


def _ask_words(words: pa.DictionaryArray, test: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Ask about each different text once; an empty cell is a no."""
    return pc.fill_null(test(words.dictionary).take(words.indices), False)


def _are_totals(words: pa.Array) -> pa.Array:
    return pc.match_substring_regex(words, _TOTALS)


class _Block:
    """Some lines of a table, and what they look like; masks as long as the batch."""

    def __init__(self, batch: pa.RecordBatch, layout: TableSchema, filter_: Filter) -> None:
        self.batch = batch
        self.layout = layout
        self._filter = filter_

    @functools.cached_property
    def first(self) -> pa.Array:
        """Each line's first cell that is not empty, or null."""
        column = self.batch.column(1)
        return pc.coalesce(*self.batch.columns[1:]) if column.null_count else column

    @functools.cached_property
    def _times(self) -> pa.DictionaryArray:
        return self.batch.column(self.layout.timestamp_column or self.layout.date_column).dictionary_encode()

    @functools.cached_property
    def _like_a_time(self) -> pa.Array:
        return _ask_words(self._times, lambda words: pc.match_substring_regex(words, _LIKE_A_TIME))

    @functools.cached_property
    def _names_the_time(self) -> pa.Array:
        """The lines that hold the time column's own heading in it."""
        heading = self._filter.time_heading
        return _ask_words(
            self._times, lambda words: pa.array([fold(word) == heading for word in words.to_pylist()], pa.bool_())
        )

    def are_totals(self) -> pa.Array:
        """Totals name themselves in the first cell, the date or the hour; a row with a time may begin with the word."""
        total = _ask_words(self.first.dictionary_encode(), _are_totals)
        if pc.any(total).as_py():
            total = pc.and_not(total, self._like_a_time)
        total = pc.or_(total, _ask_words(self._times, _are_totals))
        if self.layout.hour_column:
            hours = self.batch.column(self.layout.hour_column).dictionary_encode()
            total = pc.or_(total, _ask_words(hours, _are_totals))
        return total

    def are_headers(self) -> pa.Array:
        """Find repeated headers: nothing but words of the header, and no time."""
        suspect = pc.or_(self._names_the_time, pc.is_null(self._times))
        return self._ask_suspects(suspect, lambda cells: all(cell in self._filter.header_words for cell in cells))

    def are_notes(self) -> pa.Array:
        """Below a day-sheet people sign: a line with no value and no date or no hour, or with words in all three."""
        if not self.layout.metrics:
            return pa.repeat(pa.scalar(False), len(self.batch))
        values = [self.batch.column(column.key) for column in self.layout.metrics]
        nothing = pc.is_null(pc.coalesce(*values))
        timeless = pc.invert(self._like_a_time)
        hour = [self.batch.column(self.layout.hour_column)] if self.layout.hour_column else []
        incomplete = pc.or_(timeless, pc.is_null(hour[0])) if hour else timeless
        wordy = _all_words([*hour, *values]) if pc.any(timeless).as_py() else timeless
        return pc.or_(pc.and_(nothing, incomplete), pc.and_(timeless, wordy))

    def end_of_table(self) -> int | None:
        """Find the place of the first line that belongs to what follows: `until`, or another table's header."""
        if not len(self.batch):
            return None
        until, heading, header_words = self._filter.until, self._filter.time_heading, self._filter.header_words

        def ends(cells: list[str]) -> bool:
            if until and any(until in cell for cell in cells):
                return True
            return heading in cells and any(cell not in header_words for cell in cells)

        suspect = pc.invert(self._like_a_time) if until else self._names_the_time
        place = pc.index(self._ask_suspects(suspect, ends), True).as_py()
        return place if place >= 0 else None

    def _ask_suspects(self, suspect: pa.Array, test: Callable[[list[str]], bool]) -> pa.Array:
        """Ask `test` about the folded cells of suspect lines only: they are few, and Python is slow."""
        places = pc.indices_nonzero(suspect)
        if not len(places):
            return suspect
        answers = suspect.to_numpy(zero_copy_only=False).copy()
        rows = self.batch.take(places).drop_columns("row_num").to_pylist()
        for place, row in zip(places.to_pylist(), rows, strict=True):
            cells = [fold(cell) for cell in row.values() if cell is not None]
            answers[place] = bool(cells) and test(cells)
        return pa.array(answers)


def _all_words(columns: list[pa.Array]) -> pa.Array:
    """Find the lines whose cells hold no digit, no formula and no error value: nothing that could be a reading."""
    wordy = [pc.invert(pc.fill_null(pc.match_substring_regex(cells, _NO_WORD), False)) for cells in columns]
    return functools.reduce(pc.and_, wordy)


def _ragged(ragged: list[tuple[int, str]], layout: TableSchema) -> Iterator[pa.RecordBatch]:
    """Keep lines with too few or too many cells whole: which cell is which would be a guess."""
    kept = []
    for number, text in ragged:
        words = text.strip(' \t;,|"')
        if not words:
            _count(layout, BLANK, 1)
        elif pc.match_substring_regex(pa.scalar(words), _TOTALS).as_py():
            _count(layout, TOTAL, 1)
        else:
            kept.append((number, f"{RAGGED}{text}"))
    if kept:
        nothing = pa.nulls(len(kept), pa.string())
        whole = pa.array([text for _, text in kept], pa.string())
        numbers = pa.array([number for number, _ in kept], pa.int32())
        arrays = [numbers, *([nothing] * (len(layout.columns) - 1)), whole]
        yield pa.RecordBatch.from_arrays(arrays, schema=row_schema(layout))
