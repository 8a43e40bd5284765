"""A purge deletes what is old and keeps what replay, requeue, rollback and open row errors still need."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest

from flows.commands.purge import purge_stage
from schemas.errors import TerminalError
from tests.harness import PipelineHarness, long_csv

STAGE = """
    select md5(concat(
        (select string_agg(r::text, E'\n' order by r::text) from stage.stage_raw_measurements as r),
        (select string_agg(p::text, E'\n' order by p::text) from stage.stage_parsed_measurements as p),
        (select string_agg(e::text, E'\n' order by e::text) from quality.quality_row_errors as e)
    ))
"""


def reading(meter: str, hour: int, value: object) -> str:
    return f"2025-04-30 {hour:02d}:00,{meter},T1,{value}"


async def age(pipeline: PipelineHarness, load_id: UUID) -> None:
    """Move the end of a load a year back."""
    await pipeline.connection.execute(
        "update quality.quality_load_log set finished_at = finished_at - interval '1 year' where load_id = $1", load_id
    )


async def purge(pipeline: PipelineHarness, *, dry_run: bool = False) -> dict[str, int]:
    """Purge what ended before yesterday."""
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    return await purge_stage(pipeline.settings, yesterday, dry_run=dry_run)


async def test_row_that_waits_for_its_code_is_loaded_after_a_purge_and_the_rest_of_its_file_is_gone(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*(reading("M", hour, hour) for hour in range(5)), reading("LATE", 0, 7)))
    (log,) = await pipeline.run()
    await age(pipeline, log["load_id"])
    before = await pipeline.connection.fetchval(STAGE)

    would = await purge(pipeline, dry_run=True)
    after_dry_run = await pipeline.connection.fetchval(STAGE)
    done = await purge(pipeline)
    again = await purge(pipeline)

    assert after_dry_run == before
    assert done == would
    assert done == {
        "loads": 1, "loads kept as only copy": 0, "raw rows": 5, "parsed rows": 5, "row errors": 0,
    }  # fmt: skip
    assert again["loads"] == 0
    with pytest.raises(TerminalError, match="stage has 1 of the 6 rows"):
        await pipeline.replay_from_stage(log["load_id"])
    await pipeline.add_meter("LATE")
    (requeued,) = await pipeline.requeue()
    assert (requeued["status"], requeued["rows_inserted"]) == ("success", 1)
    assert (await pipeline.values())["LATE", "2025-04-29 21:00", "T1"] == 7
    # An error that was resolved is deleted once that, too, is long ago; then its row cannot wait again.
    await age(pipeline, requeued["load_id"])
    await age(pipeline, log["load_id"])
    assert (await purge(pipeline))["row errors"] == 1
    assert await pipeline.connection.fetchval("select count(*) from stage.stage_raw_measurements") == 0
    with pytest.raises(TerminalError, match="were purged"):
        await pipeline.rollback(requeued["load_id"])
    assert (await pipeline.rollback(log["load_id"])).removed == 6


async def test_file_that_is_gone_is_loaded_again_from_stage_which_is_its_only_copy(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    file = pipeline.put("a.csv", long_csv(reading("M", 0, 1)))
    pipeline.put("b.csv", long_csv(reading("M", 1, 1)))
    one, other = await pipeline.run()
    file.unlink()
    for log in (one, other):
        await age(pipeline, log["load_id"])

    done = await purge(pipeline)
    (replayed,) = await pipeline.replay_from_stage(one["load_id"])

    assert (done["loads"], done["loads kept as only copy"]) == (1, 1)
    assert (replayed["status"], replayed["rows_unchanged"]) == ("success", 1)


async def test_recent_load_over_purged_ones_is_rolled_back_and_an_old_one_as_soon_as_the_file_is_replayed(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(reading("M", 0, 1), reading("M", 1, 1)))
    (first,) = await pipeline.run()
    pipeline.put("b.csv", long_csv(reading("M", 0, 1)))
    second = (await pipeline.run())[-1]
    pipeline.put("c.csv", long_csv(reading("M", 0, 9)))
    third = (await pipeline.run())[-1]
    for log in (first, second):
        await age(pipeline, log["load_id"])
    await purge(pipeline)

    newest = await pipeline.rollback(third["load_id"])
    with pytest.raises(TerminalError, match=f"were purged.*{second['load_id']}"):
        await pipeline.rollback(first["load_id"])
    untouched = await pipeline.values()
    await pipeline.run(replay="latest")
    done = await pipeline.rollback(first["load_id"])

    assert newest.restored == 1
    assert untouched == {("M", "2025-04-29 21:00", "T1"): 1, ("M", "2025-04-29 22:00", "T1"): 1}
    assert done.removed == 0
    assert (await pipeline.values())["M", "2025-04-29 21:00", "T1"] == 9


async def test_failed_and_running_loads_lose_nothing_that_they_go_on_with(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(reading("M", 0, 1)))
    run = await pipeline.begin()
    await pipeline.ingest(run)
    running = await purge(pipeline)
    await pipeline.connection.execute(
        "update quality.quality_load_log set status = 'failed', finished_at = now() - interval '1 year'"
    )

    failed = await purge(pipeline)
    nothing = await pipeline.finish(run)
    (log,) = (await pipeline.run())[-1:]

    assert (running["loads"], failed["loads"], failed["raw rows"]) == (0, 1, 1)
    assert [row["status"] for row in nothing] == ["failed"]
    assert (log["status"], log["rows_inserted"]) == ("success", 1)


async def test_suspect_readings_and_headers_of_failed_files_keep_nothing_from_being_purged(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(reading("M", 0, 90), "2025-04-30 00:00,M,T2,10"))
    pipeline.put("b.csv", "timestamp,meter_code,metric,v\n")
    for log in await pipeline.run():
        await age(pipeline, log["load_id"])

    done = await purge(pipeline)

    assert (done["loads"], done["raw rows"], done["parsed rows"], done["row errors"]) == (2, 2, 2, 3)
    assert (await purge(pipeline))["loads"] == 0
