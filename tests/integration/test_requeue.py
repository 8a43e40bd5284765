"""A requeue counts and loads exactly the rows that can be loaded now, and its retry in the UI takes the same loads."""

from __future__ import annotations

import pytest

from flows.requeue import requeue
from schemas.reasons import Reason
from tasks.load.requeue_rows import count_requeueable_rows, requeue_rows
from tests.harness import DAY, PipelineHarness, long_csv


async def count(pipeline: PipelineHarness, reason: Reason = Reason.UNMAPPED_CODE) -> int:
    return await count_requeueable_rows(pipeline.connection, reason, pipeline.settings)


async def load_waiting_rows(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put(
        "a.csv",
        long_csv("2025-04-30 00:00,M,T1,600", "2025-04-30 00:00,LATE,T1,61", "2025-04-30 01:00,LATE,T1,62"),
    )
    await pipeline.run()


async def test_rows_are_counted_once_their_code_is_known_and_until_they_are_loaded(pipeline: PipelineHarness) -> None:
    await load_waiting_rows(pipeline)
    unknown = await count(pipeline)
    await pipeline.add_meter("LATE")

    known = await count(pipeline), await count(pipeline)
    await pipeline.requeue()

    assert (unknown, known, await count(pipeline)) == (0, (2, 2), 0)


async def test_all_rows_of_another_reason_are_counted(pipeline: PipelineHarness) -> None:
    await load_waiting_rows(pipeline)

    assert (await count(pipeline, Reason.OUT_OF_RANGE), await count(pipeline, Reason.BAD_NUMBER)) == (1, 0)


async def test_rows_of_a_load_that_was_rolled_back_are_not_counted(pipeline: PipelineHarness) -> None:
    await load_waiting_rows(pipeline)
    await pipeline.add_meter("LATE")
    await pipeline.rollback(await pipeline.connection.fetchval("select load_id from quality.quality_load_log"))

    assert await count(pipeline) == 0


@pytest.mark.sessions
async def test_rows_that_a_living_requeue_has_staged_are_left_to_it(pipeline: PipelineHarness) -> None:
    await load_waiting_rows(pipeline)
    await pipeline.add_meter("LATE")
    run = await pipeline.begin()

    days = await requeue_rows(pipeline.connection, run, pipeline.settings, reason=Reason.UNMAPPED_CODE)

    other = await pipeline.begin()
    assert days == [DAY]
    assert await count(pipeline) == 0
    assert await requeue_rows(pipeline.connection, other, pipeline.settings, reason=Reason.UNMAPPED_CODE) == []


@pytest.mark.sessions
async def test_retry_of_a_requeue_goes_on_with_the_loads_that_it_staged(pipeline: PipelineHarness) -> None:
    await load_waiting_rows(pipeline)
    await pipeline.add_meter("LATE")
    run = await pipeline.begin()
    await requeue_rows(pipeline.connection, run, pipeline.settings, reason=Reason.UNMAPPED_CODE)

    again = await requeue_rows(pipeline.connection, run, pipeline.settings, reason=Reason.UNMAPPED_CODE)

    assert again == [DAY]
    assert len(await pipeline.log(run.flow_run_id)) == 1


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api")
async def test_requeue_with_nothing_to_load_runs_no_other_step(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load_waiting_rows(pipeline)

    async def must_not_run(*_: object, **__: object) -> None:
        raise AssertionError("a step ran")

    for steps in ("bring_into_core", "follow_up"):
        monkeypatch.setattr(f"flows.requeue.{steps}", must_not_run)

    summary = await requeue()

    assert summary.files == 0
    assert not summary.failed
