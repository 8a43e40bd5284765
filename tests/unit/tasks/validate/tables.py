"""Table schemas and raw rows for the tests of validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import pyarrow as pa

from schemas.raw_rows import raw_row_schema
from schemas.reasons import Reason
from schemas.table_schema import Column, MetricColumn, TableSchema
from tasks.validate.staged_tables import StagedTable

LONG = ["timestamp", "building", "meter", "metric", "value", "unit"]
WIDE = {"Подача": "flow_supply", "Т1": "T1", "Т2": "T2"}
LOAD = UUID(int=1)


def long_table(**changes: object) -> TableSchema:
    fields = {
        "layout": "long",
        "header_row": 1,
        "columns": [Column(key=key, heading=key, letter="ABCDEF"[index]) for index, key in enumerate(LONG)],
        "timestamp_column": "timestamp",
        "building_column": "building",
        "meter_column": "meter",
        "metric_column": "metric",
        "value_column": "value",
        "unit_column": "unit",
        "time_zone": "Europe/Moscow",
        "interval_minutes": 60,
    }
    return TableSchema.model_validate(fields | changes)


def wide_table(**changes: object) -> TableSchema:
    keys = ["Дата", "Час", *WIDE]
    fields = {
        "layout": "day-sheet",
        "header_row": 1,
        "columns": [Column(key=key, heading=key, letter="ABCDE"[index]) for index, key in enumerate(keys)],
        "date_column": "Дата",
        "hour_column": "Час",
        "meter_code": "M",
        "metrics": [MetricColumn(key=key, metric=metric) for key, metric in WIDE.items()],
        "time_zone": "Europe/Moscow",
        "interval_minutes": 60,
    }
    return TableSchema.model_validate(fields | changes)


def long_row(**changes: str | None) -> list[str | None]:
    row: dict[str, str | None] = {
        "timestamp": "2025-04-01 05:00",
        "building": "B",
        "meter": "M",
        "metric": "T1",
        "value": "60",
        "unit": "°C",
    }
    return list((row | changes).values())


def wide_row(supply: str = "1", t1: str = "60", t2: str = "40", hour: str = "0-1") -> list[str | None]:
    return ["01.04.2025", hour, supply, t1, t2]


def raw_batch(
    table: TableSchema,
    rows: Sequence[Sequence[str | None]],
    row_nums: Sequence[int] | None = None,
    problems: Mapping[int, Reason] | None = None,
) -> pa.RecordBatch:
    """Make the raw rows of a table; by default they begin below the header."""
    numbers = range(2, len(rows) + 2) if row_nums is None else row_nums
    columns = [list(cells) for cells in zip(*rows, strict=True)] or [[]] * len(table.columns)
    schema = raw_row_schema(column.key for column in table.columns)
    why = pa.array([(problems or {}).get(number) for number in numbers], pa.string())
    return pa.record_batch([pa.array(numbers, pa.int32()), why, *columns], schema=schema)


def staged(table: TableSchema, table_num: int = 0, *, load_id: UUID = LOAD, source_file: str = "a.csv") -> StagedTable:
    return StagedTable(load_id, source_file, table_num, table)
