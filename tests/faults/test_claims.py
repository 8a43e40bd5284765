"""Files in the hands of several runs: none is skipped for a dead one, none is loaded twice, none is left unnamed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import psutil
import pytest

from flows.load_day import load_day
from schemas.errors import ClaimLostError, RunFailedError
from schemas.problems import FileProblem
from schemas.settings import PROJECT_ROOT, Settings
from tasks.ingest.look_again import look_again
from tasks.operate.show_status import show_status
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run, adopt_loads
from tests.harness import DAY, PipelineHarness, long_csv
from tests.waiting import wait_for

pytestmark = pytest.mark.sessions


@pytest.fixture
async def connect(settings: Settings) -> AsyncIterator[Callable[[], Any]]:
    """Open further sessions, each with a harness of its own; what is still open ends with the test."""
    opened: list[asyncpg.Connection] = []

    async def connect() -> PipelineHarness:
        assert settings.database_url
        opened.append(await asyncpg.connect(settings.database_url.get_secret_value()))
        return PipelineHarness(opened[-1], settings)

    yield connect
    for connection in opened:
        connection.terminate()


def put_files(pipeline: PipelineHarness, count: int, value: float = 1) -> None:
    for number in range(count):
        pipeline.put(f"{number}.csv", long_csv(f"2025-04-{number + 1:02d} 00:00,M,T1,{value}"))


async def put_files_into_other_hands(
    pipeline: PipelineHarness, count: int, connect: Callable[[], Any]
) -> tuple[PipelineHarness, Run]:
    """Put files that another run, which lives, has staged."""
    await pipeline.add_meter("M")
    put_files(pipeline, count)
    other = await connect()
    run = await other.begin()
    await other.ingest(run)
    return other, run


async def owners(pipeline: PipelineHarness) -> dict[str, list[str]]:
    rows = await pipeline.connection.fetch("select source_file, status, problem from quality.quality_load_log")
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["source_file"], []).append(row["problem"] or row["status"])
    return found


@pytest.mark.parametrize("times", [10, pytest.param(50, marks=pytest.mark.slow)])
async def test_no_file_is_skipped_for_a_dead_run_however_many_look_at_once(
    pipeline: PipelineHarness, connect: Callable[[], Any], times: int
) -> None:
    """A run dies over its claims, and two runs come after it at the same moment."""
    await pipeline.add_meter("M")
    for attempt in range(times):
        await pipeline.connection.execute("truncate quality.quality_load_log, stage.raw_tables, stage.raw_rows")
        put_files(pipeline, 3, value=attempt)
        dead = await connect()
        await dead.ingest(await dead.begin())
        await dead.connection.close()
        living = [await connect(), await connect()]

        runs = [await run.begin() for run in living]
        await asyncio.gather(*(harness.ingest(run) for harness, run in zip(living, runs, strict=True)))

        found = await owners(pipeline)
        assert len(found) == 3
        for name, states in found.items():
            assert sorted(states)[:2] == sorted(["in_progress", "interrupted"]), (attempt, name, states)
            assert states.count("running") == 1, (attempt, name, states)
        for harness in living:
            await harness.connection.close()


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api", "features")
async def test_file_that_another_run_lets_go_of_is_loaded_by_the_run_that_had_left_it(
    pipeline: PipelineHarness, connect: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, _ = await put_files_into_other_hands(pipeline, 3, connect)

    async def look_after_its_death(run: Run, warehouse: Warehouse) -> list[str]:
        await other.connection.close()
        return await look_again(run, warehouse)

    monkeypatch.setattr("flows.steps.look_again", look_after_its_death)

    summary = await load_day(date=DAY)

    assert (summary.loaded, summary.in_progress) == (3, {})
    assert len(await pipeline.values()) == 3


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api", "features")
async def test_file_that_stays_in_other_hands_is_named_by_error_report_and_status(
    pipeline: PipelineHarness, connect: Callable[[], Any]
) -> None:
    other, run = await put_files_into_other_hands(pipeline, 2, connect)
    pipeline.put("mine.csv", long_csv("2025-04-30 00:00,M,T1,1"))

    with pytest.raises(RunFailedError) as failed:
        await load_day(date=DAY)
    status = await show_status(pipeline.connection, pipeline.settings)

    names = [f"{DAY}/0.csv", f"{DAY}/1.csv"]
    assert failed.value.summary
    assert (failed.value.summary["loaded"], list(failed.value.summary["in_progress"])) == (1, names)
    assert all(name in str(failed.value) for name in names)
    report = json.loads(
        (pipeline.settings.artifacts_dir / "quality_reports" / str(DAY) / "report.json").read_text(encoding="utf-8")
    )
    assert (report["verdict"], report["totals"]["running"], report["totals"]["skipped"]) == ("errors", 2, 0)
    assert [(load.source_file, load.is_under_way) for load in status.unfinished_loads] == [
        (name, True) for name in reversed(names)
    ]

    await other.finish(run)
    await load_day(date=DAY)

    assert len(await pipeline.values()) == 3
    assert not (await show_status(pipeline.connection, pipeline.settings)).unfinished_loads


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api", "features")
async def test_file_that_another_run_has_loaded_meanwhile_is_known_at_the_end(
    pipeline: PipelineHarness, connect: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, run = await put_files_into_other_hands(pipeline, 1, connect)

    async def look_after_its_end(_: Run, __: Warehouse) -> list[str]:
        await other.finish(run)
        return []

    monkeypatch.setattr("flows.steps.look_again", look_after_its_end)

    summary = await load_day(date=DAY)

    assert (summary.skipped, summary.in_progress) == (1, {})
    assert sorted(state for states in (await owners(pipeline)).values() for state in states) == [
        FileProblem.ALREADY_LOADED,
        "success",
    ]


async def test_status_names_what_a_dead_run_has_left_until_its_file_is_loaded(
    pipeline: PipelineHarness, connect: Callable[[], Any]
) -> None:
    dead, _ = await put_files_into_other_hands(pipeline, 1, connect)
    await dead.connection.close()

    left = (await show_status(pipeline.connection, pipeline.settings)).unfinished_loads
    await pipeline.run()

    assert [load.is_under_way for load in left] == [False]
    assert not (await show_status(pipeline.connection, pipeline.settings)).unfinished_loads


END = ("schemas.errors.ClaimLostError: ", "tasks.warehouse.connection.ConnectionLostError: ")
"""How such a process ends; of a lost connection a task tries once more, and then learns that its claim is lost."""
STOPPED = """
import asyncio, os, signal, sys
from datetime import date
from uuid import UUID
import asyncpg
import tasks.{module} as module
from schemas.settings import Settings
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run
from tasks.warehouse.locks import acquire_claim_key
from tasks.warehouse.connection import session_name_of
from tests.harness import PipelineHarness

NAME = session_name_of(UUID(sys.argv[1]))
original = module.{function}
async def stop_first(*args, **kwargs):
    module.{function} = original
    os.kill(os.getpid(), signal.SIGSTOP)
    return await original(*args, **kwargs)
module.{function} = stop_first

class Process(PipelineHarness):
    @property
    def warehouse(self):
        return Warehouse(settings=self.settings, dsn=self.settings.database_url, session_name=NAME)

async def main():
    settings = Settings(_env_file=None)
    connection = await asyncpg.connect(
        settings.database_url.get_secret_value(), server_settings={{"application_name": NAME}}
    )
    run = Run(UUID(sys.argv[1]), await acquire_claim_key(connection), date(2025, 4, 30))
    process = Process(connection, settings)
    await process.ingest(run)
    await process.finish(run)
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("ingest.stage_rows", "finish_staging"),
        ("validate.validate_loads", "store_series"),
        ("validate.validate_loads", "store_row_errors"),
        ("validate.validate_loads", "finish_validation"),
        ("load.merge_readings", "finish_load"),
    ],
)
async def test_process_that_wakes_up_after_its_run_was_taken_over_writes_nothing(
    pipeline: PipelineHarness, module: str, function: str
) -> None:
    await pipeline.add_meter("M")
    rows = [f"2025-04-30 {hour:02d}:00,M,T1,{hour if hour % 2 else 'abc'}" for hour in range(14)]
    pipeline.put("a.csv", long_csv(*rows))
    flow_run_id = uuid4()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        STOPPED.format(module=module, function=function),
        str(flow_run_id),
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
        stderr=subprocess.PIPE,
    )
    system = psutil.Process(process.pid)
    await wait_for("the process to stop itself", system.status, done=lambda status: status == psutil.STATUS_STOPPED)

    run = Run(flow_run_id, (await pipeline.begin()).claim_key, DAY)
    await adopt_loads(pipeline.connection, run, pipeline.settings)
    await pipeline.ingest(run)
    await pipeline.finish(run)
    before = await state_of(pipeline)
    process.send_signal(signal.SIGCONT)
    _, said = await process.communicate()

    assert process.returncode == 1
    assert said.decode().rstrip().splitlines()[-1].startswith(END), said.decode()
    assert await state_of(pipeline) == before
    assert before[:2] == (7, 14)
    assert (
        await pipeline.connection.fetchval("select count(*) from quality.quality_load_log where status = 'partial'")
        == 1
    )


async def state_of(pipeline: PipelineHarness) -> tuple[int, int, list[tuple[object, ...]]]:
    errors = await pipeline.connection.fetchval("select count(*) from quality.quality_row_errors")
    parsed = await pipeline.connection.fetchval("select count(*) from stage.stage_parsed_measurements")
    log = await pipeline.connection.fetch("select load_id, status, step from quality.quality_load_log order by 1")
    return errors, parsed, [tuple(row) for row in log]


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api")
async def test_run_that_has_lost_its_claims_stops_with_one_line(
    pipeline: PipelineHarness, features: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await pipeline.add_meter("M")
    put_files(pipeline, 3)

    async def lose_the_claims(*args: Any, **kwargs: Any) -> None:
        await pipeline.connection.execute("update quality.quality_load_log set claim_key = 1 where load_id is not null")
        await store_series(*args, **kwargs)

    from tasks.validate.store_outcomes import store_series

    monkeypatch.setattr("tasks.validate.validate_loads.store_series", lose_the_claims)

    with pytest.raises(ClaimLostError, match="another process goes on with it"):
        await load_day(date=DAY)

    assert not features
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert not [record for record in caplog.records if record.exc_info and record.levelname == "ERROR"], errors
