"""Read the lines of a region into the raw rows of one of its tables, and account for each line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import FileError
from schemas.lines import LineClass
from schemas.missing_words import hold_no_value
from schemas.problems import FileProblem, FileRemark
from schemas.raw_rows import ROW_PROBLEM, raw_row_schema
from schemas.reasons import Reason
from schemas.spellings import fold
from schemas.table_schema import TableSchema
from schemas.table_spec import TableSpec
from tasks.ingest.classify_lines import Classified, Line, TableColumns, classify
from tasks.ingest.find_header import counts_columns
from tasks.ingest.follow_table import Followed, TableFollower, Verdict
from tasks.ingest.grids import Row
from tasks.ingest.line_account import LineAccount
from tasks.ingest.note_codes import CodeNotes
from tasks.ingest.note_fills import FillNotes
from tasks.ingest.number_marks import NumberMarks
from tasks.ingest.order_hours import HourOrder
from tasks.ingest.pick_lines import Lines
from tasks.ingest.select_rows import RowSelection

_MAX_HELD = 10_000
"""Lines behind a batch's last reading that wait for the next."""


class Table(NamedTuple):
    """A table that was found in a grid."""

    spec: TableSpec
    schema: TableSchema
    unit: str | None = None
    """Of all its values, where one place says it."""


class RegionReader:
    """Reads the lines of a region for one table; what is a reading is the same for each of them."""

    def __init__(
        self,
        columns: TableColumns,
        followed: Followed,
        table: Table,
        fills: FillNotes,
        account: LineAccount,
        *,
        is_csv: bool,
    ) -> None:
        self._columns = columns
        self._follower = TableFollower(followed)
        self._schema = table.schema
        self._until = fold(table.spec.until) if table.spec.until else None
        self._account = account
        self._is_csv = is_csv
        self._rows_schema = raw_row_schema(column.key for column in table.schema.columns)
        self._own = _own_columns(table.schema)
        self._selection = RowSelection(table.schema)
        self._is_shared = len(followed.wanted) > 1
        self._marks = NumberMarks()
        self._fills = fills
        self._codes = CodeNotes(table.schema)
        self._hours = HourOrder(table.schema) if table.schema.tells_hours_by_order else None
        self._held: Lines | None = None
        self._ended_as: LineClass | None = None
        self._readings = 0
        self._surplus = 0
        self._empty_cells = 0
        self.next_header: int | None = None

    def read(self, lines: Lines) -> Iterator[pa.RecordBatch]:
        """Yield the raw rows of the next lines; those behind the last reading wait for what follows them."""
        if self._held is not None:
            lines, self._held = self._held.joined(lines), None
        yield from self._read(lines, is_last=False)

    def finish(self) -> Iterator[pa.RecordBatch]:
        """Yield the raw rows of what waits; the region ends here.

        Raises:
            FileError: most readings have cells that no heading names.

        """
        if self._held is not None:
            held, self._held = self._held, None
            yield from self._read(held, is_last=True)
        self._schema.doubtful_marks.update(self._marks.doubtful())
        if self._hours:
            self._hours.finish()
        if self._empty_cells:
            self._schema.notes.append(FileRemark.EMPTY_CELLS.format(count=self._empty_cells))
        if self._surplus * 2 > self._readings:
            letters = [self._schema.columns[index].letter for index in self._columns.unheaded]
            raise FileError(
                FileProblem.SURPLUS_CELLS,
                lines=self._surplus,
                readings=self._readings,
                columns=", ".join(letters) or "…",
            )

    def _read(self, lines: Lines, *, is_last: bool) -> Iterator[pa.RecordBatch]:
        if self.next_header is not None or not len(lines.numbers):
            return
        numbers = lines.numbers.to_numpy()
        found = classify(lines.cells, self._columns)
        end, is_header = self._follow(numbers, lines, found)
        classes = found.classes
        if is_header:
            self.next_header = int(numbers[end])
            lines, numbers, classes = lines.slice(0, end), numbers[:end], classes[:end]
        elif self._ended_as is None and not is_last:
            keep = _behind_last_reading(classes)
            if keep < len(numbers) and len(numbers) - keep <= _MAX_HELD:
                self._held = lines.slice(keep)
                lines, numbers, classes = lines.slice(0, keep), numbers[:keep], classes[:keep]
        if len(numbers):
            yield from self._rows(lines, numbers, classes)

    def _follow(self, numbers: np.ndarray, lines: Lines, found: Classified) -> tuple[int, bool]:
        """Follow the table; set the classes of what is below its end.

        Returns the index of the line at which it ends, and whether it goes on below another header there.
        """
        until = self._find_until(found)
        end = 0 if self._ended_as is not None else until
        if self._ended_as is None and (verdict := self._decide(numbers[:until], lines, found)):
            end = int(np.searchsorted(numbers, verdict.line))
            if verdict.is_header:
                return end, True
            self._ended_as = LineClass.UNDESCRIBED
        if self._ended_as is not None:
            _set_unless_blank(found.classes[end:until], self._ended_as)
        if until < len(numbers):
            self._ended_as = LineClass.NOT_TAKEN
            _set_unless_blank(found.classes[until:], self._ended_as)
        return end, False

    def _decide(self, numbers: np.ndarray, lines: Lines, found: Classified) -> Verdict | None:
        """Go from reading to reading; return where the table ends, if it does."""
        classes = found.classes[: len(numbers)]
        readings = np.flatnonzero(classes == LineClass.READING)
        others = np.array([index for index in found.texts if index < len(classes)], dtype=np.int64)
        others = np.sort(others[classes[others] != LineClass.READING])
        next_reading = np.searchsorted(readings, others)
        positions, starts = np.unique(next_reading, return_index=True)
        groups = np.split(others, starts[1:]) if len(others) else []
        done = 0
        for position, indexes in zip(positions.tolist(), groups, strict=True):
            if position > done:
                self._pass_readings(lines, readings[done], readings[position - 1])
                done = position
            between = [
                Line(int(numbers[index]), LineClass(classes[index]), found.texts[index]) for index in indexes.tolist()
            ]
            if position == len(readings):
                return self._follower.decide(between, None)
            index = int(readings[position])
            if _counts_columns(between, lines.row(index)):
                classes[index] = LineClass.UNITS
                done = position = position + 1
                if position == len(readings):
                    break
                index = int(readings[position])
            following = Line(int(numbers[index]), LineClass.READING, lines.row(index))
            if verdict := self._follower.decide(between, following):
                return verdict
        if done < len(readings):
            self._pass_readings(lines, readings[done], readings[-1])
        return None

    def _pass_readings(self, lines: Lines, first: np.int64, last: np.int64) -> None:
        self._follower.pass_readings(partial(lines.row, int(first)), partial(lines.row, int(last)))

    def _find_until(self, found: Classified) -> int:
        """Find the first line with the text `until`; it is no reading with a time and a value."""
        if self._until:
            for index in sorted(found.texts):
                if any(cell and self._until in fold(cell) for cell in found.texts[index]):
                    return index
        return len(found.classes)

    def _rows(self, lines: Lines, numbers: np.ndarray, classes: np.ndarray) -> Iterator[pa.RecordBatch]:
        """Account for lines, and yield the raw rows among them."""
        is_new = ~self._account.is_of(numbers, LineClass.UNDESCRIBED)
        if not self._is_csv:
            classes[(classes == LineClass.BLANK) & ~lines.has_cells] = LineClass.EMPTY
        problems = self._problems(lines, numbers, classes)
        self._readings += int((classes == LineClass.READING).sum())
        if self._selection:
            self._select(lines, numbers, problems, classes)
        self._account.mark(numbers, classes, lines.spans)
        self._fills.add(numbers, lines.cells, classes)
        self._codes.add(numbers, lines.cells)
        is_reading = classes == LineClass.READING
        wanted = is_reading | (is_new & (classes == LineClass.UNDESCRIBED))
        if self._is_shared:
            wanted &= (classes == LineClass.UNDESCRIBED) | self._has_own(lines)
        if problems.null_count < len(problems):
            is_surplus = pc.fill_null(pc.equal(problems, str(Reason.SURPLUS_CELL)), False)
            self._surplus += int((is_surplus.to_numpy(zero_copy_only=False) & is_reading).sum())
        rows = pa.RecordBatch.from_arrays([lines.numbers, problems, *lines.cells], schema=self._rows_schema)
        if not wanted.all():
            rows = rows.filter(pa.array(wanted))
        if self._schema.skips_empty_cells:
            self._empty_cells += _count_empty(rows, self._schema)
        if self._schema.thousands is None:
            self._marks.add({key: rows.column(key) for key in self._schema.value_columns})
        if self._hours:
            self._hours.add(rows)
        if len(rows):
            yield rows

    def _select(self, lines: Lines, numbers: np.ndarray, problems: pa.Array, classes: np.ndarray) -> None:
        """Set the class of the readings that `where` leaves out; of a line in doubt the first table says what it is."""
        is_in_doubt = self._selection.is_in_doubt(lines.cells, problems)
        is_first = ~self._account.is_of(numbers, LineClass.READING)
        cells = self._fills.fill(lines.cells, classes)
        fits = self._selection.fits(cells) & (self._has_own(lines) if self._is_shared else True)
        takes = np.where(is_in_doubt, is_first, fits)
        classes[(classes == LineClass.READING) & ~takes] = LineClass.NOT_SELECTED

    def _has_own(self, lines: Lines) -> np.ndarray:
        """Return of each line whether it has a time or a value of this table among those that share the header."""
        own = [pc.is_valid(lines.cells[index]).to_numpy(zero_copy_only=False) for index in self._own]
        has_own: np.ndarray = np.logical_or.reduce(own)
        return has_own

    def _problems(self, lines: Lines, numbers: np.ndarray, classes: np.ndarray) -> pa.Array:
        """Return why the cells of a line are not those of the table's columns; null where they are."""
        undescribed = classes == LineClass.UNDESCRIBED
        unheaded = [pc.is_valid(lines.cells[index]) for index in self._columns.unheaded]
        if not lines.problems and not undescribed.any() and not any(pc.any(mask).as_py() for mask in unheaded):
            return pa.nulls(len(numbers), pa.string())
        problems: list[str | None] = [lines.problems.get(number) for number in numbers.tolist()]
        for mask in unheaded:
            problems = [
                problem or (Reason.SURPLUS_CELL if filled else None)
                for problem, filled in zip(problems, mask.to_pylist(), strict=True)
            ]
        for index in np.flatnonzero(undescribed).tolist():
            problems[index] = Reason.UNDESCRIBED_TABLE
        return pa.array([problem and str(problem) for problem in problems], pa.string())


def _counts_columns(between: Sequence[Line], cells: Row) -> bool:
    """Return True if a line below a repeated header, which looks like a reading, only numbers the columns."""
    is_below_header = any(line.kind is LineClass.REPEATED_HEADER for line in between)
    return is_below_header and counts_columns([cell for cell in cells if cell])


def _count_empty(rows: pa.RecordBatch, schema: TableSchema) -> int:
    """Count the cells without a value in rows whose cells are those of the columns."""
    described = rows.filter(pc.is_null(rows.column(ROW_PROBLEM)))
    columns = [described.column(key) for key in schema.value_columns]
    if not schema.missing:
        return sum(column.null_count for column in columns)
    return sum(int(hold_no_value(column, schema.missing).sum()) for column in columns)


def _set_unless_blank(classes: np.ndarray, kind: LineClass) -> None:
    classes[classes != LineClass.BLANK] = kind


def _own_columns(schema: TableSchema) -> list[int]:
    """Return the indexes of a table's own columns: the time and the values."""
    times = (schema.timestamp_column, schema.date_column, schema.hour_column)
    return schema.indexes_of(*times, *schema.value_columns)


def _behind_last_reading(classes: np.ndarray) -> int:
    """Return the index behind the last reading and the blank lines below it."""
    readings = np.flatnonzero(classes == LineClass.READING)
    first = int(readings[-1]) + 1 if len(readings) else 0
    others = np.flatnonzero(classes[first:] != LineClass.BLANK)
    return first + int(others[0]) if len(others) else len(classes)
