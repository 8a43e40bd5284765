"""A file that comes again: only what is new or different is sent to the server, and the outcome is the same."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from schemas.readings import ACCEPTED
from tasks.warehouse.copy import copy_table
from tasks.warehouse.spool import Spool
from tests.harness import PipelineHarness, long_csv

HOURS = [f"2025-04-30 {hour:02d}:00" for hour in range(24)]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the sizes of the tables that were sent to be compared by the server."""
    sizes: list[int] = []

    async def watched(connection: Any, table: pa.Table, **where: Any) -> None:  # noqa: ANN401
        sizes.append(len(table))
        await copy_table(connection, table, **where)

    monkeypatch.setattr("tasks.load.merge_readings.copy_table", watched)
    return sizes


def of_day(*values: float, metric: str = "T1") -> list[str]:
    return [f"{hour},M,{metric},{value}" for hour, value in zip(HOURS, values, strict=False)]


def counts(log: Any) -> tuple[int, int, int]:  # noqa: ANN401
    return log["rows_inserted"], log["rows_updated"], log["rows_unchanged"]


async def test_equal_readings_are_not_sent(pipeline: PipelineHarness, sent: list[int]) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*of_day(*range(40, 60))))
    await pipeline.run()
    # One value is new, two are swapped, two hours are added.
    pipeline.put("a.csv", long_csv(*of_day(99, 41, 42, 43, 45, 44, *range(46, 62))))

    (log,) = await pipeline.run()

    assert counts(log) == (2, 3, 17)
    assert sum(sent) == 5


async def test_nothing_is_written_where_nothing_is_different(pipeline: PipelineHarness, sent: list[int]) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*of_day(*range(40, 60))))
    await pipeline.run()
    pipeline.put("a.csv", long_csv(*of_day(*range(40, 60)), ""))
    before = await pipeline.connection.fetch("select xmin, * from core.measurements")

    (log,) = await pipeline.run()

    assert counts(log) == (0, 0, 20)
    assert sum(sent) == 0
    assert await pipeline.connection.fetch("select xmin, * from core.measurements") == before


async def test_readings_beyond_those_that_are_looked_at_are_compared_by_the_server(
    pipeline: PipelineHarness, sent: list[int]
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*of_day(*range(40, 64)), *of_day(*range(20, 44), metric="T2")))
    await pipeline.run()
    # Core has 48 readings in the span of these two, more than twice as many.
    pipeline.put("b.csv", long_csv(of_day(40)[0], of_day(*range(40, 64))[-1]))

    (log,) = [log for log in await pipeline.run() if log["status"] == "success"]

    assert counts(log) == (0, 0, 2)
    assert 0 < sum(sent) <= 2


async def test_another_outcome_of_an_equal_value_is_a_difference(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*of_day(60)))
    await pipeline.run()
    pipeline.put("a.csv", long_csv(*of_day(60), *of_day(59.5, metric="T2")))

    (log,) = await pipeline.run()

    assert counts(log) == (1, 1, 0)
    assert await pipeline.connection.fetchval("select array_agg(distinct quality) from core.measurements") == [1]


async def test_file_is_compared_without_the_spool_of_an_earlier_machine(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*of_day(40, 41, 42)))
    await pipeline.run()
    pipeline.put("a.csv", long_csv(*of_day(40, 41, 43, 44)))
    run = await pipeline.begin()
    await pipeline.ingest(run)
    await pipeline.validate(run)
    (load,) = [row["load_id"] for row in await pipeline.log(run.flow_run_id)]
    spool = Spool(pipeline.settings).accepted(load)
    accepted = pa.ipc.open_stream(spool.read_bytes()).read_all()
    spool.unlink()

    await pipeline.load(run)

    (log,) = await pipeline.log(run.flow_run_id)
    assert counts(log) == (1, 1, 2)
    assert accepted.schema == ACCEPTED


async def test_readings_of_many_meters_and_metrics_are_told_apart(pipeline: PipelineHarness, sent: list[int]) -> None:
    codes = [f"M{number}" for number in range(5)]
    for code in codes:
        await pipeline.add_meter(code)
    rows = [
        f"{hour},{code},{metric},{40 + 2 * index + (metric == 'T1')}"
        for index, code in enumerate(codes)
        for hour in HOURS
        for metric in ("T1", "flow_supply")
    ]
    pipeline.put("a.csv", long_csv(*rows))
    await pipeline.run()
    # The values of two meters are swapped, and those of another's two metrics.
    swapped = {"M0,T1": "M1,T1", "M1,T1": "M0,T1", "M2,T1": "M2,flow_supply", "M2,flow_supply": "M2,T1"}

    def swap(row: str) -> str:
        hour, code, metric, value = row.split(",")
        return f"{hour},{swapped.get(f'{code},{metric}', f'{code},{metric}')},{value}"

    pipeline.put("a.csv", long_csv(*(swap(row) for row in rows)))

    (log,) = await pipeline.run()

    assert counts(log) == (0, 96, 144)
    assert sum(sent) == 96


async def test_partitions_leave_accepted_readings_in_the_order_of_core(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in reversed(range(5)):
        await pipeline.add_meter(f"M{number}")
    rows = [f"{hour},M{meter},T1,{60 + meter}" for hour in HOURS for meter in (*range(5), 7)]
    pipeline.put("a.csv", long_csv(*rows))
    monkeypatch.setattr("tasks.validate.partition_readings._MAX_READINGS", 30)
    run = await pipeline.begin()
    await pipeline.ingest(run)

    await pipeline.validate(run)

    (log,) = await pipeline.log(run.flow_run_id)
    accepted = pa.ipc.open_stream(Spool(pipeline.settings).accepted(log["load_id"]).read_bytes()).read_all()
    keys = list(zip(accepted["meter_id"].to_pylist(), accepted["time"].to_pylist(), strict=True))
    assert (len(keys), keys) == (120, sorted(keys))
    assert log["rows_rejected"] == 24
    assert [file.name for file in (pipeline.settings.state_dir / "spool").iterdir()] == [f"{log['load_id']}.accepted"]
