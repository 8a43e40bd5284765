"""kill -9 at every step of a run: the next run finishes the work, and core is that of an undisturbed run."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from schemas.settings import PROJECT_ROOT, Settings
from tests.harness import PipelineHarness, long_csv
from tests.waiting import wait_for, wait_for_result

# Each step kills the process when its function is called (before), or has returned (after).
STEPS = [
    "tasks.ingest.stage_claimed.read_tables",
    "tasks.ingest.stage_rows.copy_tables",
    "tasks.validate.store_outcomes.copy_table",
    "tasks.validate.validate_loads.write_accepted",
    "tasks.validate.validate_loads.store_row_errors",
    "tasks.load.merge_readings.copy_tables",
    "after tasks.load.merge_readings.copy_tables",
    "tasks.load.merge_readings.copy_table",
    "tasks.load.merge_readings.find_loads_to_hold",
    "tasks.load.merge_readings._finish",
    "after tests.harness.PipelineHarness.ingest",
    "after tests.harness.PipelineHarness.validate",
    "after tests.harness.PipelineHarness.load",
]

VICTIM = """
import asyncio, os, signal, sys
import asyncpg, importlib
step, when = sys.argv[1].removeprefix("after "), "after" if sys.argv[1].startswith("after ") else "before"
import tests.harness
from schemas.settings import Settings
parts = step.split(".")
for cut in range(len(parts) - 1, 0, -1):
    try:
        owner = importlib.import_module(".".join(parts[:cut]))
        break
    except ModuleNotFoundError:
        continue
for name in parts[cut:-1]:
    owner = getattr(owner, name)
original = getattr(owner, parts[-1])
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
async def then_die(*args, **kwargs):
    await original(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, parts[-1], then_die if when == "after" else die)
async def main():
    settings = Settings(_env_file=None)
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    await tests.harness.PipelineHarness(connection, settings).run()
asyncio.run(main())
"""


def files(pipeline: PipelineHarness) -> None:
    pipeline.put("a.csv", long_csv(*(f"2025-04-30 {hour:02d}:00,M,T1,{40 + hour}" for hour in range(24))))
    pipeline.put("b.csv", long_csv("2025-04-30 00:00,M,T2,abc", "2025-04-30 01:00,M,T2,30"))


async def state(pipeline: PipelineHarness) -> tuple[str, list[tuple[str, int, str]], int]:
    errors = [(row["source_file"], row["row_num"], row["reason"]) for row in await pipeline.errors()]
    raw = await pipeline.connection.fetchval("select count(*) from stage.stage_raw_measurements")
    return await pipeline.digest(), errors, raw


@pytest.mark.parametrize("step", STEPS)
async def test_run_after_a_kill_ends_as_if_undisturbed(
    pipeline: PipelineHarness, settings: Settings, step: str, tmp_path: Path
) -> None:
    await pipeline.add_meter("M")
    # Readings are compared with what core has only where it has some.
    if step.endswith(("merge_readings.copy_table", "find_loads_to_hold")):
        pipeline.put("0.csv", long_csv("2025-04-30 00:00,M,T1,40"))
        await pipeline.run()
    files(pipeline)
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "LC_ALL": "C.UTF-8"}

    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", VICTIM, step],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
    )
    # The server needs a while to see that the client is gone; until then its run counts as alive.
    others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    await wait_for_result(
        "the killed client's sessions to end",
        lambda: pipeline.connection.fetchval(f"{others} and backend_type = 'client backend'"),
        every=0.05,
        done=lambda sessions: sessions == 0,
    )
    await pipeline.run()

    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    digest, errors, raw = await state(pipeline)
    statuses = await pipeline.connection.fetch(
        "select source_file, count(*) filter (where status in ('success', 'partial')) as done, "
        "count(*) filter (where status = 'running') as running "
        "from quality.quality_load_log group by 1 order by 1"
    )
    assert {(row["done"], row["running"]) for row in statuses} == {(1, 0)}
    assert (errors, raw) == ([("2025-04-30/b.csv", 2, "bad_number")], 24 + len(statuses))
    assert digest == await undisturbed(pipeline)
    assert await pipeline.connection.fetchval("select count(*) from core.measurement_revisions") == 0


async def undisturbed(pipeline: PipelineHarness) -> str:
    """Load the same files into empty tables and return the digest."""
    await pipeline.connection.execute(
        "truncate core.measurements, quality.quality_load_log, stage.raw_tables, stage.raw_rows, "
        "stage.parsed_series, quality.quality_row_errors, quality.changed_days"
    )
    await pipeline.run()
    return await pipeline.digest()


@pytest.mark.sessions
async def test_eight_runs_at_once_load_each_file_once(pipeline: PipelineHarness, settings: Settings) -> None:
    await pipeline.add_meter("M")
    files(pipeline)
    assert settings.database_url
    url = settings.database_url.get_secret_value()

    async def one() -> None:
        connection = await asyncpg.connect(url)
        await PipelineHarness(connection, settings).run()
        await connection.close()

    await asyncio.gather(*(one() for _ in range(8)))

    done = await pipeline.connection.fetch(
        "select source_file, count(*) from quality.quality_load_log where status <> 'skipped' group by 1"
    )
    assert sorted(tuple(row) for row in done) == [("2025-04-30/a.csv", 1), ("2025-04-30/b.csv", 1)]
    assert await pipeline.digest() == await undisturbed(pipeline)


COMMAND = """
import time
from flows.runtime.prefect_api import configure_prefect, serving
from schemas.settings import load_settings
settings = load_settings()
configure_prefect(settings)
for _ in ("one day", "and the next"):
    with serving(settings):
        from prefect import get_client
        with get_client(sync_client=True) as client:
            client.read_flows()
            print(client.api_url, flush=True)
time.sleep(600)
"""


@pytest.mark.server
async def test_temporary_server_asks_for_a_login_serves_a_command_to_its_end_and_ends_with_it_when_killed(
    state_dir: Path, tmp_path: Path
) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        env=kept | {"PYTHONPATH": str(PROJECT_ROOT), "STATE_DIR": str(state_dir)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert command.stdout
    url, again = [await asyncio.to_thread(command.stdout.readline) for _ in range(2)]
    (server,) = psutil.Process(command.pid).children()

    stranger = httpx.get(f"{url.strip()}admin/version", timeout=30)
    command.kill()
    command.wait()

    assert stranger.status_code == 401
    assert again == url
    await wait_for(
        "the server to end", lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, seconds=60
    )
    command.stdout.close()
