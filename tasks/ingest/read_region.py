"""Read the lines below a header into the raw rows of the tables that share it, and keep account of every line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from itertools import islice
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
from schemas.spellings import fold, fold_word
from schemas.table_schema import TableSchema
from schemas.table_spec import CODE_NAMES, FromCell, TableSpec
from tasks.ingest.bind_columns import differs_in_unit
from tasks.ingest.classify_lines import Classified, Line, TableColumns, classify, classify_title
from tasks.ingest.find_date import other_date
from tasks.ingest.find_header import Header, counts_columns, wanted_columns
from tasks.ingest.follow_table import Followed, TableFollower, Verdict
from tasks.ingest.grids import CONTINUED, Grid, LineBatch, Row
from tasks.ingest.line_account import LineAccount
from tasks.ingest.note_codes import CodeNotes
from tasks.ingest.note_fills import FillNotes
from tasks.ingest.number_marks import NumberMarks
from tasks.ingest.order_hours import HourOrder
from tasks.ingest.select_rows import RowSelection

_MAX_HELD = 10_000
"""Lines behind a batch's last reading that wait for the next."""


_MANY_COLUMNS = 32


class Table(NamedTuple):
    """A table that was found in a grid."""

    spec: TableSpec
    schema: TableSchema
    unit: str | None = None
    """Of all its values, where one place says it."""


class Region:
    """The lines of a grid below one header, down to the next, and the tables that share it."""

    def __init__(
        self, grid: Grid, header: Header, indexes: Sequence[int], tables: Sequence[Table], account: LineAccount
    ) -> None:
        self._grid = grid
        self.header = header
        self._indexes = indexes
        self._account = account
        self.tables = tables
        self.stop: int | None = None
        """The first line of the next region; None: it goes down to the end."""
        self._undescribed: dict[int, Row] = {}
        self.next_header: int | None = None
        """Set by reading: where the same tables go on below another header."""
        self.lines_above: dict[int, Row] = {}
        """The header, and the lines above it, that `account_above` has accounted for."""
        self._columns = _columns_of(header, indexes, [table.schema for table in tables])
        self._fills = [FillNotes(table.schema) for table in tables]

    def go_on_from(self, above: Region) -> None:
        """Go on with what the same tables have above another header: the texts that their cells repeat."""
        schemas = [table.schema for table in self.tables]
        self._fills = [fills.below(schema) for fills, schema in zip(above._fills, schemas, strict=True)]
        for table, schema in zip(above.tables, schemas, strict=True):
            for name, stated in table.schema.stated_codes.items():
                schema.stated_codes[name].lines.extend(stated.lines[-1:])

    def account_above(self, *, from_line: int) -> None:
        """Account for the header, the lines of units below it, and the lines above it from a line on."""
        header = self.header
        waiting: list[int] = []
        for line, row in enumerate(islice(self._grid.rows(), header.ends), start=1):
            if line < from_line:
                continue
            self.lines_above[line] = row
            if line >= header.first_line:
                continue
            waiting.append(line)
            if row is CONTINUED:
                continue
            kind = classify_title(row, self._columns.style)
            if line < header.begins < header.first_line and kind is not LineClass.BLANK:
                kind = LineClass.NOT_TAKEN
            elif kind is LineClass.UNDESCRIBED:
                self._undescribed[line] = row
            if kind is LineClass.BLANK and not (self._grid.counts_blank_lines or any(row)):
                kind = LineClass.EMPTY
            self._account.mark(np.array(waiting), np.full(len(waiting), kind))
            waiting.clear()
        headings = [*waiting, *range(header.first_line, header.line + 1)]
        is_empty = np.isin(headings, self._empty_lines_of_header())
        self._account.mark(np.array(headings), np.where(is_empty, LineClass.EMPTY, LineClass.HEADER))
        units = range(header.line + 1, header.ends + 1)
        self._account.mark(np.array(units), np.full(len(units), LineClass.UNITS))

    def _empty_lines_of_header(self) -> list[int]:
        """Return the rows without a cell among several lines of a header."""
        first, last = self.header.first_line, self.header.line
        if self._grid.counts_blank_lines or first >= last:
            return []
        return [
            line for line, row in enumerate(islice(self._grid.rows(), last), start=1) if line >= first and not any(row)
        ]

    def batches(self, table: Table) -> Iterator[pa.RecordBatch]:
        """Yield a table's readings unchanged, and what is described by none, without empty batches.

        Raises:
            FileError: most readings have cells that no heading names.

        """
        fills = next(own for other, own in zip(self.tables, self._fills, strict=True) if other is table)
        is_csv = self._grid.counts_blank_lines
        reader = _RegionReader(self._columns, self._followed, table, fills, self._account, is_csv=is_csv)
        lines = self._grid.batches_below(self.header.ends, max(self._indexes) + 1)
        if self._undescribed and table is self.tables[0]:
            yield self._rows_above(table.schema)
        needed = max(self._indexes[index] for index in _needed_columns(table.schema))
        for batch in _until_line(lines, self.stop):
            yield from reader.read(_pick(batch, self._indexes, needed))
        yield from reader.finish()
        self.next_header = reader.next_header

    def _rows_above(self, schema: TableSchema) -> pa.RecordBatch:
        cells = {line: row + [None] * (max(self._indexes) + 1) for line, row in self._undescribed.items()}
        problem = str(Reason.UNDESCRIBED_TABLE)
        rows = [[line, problem, *(row[index] for index in self._indexes)] for line, row in cells.items()]
        arrow_schema = raw_row_schema(column.key for column in schema.columns)
        return pa.RecordBatch.from_arrays(
            [pa.array(cells, field.type) for cells, field in zip(zip(*rows, strict=True), arrow_schema, strict=True)],
            schema=arrow_schema,
        )

    @cached_property
    def _followed(self) -> Followed:
        """What identifies the tables: the same for the reader of each."""
        schema = self.tables[0].schema
        codes = [getattr(table.spec.identity, name) for table in self.tables for name in CODE_NAMES]
        return Followed(
            columns=self._columns,
            # Without a header none is repeated with its columns in another order.
            wanted=[[] if table.spec.header else wanted_columns(table.spec) for table in self.tables],
            units=self._units(),
            patterns=[code.pattern for code in codes if isinstance(code, FromCell) and code.pattern],
            has_own_meter=any(table.schema.meter_column for table in self.tables),
            times=schema.times,
            says_other_date=lambda text: any(
                other_date(table.spec, table.schema.date_in_file, text) for table in self.tables
            ),
            missing=frozenset(fold_word(word) for table in self.tables for word in table.schema.missing),
        )

    def _units(self) -> dict[int, Callable[[str], bool]]:
        return {
            index: partial(
                differs_in_unit,
                metric=column.metric,
                expected=column.unit,
                interval_minutes=table.schema.interval_minutes,
            )
            for table in self.tables
            for column, index in zip(
                table.schema.metrics,
                table.schema.indexes_of(*(column.key for column in table.schema.metrics)),
                strict=True,
            )
            if column.metric
        }


def _columns_of(header: Header, indexes: Sequence[int], schemas: Sequence[TableSchema]) -> TableColumns:
    """Say where things are among the picked columns, over all tables of a header."""

    def indexes_of(*keys: str | None) -> tuple[int, ...]:
        return tuple(sorted({*schemas[0].indexes_of(*keys)}))

    headings = [header.headings[index] if index < len(header.headings) else None for index in indexes]
    hours = indexes_of(*(schema.hour_column for schema in schemas))
    return TableColumns(
        # Where days are columns, the hour alone is the time of a line.
        times=indexes_of(*(schema.timestamp_column or schema.date_column for schema in schemas)) or hours,
        hours=hours,
        values=indexes_of(*(key for schema in schemas for key in schema.value_columns)),
        metrics=indexes_of(*(schema.metric_column for schema in schemas)),
        unheaded=tuple(index for index, column in enumerate(schemas[0].columns) if not column.heading),
        headings=tuple(frozenset(fold(word) for word in heading or () if word) for heading in headings),
        style=schemas[0].times.style,
        has_days=any(schema.date_in_file and schema.date_column for schema in schemas),
        has_months=any(schema.calendar == "month" for schema in schemas),
        filled_down=any((schema.timestamp_column or schema.date_column) in schema.filled_down for schema in schemas),
        codes=indexes_of(*(getattr(schema, f"{name}_column") for schema in schemas for name in CODE_NAMES)),
        metric_words=frozenset(word for schema in schemas for word in schema.metric_words),
    )


class _Lines(NamedTuple):
    """Lines with the picked columns, blank cells null."""

    numbers: pa.Array
    cells: list[pa.Array]
    has_cells: np.ndarray
    """Whether the file has any cell there, be it blank."""
    problems: dict[int, Reason]
    spans: dict[int, int]

    def slice(self, start: int, stop: int | None = None) -> _Lines:
        length = None if stop is None else stop - start
        return _Lines(
            self.numbers.slice(start, length),
            [column.slice(start, length) for column in self.cells],
            self.has_cells[start:stop],
            self.problems,
            self.spans,
        )

    def joined(self, below: _Lines) -> _Lines:
        return _Lines(
            pa.concat_arrays([self.numbers, below.numbers]),
            [pa.concat_arrays(pair) for pair in zip(self.cells, below.cells, strict=True)],
            np.concatenate([self.has_cells, below.has_cells]),
            self.problems | below.problems,
            self.spans | below.spans,
        )

    def row(self, index: int) -> Row:
        return [column[index].as_py() for column in self.cells]


def _pick(batch: LineBatch, indexes: Sequence[int], needed: int) -> _Lines:
    """Pick the columns of a table, whose rows end no sooner than with the column `needed`."""
    problems = {line: Reason.MISSING_COLUMN for line, length in batch.lengths.items() if length <= needed}
    columns = [batch.columns[index] for index in indexes]
    cells = _null_where_blank(columns)
    has_cells = np.ones(len(batch.numbers), dtype=bool)
    if all(column.null_count for column in columns):
        has_cells = pc.is_valid(pc.coalesce(*columns)).to_numpy(zero_copy_only=False)
    return _Lines(batch.numbers, cells, has_cells, batch.problems | problems, batch.spans)


def _null_where_blank(columns: list[pa.Array]) -> list[pa.Array]:
    # Hundreds of short columns are looked at as one.
    if len(columns) > _MANY_COLUMNS and not pc.any(_is_blank(pa.concat_arrays(columns))).as_py():
        return columns
    return [_null_if_blank(column) for column in columns]


def _is_blank(column: pa.Array) -> pa.Array:
    return pc.or_(pc.utf8_is_space(column), pc.equal(column, ""))


def _null_if_blank(column: pa.Array) -> pa.Array:
    blank = _is_blank(column)
    return pc.if_else(blank, None, column) if pc.any(blank).as_py() else column


def _until_line(lines: Iterator[LineBatch], stop: int | None) -> Iterator[LineBatch]:
    """Yield the lines above a line."""
    for batch in lines:
        if stop is None or not len(batch.numbers) or batch.numbers[-1].as_py() < stop:
            yield batch
            continue
        count = int(np.searchsorted(batch.numbers.to_numpy(), stop))
        yield batch._replace(
            numbers=batch.numbers.slice(0, count), columns=[column.slice(0, count) for column in batch.columns]
        )
        return


class _RegionReader:
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
        self._held: _Lines | None = None
        self._ended_as: LineClass | None = None
        self._readings = 0
        self._surplus = 0
        self._empty_cells = 0
        self.next_header: int | None = None

    def read(self, lines: _Lines) -> Iterator[pa.RecordBatch]:
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

    def _read(self, lines: _Lines, *, is_last: bool) -> Iterator[pa.RecordBatch]:
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

    def _follow(self, numbers: np.ndarray, lines: _Lines, found: Classified) -> tuple[int, bool]:
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

    def _decide(self, numbers: np.ndarray, lines: _Lines, found: Classified) -> Verdict | None:
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

    def _pass_readings(self, lines: _Lines, first: np.int64, last: np.int64) -> None:
        self._follower.pass_readings(partial(lines.row, int(first)), partial(lines.row, int(last)))

    def _find_until(self, found: Classified) -> int:
        """Find the first line with the text `until`; it is no reading with a time and a value."""
        if self._until:
            for index in sorted(found.texts):
                if any(cell and self._until in fold(cell) for cell in found.texts[index]):
                    return index
        return len(found.classes)

    def _rows(self, lines: _Lines, numbers: np.ndarray, classes: np.ndarray) -> Iterator[pa.RecordBatch]:
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

    def _select(self, lines: _Lines, numbers: np.ndarray, problems: pa.Array, classes: np.ndarray) -> None:
        """Set the class of the readings that `where` leaves out; of a line in doubt the first table says what it is."""
        is_in_doubt = self._selection.is_in_doubt(lines.cells, problems)
        is_first = ~self._account.is_of(numbers, LineClass.READING)
        cells = self._fills.fill(lines.cells, classes)
        fits = self._selection.fits(cells) & (self._has_own(lines) if self._is_shared else True)
        takes = np.where(is_in_doubt, is_first, fits)
        classes[(classes == LineClass.READING) & ~takes] = LineClass.NOT_SELECTED

    def _has_own(self, lines: _Lines) -> np.ndarray:
        """Return of each line whether it has a time or a value of this table among those that share the header."""
        own = [pc.is_valid(lines.cells[index]).to_numpy(zero_copy_only=False) for index in self._own]
        has_own: np.ndarray = np.logical_or.reduce(own)
        return has_own

    def _problems(self, lines: _Lines, numbers: np.ndarray, classes: np.ndarray) -> pa.Array:
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


def _needed_columns(schema: TableSchema) -> list[int]:
    """Return the indexes of the columns without which a row holds no reading: of values one is enough."""
    codes = [getattr(schema, f"{name}_column") for name in CODE_NAMES]
    codes += [part.column for parts in schema.code_parts.values() for part in parts]
    times = [schema.timestamp_column, schema.date_column, schema.hour_column]
    return [
        *schema.indexes_of(*times, *codes, schema.metric_column, schema.status_column),
        *schema.indexes_of(*(key for key, _ in schema.where)),
        min(schema.indexes_of(*schema.value_columns)),
    ]


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
