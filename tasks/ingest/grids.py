"""What readers of all kinds return: a grid of text cells in lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

import pyarrow as pa
from xlsxwriter.utility import xl_cell_to_rowcol

from schemas.reasons import Reason
from schemas.spellings import fold

Row = list[str | None]

CONTINUED: Row = []
"""Stands for a line whose record goes on in the next."""


def column_index(letters: str) -> int:
    """Return the index of a column, from 0, by its letters; those of the Russian keyboard that look alike will do."""
    return int(xl_cell_to_rowcol(f"{fold(letters).upper()}1")[1])


def line_text(row: Sequence[str | None]) -> str:
    """Return the cells of a line joined by spaces."""
    return " ".join(cell.strip() for cell in row if cell)


def cell_at(rows: Iterator[Row], cell: str) -> str | None:
    """Return the text of a cell, such as B3; None where it is empty."""
    line, column = xl_cell_to_rowcol(cell)
    row = next(islice(rows, line, None), [])
    return row[column] if column < len(row) else None


class LineBatch(NamedTuple):
    """Consecutive lines of a grid: one array a column, left to right."""

    numbers: pa.Array
    """int32: the line as a person counts it; of a record of several lines, the first."""
    columns: list[pa.Array]
    problems: dict[int, Reason]
    """Lines whose cells are not those of the table's columns: number → why."""
    lengths: dict[int, int]
    """How many cells a line has, by its number, where they are fewer than usual."""
    spans: dict[int, int]
    """How many lines a record of several has, by the number of the first."""


class Grid(Protocol):
    """A sheet, or a csv: text cells in lines that are counted from 1, columns from 0."""

    @property
    def sheet(self) -> str | None:
        """Name of the sheet; None for a csv."""
        ...

    @property
    def epoch(self) -> int:
        """1900 or 1904: the year from which it counts days that are written as a number."""
        ...

    @property
    def counts_blank_lines(self) -> bool:
        """Whether a line without any cell is a line of the file: a workbook has no end of those."""
        ...

    def rows(self) -> Iterator[Row]:
        """Yield the lines from the top, one by one; a record of several comes in the last, after CONTINUED."""
        ...

    def used_columns(self, header_line: int, width: int) -> list[int]:
        """Return the indexes of the columns that hold anything at or below a header of that width."""
        ...

    def batches_below(self, line: int, width: int) -> Iterator[LineBatch]:
        """Yield the lines below a line, `width` columns of them."""
        ...


class RowsGrid:
    """A grid whose lines are held in memory as a whole."""

    sheet = None
    epoch = 1900
    counts_blank_lines = False
    deleted_lines: Sequence[int] = ()

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def rows(self) -> Iterator[Row]:
        """Yield the lines from the top."""
        yield from self._rows

    def used_columns(self, header_line: int, width: int) -> list[int]:
        """Return the columns that hold anything at or below a header of that width."""
        lengths = (len(row) for row in self._rows[header_line:])
        return list(range(max(width, *lengths, 0)))

    def batches_below(self, line: int, width: int) -> Iterator[LineBatch]:
        """Yield the lines below a line."""
        rows = [(row + [None] * width)[:width] for row in self._rows[line:]]
        if rows:
            numbers = pa.array(range(line + 1, line + 1 + len(rows)), pa.int32())
            columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
            yield LineBatch(numbers, columns, {}, {}, {})
