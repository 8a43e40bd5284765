"""`restore_raw_rows` needs stage: tests/integration/test_main_job.py."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pyarrow as pa

from schemas.settings import Settings
from tasks.validate.staged_tables import read_all_raw_rows, table_columns
from tasks.warehouse.spool import Spool, StreamWriter
from tests.unit.tasks.validate.tables import LOAD, long_row, long_table, raw_batch, staged


def test_each_row_gets_load_file_sheet_and_number_of_its_table() -> None:
    other = UUID(int=2)
    tables = [staged(long_table()), staged(long_table(sheet="Лист"), 3, load_id=other, source_file="b.xlsx")]

    columns = table_columns(tables, pa.chunked_array([pa.array([1, 0], pa.int32())]))

    assert pa.table(columns).to_pylist() == [
        {"load_id": other.bytes, "source_file": "b.xlsx", "sheet": "Лист", "table_num": 3},
        {"load_id": LOAD.bytes, "source_file": "a.csv", "sheet": None, "table_num": 0},
    ]


def test_raw_rows_of_all_tables_come_in_the_order_of_the_tables(tmp_path: Path) -> None:
    spool = Spool(Settings(state_dir=tmp_path))
    tables = [staged(long_table()), staged(long_table(), 1)]
    for table, values in zip(tables, (["1", "2"], ["3"]), strict=True):
        with StreamWriter(spool.raw(LOAD, table.table_num), raw_batch(table.schema, []).schema) as writer:
            for value in values:
                writer.write(raw_batch(table.schema, [long_row(value=value)]))

    batches = [(index, batch.column("value")[0].as_py()) for index, batch in read_all_raw_rows(tables, spool)]

    assert batches == [(0, "1"), (0, "2"), (1, "3")]
