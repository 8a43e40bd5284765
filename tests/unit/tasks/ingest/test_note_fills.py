from __future__ import annotations

from typing import Any

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


def table(*keys: str, **changes: Any) -> TableSchema:
    columns = [Column(key=key, heading=key, letter="ABC"[index]) for index, key in enumerate(keys)]
    return TableSchema(
        table_format="long",
        header_row=1,
        columns=columns,
        time_zone="UTC",
        interval_minutes=60,
        filled_down={key: [] for key in keys},
        **changes,
    )


def test_only_the_cells_of_conditions_are_filled_at_once_from_lines_that_count_as_sources() -> None:
    notes = FillNotes(table("A", "B", where=[("A", ("x",))]))
    kinds = np.array([READING, TOTAL, LineClass.NOT_SELECTED, READING])
    first = [pa.array(texts, pa.string()) for texts in ([None, "Итого", "x", None], ["b", None, None, None])]
    below = [pa.array(texts, pa.string()) for texts in ([None, None, "y", None], [None] * 4)]

    filled = notes.fill(first, kinds)
    notes.add(np.arange(2, 6), first, kinds)
    further = notes.fill(below, kinds)

    assert [column.to_pylist() for column in filled] == [[None, "Итого", "x", "x"], ["b", None, None, None]]
    assert [column.to_pylist() for column in further] == [["x", "x", "y", "y"], [None] * 4]


def test_below_another_header_cells_repeat_those_of_the_column_that_says_the_same() -> None:
    notes = FillNotes(table("t", "Вид", timestamp_column="t", where=[("Вид", ("x",))]))
    schema = table("Тип", "Время", timestamp_column="Время", where=[("Тип", ("x",))])
    cells = [pa.array(texts, pa.string()) for texts in (["9:00", None], ["x", "y"])]
    notes.add(np.arange(2, 4), cells, np.array([READING] * 2))

    further = notes.below(schema)
    further.add(np.arange(9, 10), [pa.nulls(1, pa.string())] * 2, np.array([READING]))

    assert schema.filled_down == {"Тип": [(3, "y")], "Время": [(2, "9:00")]}
