"""Core as it was at a moment: beside test_any_order.py, which asks for it after each step of random histories."""

from __future__ import annotations

import asyncio
import datetime as dt
from uuid import UUID

import asyncpg
import pytest

from tasks.load.list_changes import list_changes
from tasks.operate.trace_readings import list_revisions
from tasks.warehouse.locks import Lock, lock_transaction
from tests.harness import PipelineHarness, long_csv
from tests.waiting import wait_for_result

ROW = "2025-04-30 00:00,M,T1,{}"
REPLACING = """
name: replacing
match: ["*.csv"]
layout: long
replaces: days
"""


async def now(connection: asyncpg.Connection) -> dt.datetime:
    moment: dt.datetime = await connection.fetchval("select clock_timestamp()")
    return moment


async def as_of(pipeline: PipelineHarness, moment: dt.datetime) -> list[tuple[float, UUID]]:
    rows = await pipeline.connection.fetch(
        "select value, load_id from core.readings_as_of($1) order by time, value", moment
    )
    return [tuple(row) for row in rows]


async def load(pipeline: PipelineHarness, name: str, *rows: str) -> UUID:
    pipeline.put(name, long_csv(*rows))
    log = await pipeline.run()
    (load_id,) = [row["load_id"] for row in log if row["source_file"].endswith(name) and row["status"] != "skipped"]
    assert isinstance(load_id, UUID)
    return load_id


async def test_has_the_columns_of_readings(pipeline: PipelineHarness) -> None:
    columns = """
        select string_agg(attname || ' ' || format_type(atttypid, null), ', ' order by attnum)
        from pg_attribute where attrelid = 'core.readings'::regclass
    """
    result = "select pg_get_function_result('core.readings_as_of'::regproc)"

    assert await pipeline.connection.fetchval(result) == (
        f"TABLE({await pipeline.connection.fetchval(columns)})".replace("time timestamp", '"time" timestamp', 1)
    )


async def test_value_that_stays_after_a_rollback_was_its_first_loads_and_no_change_is_shown(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")
    first = await load(pipeline, "a.csv", ROW.format(60))
    before = await now(pipeline.connection)
    other = await load(pipeline, "b.csv", ROW.format(60), "2025-04-30 01:00,M,T1,1")
    await pipeline.rollback(first)

    found = await as_of(pipeline, before)

    assert found == [(60, first)]
    assert await as_of(pipeline, await now(pipeline.connection)) == [(60, other), (1, other)]
    day = dt.datetime(2025, 4, 29, tzinfo=dt.UTC), dt.datetime(2025, 5, 1, tzinfo=dt.UTC)
    assert await list_revisions(pipeline.connection, "M", *day, pipeline.settings) == []
    assert await list_changes(pipeline.connection, first, pipeline.settings) == []


@pytest.mark.parametrize("moment", ["2020-01-01", "-infinity", "tomorrow", "infinity"])
async def test_moment_outside_of_the_history_is_an_error_and_not_an_empty_core(
    pipeline: PipelineHarness, moment: str
) -> None:
    with pytest.raises(asyncpg.DataError, match=r"is known from .* until now, not at"):
        await pipeline.connection.fetch("select * from core.readings_as_of($1::text::timestamptz)", moment)


async def test_reading_that_two_files_of_one_batch_concern_is_there_once(pipeline: PipelineHarness) -> None:
    """The new version of one file takes it out, and the other brings it."""
    folder = pipeline.settings.state_dir / "sources"
    folder.mkdir(parents=True)
    (folder / "replacing.yaml").write_text(REPLACING, encoding="utf-8")
    pipeline = PipelineHarness(pipeline.connection, pipeline.settings.model_copy(update={"sources_dir": folder}))
    await pipeline.add_meter("M")
    first = await load(pipeline, "a.csv", ROW.format(60), "2025-04-30 23:00,M,T1,61")
    before = await now(pipeline.connection)
    pipeline.put("a.csv", long_csv(ROW.format(60)))

    other = await load(pipeline, "b.csv", "2025-04-30 23:00,M,T1,62")

    assert await as_of(pipeline, before) == [(60, first), (61, first)]
    assert await as_of(pipeline, await now(pipeline.connection)) == [(60, first), (62, other)]


@pytest.mark.sessions
@pytest.mark.parametrize("before", [[], [60]], ids=["copied", "merged"])
async def test_load_that_waited_counts_from_when_it_went_on(pipeline: PipelineHarness, before: list[int]) -> None:
    """Until then it writes nothing, and a rollback that it waits for may."""
    assert pipeline.settings.database_url
    other = await asyncpg.connect(pipeline.settings.database_url.get_secret_value())
    await pipeline.add_meter("M")
    for value in before:
        await load(pipeline, "a.csv", ROW.format(value))
    waiting = "select count(*) from pg_locks where relation = 'quality.loads_lock'::regclass and not granted"
    async with other.transaction():
        await lock_transaction(other, Lock.LOADS, pipeline.settings)
        loading = asyncio.create_task(load(pipeline, "a.csv", ROW.format(61)))
        await wait_for_result("the load", lambda: other.fetchval(waiting), every=0.01)
        moment = await now(other)
    await loading

    found = await as_of(pipeline, moment)

    assert [value for value, _ in found] == before
    assert [value for value, _ in await as_of(pipeline, await now(other))] == [61]
    await other.close()
