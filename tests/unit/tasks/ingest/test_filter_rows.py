from __future__ import annotations

import pyarrow as pa
import pytest

from schemas.metrics import fold
from schemas.raw_rows import raw_row_schema
from schemas.table_schema import Column, MetricColumn, TableSchema
from tasks.ingest.filter_rows import RowFilter, TableRows, is_total

SCHEMA = TableSchema(
    table_format="day-sheet",
    header_row=1,
    columns=[Column(key=key, heading=key, letter="A") for key in ("Дата", "Час", "T1")],
    date_column="Дата",
    hour_column="Час",
    metrics=[MetricColumn(key="T1", metric="T1")],
    time_zone="UTC",
    interval_minutes=60,
)
WORDS = frozenset(fold(word) for word in ("Дата", "Час", "T1"))
Line = tuple[str | None, str | None, str | None]
READING: Line = ("01.04.2025", "0-1", "60")


def rows(*lines: Line, until: str | None = None) -> TableRows:
    cells = list(zip(*lines, strict=True))
    arrays = [pa.array(range(2, len(lines) + 2), pa.int32()), *(pa.array(column, pa.string()) for column in cells)]
    batch = pa.RecordBatch.from_arrays(arrays, schema=raw_row_schema(["Дата", "Час", "T1"]))
    return TableRows(batch, SCHEMA, RowFilter(WORDS, fold("Дата"), fold(until) if until else None))


@pytest.mark.parametrize(("text", "total"), [("Итого:", True), ("Среднее", True), ("total", True), ("Итоговый", False)])
def test_total_is_told_by_its_word(text: str, total: bool) -> None:
    assert is_total(text) is total
    assert rows(READING, (None, text, "5")).are_totals().to_pylist() == [False, total]


def test_header_is_repeated_where_a_line_has_only_its_words() -> None:
    lines = rows(READING, ("Дата", "Час", "T1"), (None, "Час", None), ("Дата", "Час", "другое"))

    assert lines.are_headers().to_pylist() == [False, True, True, False]


def test_note_has_no_value_and_no_time_or_only_words() -> None:
    lines = rows(READING, ("Подпись", "Иванов", None), ("авария", "1-2", "н/д"), ("авария", None, "н/д"))

    assert lines.are_notes().to_pylist() == [False, True, False, True]


def test_table_ends_at_the_text_of_the_mapping_or_at_another_header() -> None:
    assert rows(READING, ("Суточный архив", None, None), until="Суточный архив").end_of_table() == 1
    assert rows(READING, ("Дата", "Другое", None)).end_of_table() == 1
    assert rows(READING, ("Дата", "Час", "T1")).end_of_table() is None


def test_slice_keeps_the_words() -> None:
    assert rows(READING, ("Дата", "Час", "T1")).slice(1).are_headers().to_pylist() == [True]
