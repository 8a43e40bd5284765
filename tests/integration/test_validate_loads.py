"""What validation writes (`store_outcomes`) and the meters that it finds (`find_meters`): both are SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.validate import find_meters as find_meters_module
from tasks.validate.apply_rules import Meter
from tasks.validate.find_meters import find_meters, meters_by_code
from tasks.warehouse.spool import read_stream
from tests.harness import PipelineHarness, long_csv


async def add_meters(pipeline: PipelineHarness) -> None:
    for number in range(5):
        await pipeline.add_meter(f"M{number}")


def put_day(pipeline: PipelineHarness) -> int:
    """Put a file of 5 meters, hour by hour, whose every fourth row is rejected; returns how many."""
    rows = [
        f"2025-04-30 {hour:02d}:00,M{meter},T1,{'x' if (hour * 5 + meter) % 4 == 0 else 60}"
        for hour in range(24)
        for meter in range(5)
    ]
    rows.insert(7, "2025-04-30 00:00,M0")
    pipeline.put("a.csv", long_csv(*rows))
    return 30 + 1


@pytest.mark.parametrize("max_errors", [100, 3], ids=["in_memory", "on_disk"])
async def test_each_row_error_of_a_large_file_has_its_source_row(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch, max_errors: int
) -> None:
    monkeypatch.setattr("tasks.validate.partition_readings._MAX_READINGS", 20)
    monkeypatch.setattr("tasks.validate.row_error_buckets._MIN_READINGS", 1)
    monkeypatch.setattr("tasks.validate.row_error_buckets._MAX_ERRORS", max_errors)
    await add_meters(pipeline)
    rejected = put_day(pipeline)

    await pipeline.run()

    errors = await pipeline.errors()
    assert len(errors) == rejected
    for error in errors:
        payload = json.loads(error["payload"])
        if error["reason"] == "missing_column":
            assert (error["row_num"], error["raw_value"]) == (9, "2025-04-30 00:00; M0")
        else:
            assert (payload["value"], error["raw_value"], payload["meter_code"]) == ("x", "x", error["meter_code"])
    assert [file.suffix for file in (pipeline.settings.state_dir / "spool").iterdir()] == []


async def test_the_raw_rows_are_read_three_times_however_many_partitions_reject_some(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def read_and_count(path: Path) -> Iterator[pa.RecordBatch]:
        read.append(path)
        return read_stream(path)

    monkeypatch.setattr("tasks.validate.staged_tables.read_stream", read_and_count)
    monkeypatch.setattr("tasks.validate.partition_readings._MAX_READINGS", 20)
    await add_meters(pipeline)
    put_day(pipeline)

    await pipeline.run()

    # To count the readings, to parse them, and to join the row errors.
    assert len(read) == 3


async def test_meters_are_found_by_code_with_itp_and_building_however_many_codes_are_asked(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find_meters_module, "_MAX_CODES", 2)
    ids = [await pipeline.add_meter(f"M{number}", itp=f"I{number}") for number in range(3)]

    meters = await find_meters(pipeline.connection, ["M0", "X", "M1", "M2"], pipeline.settings)

    expected = {f"M{number}": Meter(meter_id, f"I{number}", "B", 60) for number, meter_id in enumerate(ids)}
    assert meters_by_code(meters) == expected
    assert len(await find_meters(pipeline.connection, [], pipeline.settings)) == 0


async def test_a_meter_is_known_by_the_codes_of_each_place_that_it_has_been_at(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("N", itp="J", building="C")
    await pipeline.add_meter("M", itp="I", building="B")
    await pipeline.add_meter("X", itp="K", building="D")
    await pipeline.add_period("M", itp="J", removed="2025-04-30 00:00+03")
    await pipeline.add_period("M", itp="I", installed="2025-04-30 00:00+03")
    pipeline.put(
        "a.csv",
        "timestamp,building_code,itp_code,meter_code,metric,value\n"
        "2025-04-29 05:00,C,J,M,T1,60\n2025-04-30 05:00,B,I,M,T1,61\n2025-04-30 06:00,D,K,M,T1,62\n"
        "2025-04-30 07:00,B,J,M,T1,63\n",
    )

    (log,) = await pipeline.run()

    assert [row["raw_value"] for row in await pipeline.errors()] == ["D/K/M", "B/J/M"]
    assert log["rows_loaded"] == 2
