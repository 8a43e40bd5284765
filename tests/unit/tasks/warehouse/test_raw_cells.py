from __future__ import annotations

import json

import pyarrow as pa

from schemas.raw_rows import SEPARATOR, raw_row_schema
from tasks.warehouse.raw_cells import pack_cells


def batch(*rows: tuple[str | None, str | None]) -> pa.RecordBatch:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], []]
    return pa.record_batch(
        [list(range(len(rows))), pa.nulls(len(rows), pa.string()), *columns], schema=raw_row_schema(["a", "b"])
    )


def test_cells_are_joined_and_an_empty_cell_is_an_empty_text() -> None:
    packed = pack_cells(batch(("1", "x"), (None, "y"), ("2", None)))

    assert packed.cells.to_pylist() == [f"1{SEPARATOR}x", f"{SEPARATOR}y", f"2{SEPARATOR}"]
    assert packed.payload.to_pylist() == [None, None, None]


def test_a_row_that_holds_the_separator_or_nul_is_kept_as_json_and_its_neighbours_are_not() -> None:
    packed = pack_cells(batch(("1", "x"), (f"1{SEPARATOR}2", None), ("й\0", "z")))

    assert packed.cells.to_pylist() == [f"1{SEPARATOR}x", None, None]
    assert [json.loads(text) if text else None for text in packed.payload.to_pylist()] == [
        None,
        {"a": f"1{SEPARATOR}2", "b": None},
        {"a": "й\0", "b": "z"},
    ]


def test_no_rows_are_packed_into_nothing() -> None:
    assert [len(column) for column in pack_cells(batch())] == [0, 0]


def test_nul_alone_is_enough_to_keep_a_row_as_json() -> None:
    packed = pack_cells(batch(("a\0", "x"), ("b", "y")))

    assert packed.cells.to_pylist() == [None, f"b{SEPARATOR}y"]
