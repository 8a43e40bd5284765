"""The SQL of the load step: what is merged together, what of a batch fails alone, which meters are named."""

from __future__ import annotations

from uuid import UUID

import pytest

from schemas.settings import Settings
from tasks.load.accepted_readings import AcceptedReadings, open_accepted
from tasks.load.load_meters import find_load_meters
from tasks.load.merge_loads import merge_loads
from tasks.load.plan_merges import plan_merges
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import Run
from tests.harness import PipelineHarness, long_csv


async def validated(pipeline: PipelineHarness, **files: str) -> Run:
    """Take files as far as validation; the rows are named by their file."""
    for name, rows in files.items():
        pipeline.put(f"{name}.csv", long_csv(*rows.split(";")))
    run = await pipeline.begin()
    await pipeline.ingest(run)
    await pipeline.validate(run)
    return run


async def planned(pipeline: PipelineHarness, run: Run) -> tuple[list[list[str]], list[list[str]]]:
    plan = await plan_merges(run, pipeline.warehouse)
    side_by_side, in_order = (
        [[load.source_file.partition("/")[2] for load in batch] for batch in batches]
        for batches in (plan.side_by_side, plan.in_order)
    )
    return side_by_side, in_order


async def test_files_with_overlapping_hours_of_a_meter_are_merged_in_order_and_others_together(
    pipeline: PipelineHarness,
) -> None:
    for code in ("M", "N"):
        await pipeline.add_meter(code)
    run = await validated(
        pipeline,
        # d lies within the span of a, without one of its hours.
        a="2025-04-30 00:00,M,T1,60;2025-04-30 05:00,M,T1,60",
        b="2025-04-30 00:00,N,T1,60",
        c="2025-04-30 06:00,M,T1,60",
        d="2025-04-30 03:00,M,T2,40",
    )

    assert await planned(pipeline, run) == ([["b.csv", "c.csv"]], [["a.csv"], ["d.csv"]])


async def test_rejected_readings_overlap_with_nothing(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    run = await validated(pipeline, a="2025-04-30 00:00,M,T1,60", b="2025-04-30 00:00,M,T1,600")

    assert await planned(pipeline, run) == ([["a.csv", "b.csv"]], [])


async def test_broken_load_of_a_batch_fails_alone_with_its_reason(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("M", "N"):
        await pipeline.add_meter(code)
    run = await validated(pipeline, a="2025-04-30 00:00,M,T1,60", b="2025-04-30 00:00,N,T1,61")
    plan = await plan_merges(run, pipeline.warehouse)
    (loads,) = plan.side_by_side

    async def open_one(connection: Connection, load_id: UUID, settings: Settings) -> AcceptedReadings:
        if load_id == loads[0].load_id:
            raise TypeError("a mistake of ours")
        return await open_accepted(connection, load_id, settings)

    monkeypatch.setattr("tasks.load.merge_readings.open_accepted", open_one)

    result = await merge_loads(loads, run, pipeline.warehouse)

    assert (result.files, list(result.failed)) == (2, ["2025-04-30/a.csv"])
    assert [(row["status"], row["problem"]) for row in await pipeline.log(run.flow_run_id)] == [
        ("failed", "internal_error"),
        ("success", None),
    ]
    assert list((await pipeline.values()).values()) == [61]


async def test_meters_are_named_unless_they_are_too_many_or_stage_no_longer_has_them(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {await pipeline.add_meter(code) for code in ("M", "N")}
    pipeline.put("a.csv", long_csv(*(f"2025-04-30 00:00,{code},T1,60" for code in ("M", "N", "unknown"))))
    (log,) = await pipeline.run()

    async def named() -> list[int] | None:
        return await find_load_meters(pipeline.connection, [log["load_id"]], pipeline.settings)

    assert set(await named() or []) == ids
    monkeypatch.setattr("tasks.load.load_meters.MAX_METERS", 1)
    assert await named() is None
    monkeypatch.undo()
    await pipeline.connection.execute("delete from stage.parsed_series")
    assert await named() is None
