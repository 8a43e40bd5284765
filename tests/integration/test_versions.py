"""A file that comes again under its path: what the new version no longer holds is named, or taken out of core."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import pytest

from schemas.settings import Settings
from tasks.load.merge_loads import merge_loads
from tasks.load.plan_merges import find_validated_loads
from tasks.operate.list_row_errors import ErrorFilter, list_row_errors
from tests.harness import PipelineHarness, long_csv

LONG = """
name: replacing
match: ["*.csv"]
layout: long
replaces: days
"""


@pytest.fixture
def replacing(pipeline: PipelineHarness) -> PipelineHarness:
    """Let a newer version of a file replace whole days."""
    folder = pipeline.settings.state_dir / "sources"
    folder.mkdir(parents=True)
    (folder / "replacing.yaml").write_text(LONG, encoding="utf-8")
    settings = pipeline.settings.model_copy(update={"sources_dir": folder})
    return PipelineHarness(pipeline.connection, settings)


def hours(*values: object, meter: str = "M", day: int = 30, first: int = 0) -> list[str]:
    return [
        f"2025-04-{day} {hour:02d}:00,{meter},T1,{value}" for hour, value in enumerate(values, first) if value != "-"
    ]


async def load(pipeline: PipelineHarness, name: str, *rows: str) -> UUID:
    pipeline.put(name, long_csv(*rows))
    log = await pipeline.run()
    load_id: UUID = next(
        row["load_id"] for row in log if row["source_file"].endswith(name) and row["status"] != "skipped"
    )
    return load_id


async def in_core(pipeline: PipelineHarness) -> dict[str, float]:
    """Return hour and meter → value."""
    rows = await pipeline.connection.fetch(
        "select to_char(time at time zone 'Europe/Moscow', 'DD HH24') || meter_code as cell, value from core.readings"
    )
    return {row["cell"]: row["value"] for row in rows}


async def counts(pipeline: PipelineHarness, load_id: UUID) -> tuple[int, int, str | None]:
    row = await pipeline.connection.fetchrow(
        "select rows_no_longer_in_file, rows_removed, message from quality.quality_load_log where load_id = $1", load_id
    )
    assert row
    return row["rows_no_longer_in_file"], row["rows_removed"], row["message"]


async def test_what_a_corrected_file_no_longer_holds_stays_and_is_counted_and_named(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await pipeline.add_meter("N")
    await load(pipeline, "a.csv", *hours(1, 2, 3, 4), *hours(5, meter="N"))
    await load(pipeline, "b.csv", *hours(7, day=29))

    corrected = await load(pipeline, "a.csv", *hours(1, "-", "-", 9))

    assert await in_core(pipeline) == {"30 00M": 1, "30 01M": 2, "30 02M": 3, "30 03M": 9, "30 00N": 5, "29 00M": 7}
    remaining, removed, message = await counts(pipeline, corrected)
    assert (remaining, removed) == (3, 0)
    assert message == "осталось показаний прежней версии файла, которых в этой нет: 3"
    errors = await list_row_errors(pipeline.connection, ErrorFilter(), None, pipeline.settings)
    assert [(row["meter_code"], row["metric"], row["raw_value"], row["reason"], row["severity"]) for row in errors] == [
        ("M", "T1", "M T1 2025-04-30 01:00 … 02:00 (2)", "no_longer_in_file", "rejected"),
        ("N", "T1", "N T1 2025-04-30 00:00", "no_longer_in_file", "rejected"),
    ]


async def test_complete_version_resolves_what_the_one_before_no_longer_held(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await load(pipeline, "a.csv", *hours(1, 2))
    await load(pipeline, "a.csv", *hours(1))

    complete = await load(pipeline, "a.csv", *hours(3, 4))

    assert await counts(pipeline, complete) == (0, 0, None)
    assert await list_row_errors(pipeline.connection, ErrorFilter(), None, pipeline.settings) == []


async def test_reading_that_the_new_version_holds_but_is_rejected_is_no_missing_one(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await load(pipeline, "a.csv", *hours(1, 2))

    corrected = await load(pipeline, "a.csv", *hours(1, 999))

    assert (await counts(pipeline, corrected))[:2] == (0, 0)
    assert await in_core(pipeline) == {"30 00M": 1, "30 01M": 2}


async def test_same_path_on_another_day_is_another_file(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await load(pipeline, "a.csv", *hours(1, 2))
    pipeline.put("a.csv", long_csv(*hours(1)), day=(await pipeline.begin()).business_date.replace(month=5, day=1))

    (log,) = await pipeline.run((await pipeline.begin()).business_date.replace(month=5, day=1))

    assert (log["status"], log["rows_no_longer_in_file"]) == ("success", 0)


async def test_what_versions_had_is_known_after_a_purge(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    first = await load(pipeline, "a.csv", *hours(1, 2))
    await pipeline.connection.execute("delete from stage.parsed_series")
    await pipeline.connection.execute(
        "update quality.quality_load_log set purged_before = now() where load_id = $1", first
    )

    corrected = await load(pipeline, "a.csv", *hours(1))

    assert (await counts(pipeline, corrected))[:2] == (1, 0)


async def test_new_version_replaces_the_days_of_its_meters_and_metrics_and_nothing_else(
    replacing: PipelineHarness,
) -> None:
    for meter in ("M", "N"):
        await replacing.add_meter(meter)
    await load(replacing, "a.csv", *hours(1, 2, 3, day=29), *hours(4, 5, 6), *hours(7, meter="N"))
    await load(replacing, "b.csv", *hours(8, first=5))

    corrected = await load(replacing, "a.csv", *hours(4, "-", 9))

    assert await in_core(replacing) == {
        "29 00M": 1,
        "29 01M": 2,
        "29 02M": 3,
        "30 00M": 4,
        "30 02M": 9,
        "30 05M": 8,
        "30 00N": 7,
    }
    remaining, removed, message = await counts(replacing, corrected)
    assert (remaining, removed) == (4, 1)
    assert message
    assert message.endswith("убрано показаний прежней версии файла, которых в этой нет: 1")
    (revision,) = await replacing.connection.fetch(
        "select old_value, new_value, load_id, change from core.measurement_revisions where change = 'removal'"
    )
    assert tuple(revision) == (5, None, corrected, "removal")
    assert await replacing.connection.fetchval(
        "select count(*) from quality.changed_days where load_id = $1 and local_date = '2025-04-30'", corrected
    )


async def test_rollback_of_the_new_version_brings_back_what_it_took_out(replacing: PipelineHarness) -> None:
    await replacing.add_meter("M")
    await load(replacing, "a.csv", *hours(1, 2, 3))
    before = await replacing.digest()
    corrected = await load(replacing, "a.csv", *hours(1, "-", 9))

    done = await replacing.rollback(corrected)

    assert (done.removed, done.restored, done.unchanged, done.rewritten) == (0, 2, 0, 0)
    assert await replacing.digest() == before


async def test_reading_that_another_file_has_gets_its_value(replacing: PipelineHarness) -> None:
    await replacing.add_meter("M")
    await load(replacing, "b.csv", *hours(1, 20))
    await load(replacing, "a.csv", *hours(1, 2))

    await load(replacing, "a.csv", *hours(1))

    assert await in_core(replacing) == {"30 00M": 1, "30 01M": 20}


async def test_day_of_which_the_new_version_has_only_rejected_readings_is_not_replaced(
    replacing: PipelineHarness,
) -> None:
    await replacing.add_meter("M")
    await load(replacing, "a.csv", *hours(1, 2))

    corrected = await load(replacing, "a.csv", *hours("x"))

    assert (await counts(replacing, corrected))[:2] == (1, 0)
    assert await in_core(replacing) == {"30 00M": 1, "30 01M": 2}


async def test_requeued_rows_are_compared_as_a_part_of_their_file(replacing: PipelineHarness) -> None:
    await replacing.add_meter("M")
    await load(replacing, "a.csv", *hours(1, 2, 3))
    second = await load(replacing, "a.csv", *hours("x", 5, "x"), *hours(7, meter="LATE"))
    await replacing.add_meter("LATE")

    (requeued,) = await replacing.requeue()

    assert (await counts(replacing, second))[:2] == (0, 0)
    assert (await counts(replacing, requeued["load_id"]))[:2] == (0, 0)
    assert await in_core(replacing) == {"30 00M": 1, "30 01M": 5, "30 02M": 3, "30 00LATE": 7}


async def test_reading_that_a_version_rejects_survives_the_rollback_of_another_file(replacing: PipelineHarness) -> None:
    await replacing.add_meter("M")
    await load(replacing, "a.csv", *hours(1, 2))
    await load(replacing, "a.csv", *hours("x", 5))
    other = await load(replacing, "b.csv", *hours(7))

    await replacing.rollback(other)

    assert await in_core(replacing) == {"30 00M": 1, "30 01M": 5}


@pytest.mark.parametrize("replaces", [False, True])
async def test_reading_that_another_file_has_with_the_same_value_is_neither_missing_nor_removed(
    pipeline: PipelineHarness, replacing: PipelineHarness, *, replaces: bool
) -> None:
    own = replacing if replaces else pipeline
    await own.add_meter("M")
    await load(own, "a.csv", *hours(1, 2))
    await load(own, "b.csv", *hours(1, 2, 3))

    corrected = await load(own, "a.csv", *hours(1))

    assert (await counts(own, corrected))[:2] == (0, 0)
    assert await in_core(own) == {"30 00M": 1, "30 01M": 2, "30 02M": 3}


@pytest.mark.sessions
async def test_load_that_finds_its_readings_in_core_waits_for_one_that_takes_them_out(
    replacing: PipelineHarness, settings: Settings
) -> None:
    await replacing.add_meter("M")
    await load(replacing, "a.csv", *hours(1, 2, 3, first=20))
    replacing.put("a.csv", long_csv(*hours(1, 2, first=20)))
    replacing.put("b.csv", long_csv(*hours(3, first=22)))
    run = await replacing.begin()
    await replacing.ingest(run)
    await replacing.validate(run)
    loads = await find_validated_loads(replacing.connection, run, replacing.settings)

    assert settings.database_url
    other = await asyncpg.connect(settings.database_url.get_secret_value())
    with_other = PipelineHarness(other, replacing.settings)
    await asyncio.gather(
        *(
            merge_loads([one], run, pipeline.warehouse)
            for one, pipeline in zip(loads, (replacing, with_other), strict=True)
        )
    )
    await other.close()

    assert await in_core(replacing) == {"30 20M": 1, "30 21M": 2, "30 22M": 3}
