"""Pick the columns of a table from the lines of its grid; blank cells become null."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.reasons import Reason
from tasks.ingest.grids import LineBatch, Row

_MANY_COLUMNS = 32
_FEW_LINES = 1_000


class Lines(NamedTuple):
    """Lines with the picked columns, blank cells null."""

    numbers: pa.Array
    cells: list[pa.Array]
    has_cells: np.ndarray
    """Whether the file has any cell there, be it blank."""
    problems: dict[int, Reason]
    spans: dict[int, int]

    def slice(self, start: int, stop: int | None = None) -> Lines:
        """Return the lines from an index on, up to another one."""
        length = None if stop is None else stop - start
        return Lines(
            self.numbers.slice(start, length),
            [column.slice(start, length) for column in self.cells],
            self.has_cells[start:stop],
            self.problems,
            self.spans,
        )

    def joined(self, below: Lines) -> Lines:
        """Return these and the lines below them."""
        return Lines(
            pa.concat_arrays([self.numbers, below.numbers]),
            [pa.concat_arrays(pair) for pair in zip(self.cells, below.cells, strict=True)],
            np.concatenate([self.has_cells, below.has_cells]),
            self.problems | below.problems,
            self.spans | below.spans,
        )

    def row(self, index: int) -> Row:
        """Return the cells of a line."""
        return [column[index].as_py() for column in self.cells]


def pick(batch: LineBatch, indexes: Sequence[int], needed: int) -> Lines:
    """Pick the columns of a table, whose rows end no sooner than with the column `needed`."""
    problems = {line: Reason.MISSING_COLUMN for line, length in batch.lengths.items() if length <= needed}
    columns = [batch.columns[index] for index in indexes]
    cells = _null_where_blank(columns)
    has_cells = np.ones(len(batch.numbers), dtype=bool)
    if all(column.null_count for column in columns):
        has_cells = pc.is_valid(pc.coalesce(*columns)).to_numpy(zero_copy_only=False)
    return Lines(batch.numbers, cells, has_cells, batch.problems | problems, batch.spans)


def _null_where_blank(columns: list[pa.Array]) -> list[pa.Array]:
    # Hundreds of columns, and short ones, are looked at as one.
    is_short = len(columns[0]) < _FEW_LINES
    if (is_short or len(columns) > _MANY_COLUMNS) and not pc.any(_is_blank(pa.concat_arrays(columns))).as_py():
        return columns
    return [_null_if_blank(column) for column in columns]


def _is_blank(column: pa.Array) -> pa.Array:
    return pc.or_(pc.utf8_is_space(column), pc.equal(column, ""))


def _null_if_blank(column: pa.Array) -> pa.Array:
    blank = _is_blank(column)
    return pc.if_else(blank, None, column) if pc.any(blank).as_py() else column


def until_line(lines: Iterator[LineBatch], stop: int | None) -> Iterator[LineBatch]:
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
