"""Read the lines below a header into the raw rows of the tables that share it, and keep account of every line."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from itertools import islice

import numpy as np
import pyarrow as pa

from schemas.lines import LineClass
from schemas.raw_rows import raw_row_schema
from schemas.reasons import Reason
from schemas.spellings import fold, fold_word
from schemas.table_schema import TableSchema
from schemas.table_spec import CODE_NAMES, FromCell
from tasks.ingest.bind_columns import differs_in_unit
from tasks.ingest.classify_lines import TableColumns, classify_title, labels_among
from tasks.ingest.find_date import other_date
from tasks.ingest.find_header import Header, wanted_columns
from tasks.ingest.follow_table import Followed
from tasks.ingest.grids import CONTINUED, Grid, Row
from tasks.ingest.line_account import LineAccount
from tasks.ingest.note_fills import FillNotes
from tasks.ingest.pick_lines import pick, until_line
from tasks.ingest.read_rows import RegionReader, Table

_MAX_LINES_ABOVE = 30
"""In which labels are looked for."""


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
        titles = tuple(pattern for table in tables for pattern in table.spec.titles)
        above = deque(islice(grid.rows(), header.first_line - 1), _MAX_LINES_ABOVE)
        columns = _columns_of(header, indexes, [table.schema for table in tables])
        self._columns = columns._replace(titles=titles, labels=labels_among(above))
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
        reader = RegionReader(self._columns, self._followed, table, fills, self._account, is_csv=is_csv)
        lines = self._grid.batches_below(self.header.ends, max(self._indexes) + 1)
        if self._undescribed and table is self.tables[0]:
            yield self._rows_above(table.schema)
        needed = max(self._indexes[index] for index in _needed_columns(table.schema))
        for batch in until_line(lines, self.stop):
            yield from reader.read(pick(batch, self._indexes, needed))
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


def _needed_columns(schema: TableSchema) -> list[int]:
    """Return the indexes of the columns without which a row holds no reading: of values one is enough."""
    says = {name: getattr(schema, f"{name}_column") for name in (*CODE_NAMES, "metric")}
    codes = [key for name, key in says.items() if name not in schema.stated_codes]
    codes += [part.column for parts in schema.code_parts.values() for part in parts]
    times = [schema.timestamp_column, schema.date_column, schema.hour_column]
    return [
        *schema.indexes_of(*times, *codes, schema.status_column),
        *schema.indexes_of(*(key for key, _ in schema.where)),
        min(schema.indexes_of(*schema.value_columns)),
    ]
