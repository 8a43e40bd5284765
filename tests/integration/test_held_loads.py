"""The brake: a file that would change too much of core waits, and a person lets it go on."""

from __future__ import annotations

import asyncio
import datetime as dt
from uuid import UUID

import pytest

from schemas.errors import TerminalError
from tasks.load.release_load import release_load, require_held
from tasks.operate.show_status import show_status
from tasks.report.collect import collect
from tasks.report.summarise_run import summarise_run
from tests.harness import DAY, PipelineHarness, long_csv
from tests.integration.test_command import invoke

METERS = [f"M{number}" for number in range(5)]


@pytest.fixture
async def braked(pipeline: PipelineHarness) -> PipelineHarness:
    """Five meters whose day is in core, and a brake at a fifth."""
    for meter in METERS:
        await pipeline.add_meter(meter)
    pipeline.put("a.csv", day_of(20))
    await pipeline.run()
    return PipelineHarness(pipeline.connection, pipeline.settings.model_copy(update={"hold_changed_share": 0.2}))


def day_of(value: float, *, changed: int = 0, hours: int = 24, day: int = 30) -> str:
    """Return the 120 readings of a day, or those of its first hours, of which the first have another value."""
    cells = [f"2025-04-{day} {hour:02d}:00,{meter},T1" for hour in range(hours) for meter in METERS]
    return long_csv(*(f"{cell},{value + (index < changed)}" for index, cell in enumerate(cells)))


async def values(pipeline: PipelineHarness) -> dict[float, int]:
    rows = await pipeline.connection.fetch("select value, count(*) as readings from core.measurements group by value")
    return {row["value"]: row["readings"] for row in rows}


async def release(pipeline: PipelineHarness, load_id: UUID) -> str:
    run = await pipeline.begin()
    await release_load(pipeline.connection, load_id, run, pipeline.settings)
    (log,) = await pipeline.finish(run)
    return str(log["status"])


async def test_file_that_changes_more_than_the_share_waits_with_what_it_would_change(braked: PipelineHarness) -> None:
    braked.put("a.csv", day_of(20, changed=25))

    (log,) = await braked.run()

    assert (log["status"], log["problem"], log["rows_loaded"]) == ("held", "held", 0)
    assert "изменил бы 25 из 120 показаний" in log["message"]
    assert f"dataops release {log['load_id']}" in log["message"]
    assert await values(braked) == {20: 120}


@pytest.mark.parametrize(
    ("content", "share"),
    [
        (day_of(20, changed=24), 0.2),
        (day_of(20, changed=120), None),
        (day_of(21, hours=19), 0.2),
        (day_of(21, day=29), 0.2),
    ],
    ids=["not_more_than_the_share", "off_by_default", "fewer_than_100_readings_met", "all_new"],
)
async def test_file_that_changes_little_or_meets_little_is_loaded(
    braked: PipelineHarness, content: str, share: float | None
) -> None:
    settings = braked.settings.model_copy(update={"hold_changed_share": share})
    braked.put("a.csv", content)

    (log,) = await PipelineHarness(braked.connection, settings).run()

    assert log["status"] == "success"


async def test_held_file_holds_up_no_other_of_its_batch(braked: PipelineHarness) -> None:
    await braked.add_meter("OTHER")
    braked.put("a.csv", day_of(21))
    braked.put("b.csv", long_csv("2025-04-30 00:00,OTHER,T1,50"))

    log = await braked.run()

    assert [row["status"] for row in log] == ["held", "success"]
    assert await values(braked) == {20: 120, 50: 1}


async def test_what_a_version_takes_out_of_core_counts_as_changed(braked: PipelineHarness) -> None:
    folder = braked.settings.state_dir / "sources"
    folder.mkdir()
    (folder / "a.yaml").write_text('name: a\nmatch: ["*.csv"]\nlayout: long\nreplaces: days\n', encoding="utf-8")
    pipeline = PipelineHarness(braked.connection, braked.settings.model_copy(update={"sources_dir": folder}))
    pipeline.put("a.csv", day_of(20, hours=18))

    (log,) = await pipeline.run()

    assert log["status"] == "held"
    assert "изменил бы 30 из 120 показаний" in log["message"]
    assert await values(pipeline) == {20: 120}
    assert await release(pipeline, log["load_id"]) == "success"
    assert await values(pipeline) == {20: 90}


async def test_released_load_goes_into_core_and_can_be_rolled_back(braked: PipelineHarness) -> None:
    before = await braked.digest()
    braked.put("a.csv", day_of(21))
    (held,) = await braked.run()

    status = await release(braked, held["load_id"])

    assert (status, await values(braked)) == ("success", {21: 120})
    with pytest.raises(TerminalError, match="is success: only a held one"):
        await require_held(braked.connection, held["load_id"], braked.settings)
    await braked.rollback(held["load_id"])
    assert await braked.digest() == before


async def test_released_load_leaves_what_a_file_has_found_in_core_meanwhile(braked: PipelineHarness) -> None:
    braked.put("a.csv", day_of(21))
    (held,) = await braked.run()
    braked.put("b.csv", day_of(20, hours=1))
    later = (await braked.run())[-1]

    await release(braked, held["load_id"])

    assert (later["rows_unchanged"], await values(braked)) == (5, {20: 5, 21: 115})
    await braked.rollback(later["load_id"])
    assert await values(braked) == {21: 120}


async def test_held_content_is_skipped_until_it_is_released_and_the_run_says_that_it_is_not_loaded(
    braked: PipelineHarness,
) -> None:
    braked.put("a.csv", day_of(21))
    (held,) = await braked.run()

    (again,) = await braked.run()

    assert (again["status"], again["problem"]) == ("skipped", "still_held")
    for log in (held, again):
        summary = await summarise_run(braked.connection, log["flow_run_id"], braked.settings)
        assert list(summary.failed) == ["2025-04-30/a.csv"]
        assert (summary.loaded, summary.skipped) == (0, 0)
    report = await collect(braked.connection, braked.settings, DAY, now=dt.datetime.now(dt.UTC))
    assert (report.totals.held, report.verdict, report.files[0].load_id) == (1, "errors", held["load_id"])
    (listed,) = (await show_status(braked.connection, braked.settings)).held_loads
    assert listed.load_id == held["load_id"]


async def test_next_version_of_the_file_replaces_the_held_one(braked: PipelineHarness) -> None:
    braked.put("a.csv", day_of(21))
    (held,) = await braked.run()
    braked.put("a.csv", day_of(20, changed=1))

    (corrected,) = await braked.run()

    replaced = await braked.connection.fetchrow(
        "select status, problem from quality.quality_load_log where load_id = $1", held["load_id"]
    )
    assert replaced
    assert (corrected["status"], *replaced) == ("success", "skipped", "superseded")
    assert await values(braked) == {21: 1, 20: 119}


async def test_only_a_held_load_is_released(braked: PipelineHarness) -> None:
    loaded = await braked.connection.fetchval("select load_id from quality.quality_load_log")

    _, error = await asyncio.to_thread(invoke, "release", str(loaded))

    assert "only a held one can be released" in error


async def test_held_file_that_the_supplier_takes_back_is_superseded(braked: PipelineHarness) -> None:
    braked.put("a.csv", day_of(21))
    (held,) = await braked.run()
    braked.put("a.csv", day_of(20))

    (again,) = await braked.run()

    assert again["problem"] == "already_loaded"
    with pytest.raises(TerminalError, match="is skipped"):
        await require_held(braked.connection, held["load_id"], braked.settings)


async def test_released_load_keeps_its_place_before_what_came_while_it_was_held(braked: PipelineHarness) -> None:
    braked.put("a.csv", day_of(21))
    (held,) = await braked.run()
    braked.put("z.csv", day_of(22, hours=1))
    await braked.run()

    await release(braked, held["load_id"])

    assert await values(braked) == {22: 5, 21: 115}
