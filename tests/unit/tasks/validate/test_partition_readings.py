from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from schemas.settings import Settings
from schemas.table_schema import TableSchema
from tasks.validate import partition_readings as module
from tasks.validate.find_meters import METER
from tasks.validate.partition_readings import ReadingCounts, partition_readings, plan_partitions
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


def count_readings(tables: list[StagedTable], spool: Spool) -> ReadingCounts:
    counts = module.count_readings(tables, spool)
    assert counts
    return counts


def known(*meters: tuple[str, int]) -> pa.Table:
    rows = [(code, meter_id, "I", "B", 60) for code, meter_id in meters]
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
    assert partitions.readings == [10, 10, 10]


@pytest.mark.parametrize("max_readings", [100, 2], ids=["one_partition", "by_way_of_the_disk"])
def test_all_readings_of_a_meter_are_in_one_partition_with_the_same_content(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, max_readings: int
) -> None:
    monkeypatch.setattr(module, "_MAX_READINGS", max_readings)
    rows = [long_row(meter=meter, value=value) for value in ("1", "2") for meter in ("A", "B", None)]
    tables = [put(spool, long_table(), rows)]
    partitions = plan_partitions(count_readings(tables, spool).by_code, known(("A", 2), ("B", 1)))

    parsed = [partition.parsed for partition in partition_readings(tables, spool, partitions)]

    codes = [set(table.column("meter_code").to_pylist()) for table in parsed]
    assert codes == ([{"A", "B", None}] if max_readings == 100 else [{"B"}, {"A"}, {None}])
    values = {(row["meter_code"], row["row_num"], row["value"]) for table in parsed for row in table.to_pylist()}
    assert values == {("A", 2, 1.0), ("B", 3, 1.0), (None, 4, 1.0), ("A", 5, 2.0), ("B", 6, 2.0), (None, 7, 2.0)}
    assert not spool.partition(LOAD, 0).exists()


@pytest.mark.parametrize("meter", ["M", None], ids=["known_meter", "no_code"])
def test_partition_of_a_single_code_is_cut_by_time_and_readings_of_the_same_time_stay_together(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, meter: str | None
) -> None:
    monkeypatch.setattr(module, "_MAX_READINGS", 10)
    times = [*(f"2025-04-{day:02d} 00:00" for day in range(1, 31) for _ in range(2)), *["?"] * 30]
    tables = [put(spool, long_table(), [long_row(timestamp=time, meter=meter) for time in times])]
    partitions = plan_partitions(count_readings(tables, spool).by_code, known(("M", 7)))

    slices = [part for part in partition_readings(tables, spool, partitions) if len(part.parsed)]

    assert [part.meters.column("meter_code").to_pylist() for part in slices] == [["M"]] * 9
    assert sorted(row for part in slices for row in part.parsed.column("row_num").to_pylist()) == list(range(2, 92))
    assert max(len(part.parsed) for part in slices) <= 14
    found = [set(part.parsed.column("ts").drop_null().to_pylist()) for part in slices]
    assert sum(map(len, found)) == 30, "readings of the same time are in two slices"
    assert sorted(time for times in found for time in times) == [time for times in found for time in sorted(times)]
    assert list(spool.partition(LOAD, 0).parent.glob("*partition*")) == []


def test_of_too_many_codes_only_the_known_ones_are_told_apart(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_CODES", 10)
    monkeypatch.setattr(module, "_STAND_INS", 3)
    monkeypatch.setattr(module, "_MAX_READINGS", 10)
    rows = [long_row(meter=meter) for meter in ["A", "B", *(f"x{number}" for number in range(40))]]
    tables = [put(spool, long_table(), rows)]
    meters = known(("A", 2), ("B", 1), ("C", 3))

    first = module.count_readings(tables, spool)
    counts = module.count_readings(tables, spool, {"A", "B", "C"})
    assert counts
    parts = list(partition_readings(tables, spool, plan_partitions(counts.by_code, meters)))

    assert first is None
    assert len(counts.by_code) == 2 + 1 + 3
    assert counts.by_code.total() == 42
    rows_of_parts = sorted(row for part in parts for row in part.parsed.column("row_num").to_pylist())
    assert rows_of_parts == list(range(2, 44))
    by_code = [set(part.parsed.column("meter_code").to_pylist()) for part in parts]
    assert sum(map(len, by_code)) == 42, "readings of one code are in two partitions"
