from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from schemas.settings import Settings
from schemas.table_schema import TableSchema
from tasks.validate import partition_readings as module
from tasks.validate.find_meters import METER
from tasks.validate.partition_readings import count_readings, partition_readings, plan_partitions
from tasks.validate.staged_tables import StagedTable
from tasks.warehouse.spool import Spool, StreamWriter
from tests.unit.tasks.validate.tables import LOAD, long_row, long_table, raw_batch, staged, wide_row, wide_table


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(Settings(state_dir=tmp_path))


def put(spool: Spool, table: TableSchema, rows: list[list[str | None]], table_num: int = 0) -> StagedTable:
    batch = raw_batch(table, rows)
    with StreamWriter(spool.raw(LOAD, table_num), batch.schema) as writer:
        writer.write(batch)
    return staged(table, table_num)


def known(*meters: tuple[str, int]) -> pa.Table:
    rows = [(code, meter_id, "I", "B") for code, meter_id in meters]
    return pa.table(list(zip(*rows, strict=True)) or METER.empty_table().columns, schema=METER)


def test_readings_are_counted_by_code_and_a_wide_row_has_one_for_each_metric(spool: Spool) -> None:
    tables = [
        put(spool, long_table(), [long_row(), long_row(meter="N"), long_row(meter=None)]),
        put(spool, wide_table(), [wide_row(), wide_row(hour="1-2")], table_num=1),
    ]

    counts = count_readings(tables, spool)

    assert counts.by_code == {None: 1, "M": 7, "N": 1}
    assert [(bucket.batches, bucket.readings) for bucket in counts.buckets] == [(2, 9)]


def test_partitions_keep_the_order_of_meter_ids_and_unknown_codes_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_READINGS", 10)

    partitions = plan_partitions({"A": 10, "B": 5, "C": 5, "x": 10, None: 0}, known(("A", 9), ("B", 1), ("C", 2)))

    assert partitions.by_code == {"B": 0, "C": 0, "A": 1, None: 2, "x": 2}
    assert [meters.column("meter_code").to_pylist() for meters in partitions.meters] == [["B", "C"], ["A"], []]


@pytest.mark.parametrize("max_readings", [100, 2], ids=["one_partition", "by_way_of_the_disk"])
def test_all_readings_of_a_meter_are_in_one_partition_with_the_same_content(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, max_readings: int
) -> None:
    monkeypatch.setattr(module, "_MAX_READINGS", max_readings)
    rows = [long_row(meter=meter, value=value) for value in ("1", "2") for meter in ("A", "B", None)]
    tables = [put(spool, long_table(), rows)]
    partitions = plan_partitions(count_readings(tables, spool).by_code, known(("A", 2), ("B", 1)))

    parsed = list(partition_readings(tables, spool, partitions))

    codes = [set(table.column("meter_code").to_pylist()) for table in parsed]
    assert codes == ([{"A", "B", None}] if max_readings == 100 else [{"B"}, {"A"}, {None}])
    values = {(row["meter_code"], row["row_num"], row["value"]) for table in parsed for row in table.to_pylist()}
    assert values == {("A", 2, 1.0), ("B", 3, 1.0), (None, 4, 1.0), ("A", 5, 2.0), ("B", 6, 2.0), (None, 7, 2.0)}
    assert not spool.partition(LOAD, 0).exists()
