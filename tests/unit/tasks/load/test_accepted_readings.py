from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import UUID

import pyarrow as pa

from schemas.readings import ACCEPTED
from tasks.load.accepted_readings import IN_CORE, AcceptedReadings, tables_of_size
from tasks.warehouse.spool import AcceptedWriter

FIRST = dt.datetime(2025, 4, 29, 21, tzinfo=dt.UTC)


def spooled(folder: Path, number: int, *batch_sizes: int) -> AcceptedReadings:
    """Spool a load's readings, in batches as validation writes them; the meter is the load's number."""
    load = AcceptedReadings(UUID(int=number), folder / f"{number}.accepted")
    with AcceptedWriter(load.file) as writer:
        for size in batch_sizes:
            rows = [
                {"time": FIRST, "meter_id": number, "metric": "T1", "value": float(row), "quality": 0}
                for row in range(size)
            ]
            writer.write(pa.RecordBatch.from_pylist(rows, ACCEPTED))
    return load


def test_readings_have_the_columns_of_core_and_the_id_of_their_load(tmp_path: Path) -> None:
    load = spooled(tmp_path, 7, 2)

    (table,) = load.tables()

    assert table.schema == IN_CORE
    assert table.column("load_id").to_pylist() == [UUID(int=7).bytes] * 2
    assert table.drop_columns("load_id").to_pylist() == [
        {"time": FIRST, "meter_id": 7, "metric": "T1", "value": value, "quality": 0} for value in (0.0, 1.0)
    ]


def test_tables_are_collected_until_they_have_enough_rows_across_loads(tmp_path: Path) -> None:
    loads = [spooled(tmp_path, 1, 3, 3), spooled(tmp_path, 2, 3, 5), spooled(tmp_path, 3, 1)]

    tables = list(tables_of_size(loads, min_rows=7))

    assert [len(table) for table in tables] == [9, 6]
    assert [row for table in tables for row in table.column("meter_id").to_pylist()] == [1] * 6 + [2] * 8 + [3]


def test_deleted_readings_leave_no_file(tmp_path: Path) -> None:
    load = spooled(tmp_path, 1, 1)

    load.delete()

    assert list(tmp_path.iterdir()) == []
