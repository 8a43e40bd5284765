from __future__ import annotations

from typing import Any

import pyarrow as pa

from schemas.metrics import fold
from schemas.raw_rows import RAGGED
from schemas.table_schema import Column, TableSchema
from tasks.ingest.filter_rows import RowFilter
from tasks.ingest.table_rows import LineBatch, raw_batches

Line = tuple[str | None, str | None]


def lines(first: int, *rows: Line, ragged: tuple[tuple[int, str], ...] = ()) -> LineBatch:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return LineBatch(pa.array(range(first, first + len(rows)), pa.int32()), columns, [*ragged])


def read(*batches: LineBatch, until: str | None = None) -> tuple[dict[str, int], list[list[Any]]]:
    schema = TableSchema(
        table_format="long",
        header_row=1,
        columns=[Column(key="value", heading="value", letter="B"), Column(key="ts", heading="ts", letter="A")],
        timestamp_column="ts",
        time_zone="UTC",
        interval_minutes=60,
    )
    row_filter = RowFilter(frozenset({"ts", "value"}), "ts", fold(until) if until else None)
    read_rows = [
        list(row.values())
        for batch in raw_batches(iter(batches), schema, [1, 0], row_filter)
        for row in batch.to_pylist()
    ]
    return schema.skipped, read_rows


def test_columns_are_picked_by_index_and_blank_cells_are_null() -> None:
    assert read(lines(2, ("01.04.2025", "5"), ("02.04.2025", "  "))) == (
        {},
        [[2, "5", "01.04.2025"], [3, None, "02.04.2025"]],
    )


def test_lines_that_are_not_readings_are_counted() -> None:
    skipped, rows = read(lines(2, (None, " "), ("Итого", "5"), ("ts", "value"), ("01.04.2025", "5")))

    assert skipped == {"пустые строки": 1, "итоговые строки": 1, "повторы шапки": 1}
    assert [row[0] for row in rows] == [5]


def test_nothing_below_the_end_of_the_table_is_read_also_in_later_batches() -> None:
    skipped, rows = read(
        lines(2, ("01.04.2025", "5"), ("Архив 2", None)),
        lines(4, ("02.04.2025", "6"), ragged=((5, "x"),)),
        until="Архив 2",
    )

    assert (skipped, [row[0] for row in rows]) == ({"строки ниже таблицы": 3}, [2])


def test_ragged_lines_are_kept_whole_but_for_blanks_and_totals() -> None:
    skipped, rows = read(lines(2, ("01.04.2025", "5"), ragged=((3, "a;b;c"), (4, ";;;"), (5, "Всего;1"))))

    assert (skipped, rows[1:]) == ({"пустые строки": 1, "итоговые строки": 1}, [[3, None, f"{RAGGED}a;b;c"]])
