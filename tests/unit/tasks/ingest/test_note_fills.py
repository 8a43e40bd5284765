from __future__ import annotations

import numpy as np
import pyarrow as pa

from schemas.lines import LineClass
from schemas.table_schema import Column, TableSchema
from tasks.ingest.note_fills import FillNotes

READING, NOTE, TOTAL = LineClass.READING, LineClass.NOTE, LineClass.TOTAL


def sources(*batches: list[tuple[str | None, LineClass]]) -> list[tuple[int, str]]:
    """Return the cells that are repeated, of lines that are numbered from 2."""
    schema = TableSchema(
        table_format="long",
        header_row=1,
        columns=[Column(key="A", heading="A", letter="A")],
        time_zone="UTC",
        interval_minutes=60,
        filled_down={"A": []},
    )
    notes = FillNotes(schema)
    line = 2
    for batch in batches:
        numbers = np.arange(line, line + len(batch))
        cells = [pa.array([text for text, _ in batch], pa.string())]
        notes.add(numbers, cells, np.array([kind for _, kind in batch]))
        line += len(batch)
    return schema.filled_down["A"]


def test_only_cells_that_empty_ones_repeat_are_noted() -> None:
    assert sources([("a", READING), (None, READING), ("b", READING), ("c", READING), (None, READING)]) == [
        (2, "a"),
        (5, "c"),
    ]


def test_cell_may_be_in_an_earlier_batch_and_is_noted_once() -> None:
    empty: list[tuple[str | None, LineClass]] = [(None, READING)]

    assert sources([("a", READING)], empty, [*empty, ("b", READING)], empty) == [(2, "a"), (5, "b")]


def test_totals_and_repeated_headers_are_passed_over_and_notes_are_not() -> None:
    lines = [("a", READING), ("Итого", TOTAL), ("A", LineClass.REPEATED_HEADER), (None, LineClass.BLANK)]

    assert sources([*lines, (None, READING)]) == [(2, "a")]
    assert sources([*lines, ("b", NOTE), (None, READING)]) == [(6, "b")]
