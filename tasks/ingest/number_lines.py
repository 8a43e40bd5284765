"""Number the rows that a csv parser returns as a person counts the lines of the file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.ingest.table_rows import LineBatch

_MAX_RAGGED = 100_000


class LineNumbers:
    """Numbers parsed rows as lines of the file: ragged rows and line breaks in cells count too."""

    def __init__(self, after_line: int) -> None:
        self._next_row = after_line + 1
        self._breaks = 0
        self._ragged: list[tuple[int, str]] = []
        self.refusal: FileError | None = None
        """Why the file is not read to its end: pyarrow does not pass errors of ours on."""

    def set_aside(self, row: Any) -> str:  # noqa: ANN401 - pyarrow's InvalidRow
        """Take a row with too few or too many cells from the parser, which reads ahead of the batches."""
        if len(self._ragged) == _MAX_RAGGED:
            self.refusal = FileError(
                FileProblem.TOO_MANY_RAGGED_LINES,
                max_lines=_MAX_RAGGED,
                line=row.number,
                cells=row.actual_columns,
                header_cells=row.expected_columns,
            )
            return "error"
        self._ragged.append((row.number, row.text))
        return "skip"

    def number(self, batch: pa.RecordBatch) -> LineBatch:
        """Return a batch with its line numbers, and the ragged rows before its last row."""
        pending = np.array([number for number, _ in self._ragged], dtype=np.int64)
        rows = np.arange(self._next_row, self._next_row + len(batch) + len(pending))
        rows = rows[~np.isin(rows, pending)][: len(batch)]
        among = int(np.searchsorted(pending, rows[-1])) if len(rows) else 0
        ragged, self._ragged = self._ragged[:among], self._ragged[among:]
        self._next_row = int(rows[-1]) + 1 if len(rows) else self._next_row
        before = self._breaks_before(
            np.concatenate([rows, pending[:among]]),
            np.concatenate([_count_breaks(batch), np.array([text.count("\n") for _, text in ragged], dtype=np.int64)]),
        )
        # A row of several lines has the number of its first.
        return LineBatch(
            pa.array(rows + before[: len(batch)], pa.int32()),
            list(batch.columns),
            [(number + int(before[len(batch) + index]), text) for index, (number, text) in enumerate(ragged)],
        )

    def _breaks_before(self, rows: np.ndarray, breaks: np.ndarray) -> np.ndarray:
        """Count the line breaks inside cells before each row."""
        order = np.argsort(rows, kind="stable")
        up_to = np.empty(len(order), dtype=np.int64)
        up_to[order] = self._breaks + np.cumsum(breaks[order])
        self._breaks = int(up_to[order[-1]]) if len(order) else self._breaks
        before: np.ndarray = up_to - breaks
        return before

    def number_rest(self, width: int) -> LineBatch:
        """Return the ragged rows behind the last batch."""
        ragged = []
        for number, text in self._ragged:
            ragged.append((number + self._breaks, text))
            self._breaks += text.count("\n")
        return LineBatch(pa.array([], pa.int32()), [pa.array([], pa.string())] * width, ragged)


def _count_breaks(batch: pa.RecordBatch) -> np.ndarray:
    """Count the line breaks inside the cells of each row."""
    breaks = np.zeros(len(batch), dtype=np.int64)
    for column in batch.columns:
        if b"\n" in column.buffers()[2].to_pybytes():  # a look at all bytes at once is cheap
            breaks += pc.fill_null(pc.count_substring(column, "\n"), 0).to_numpy(zero_copy_only=False)
    return breaks
