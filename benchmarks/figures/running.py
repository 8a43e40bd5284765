"""What orchestration costs: a Prefect server, workers, and a backfill through them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import httpx

from benchmarks.costs import Cost, total
from benchmarks.environment import BenchEnvironment, check, say, whole
from benchmarks.figures.features import prefect_server, transform
from benchmarks.inputs import READINGS_OF_A_BUILDING, write_city_csv
from benchmarks.results import Result
from schemas.settings import PROJECT_ROOT
from tasks.report.collect import collect
from tasks.report.write import write
from tests.prefect_client import prefect_client

_FIRST = date(2025, 4, 1)
_BUILDINGS = 50
_BACKFILL_DAYS = 30
_BACKFILL_READINGS = 100_000
_DONE = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class Machine(NamedTuple):
    """A machine on which `dataops up` has been called."""

    environment: dict[str, str]
    http: httpx.Client

    def dataops(self, *arguments: str) -> str:
        """Call the command; returns what it prints."""
        done = subprocess.run(
            [str(Path(sys.executable).with_name("dataops")), *arguments],
            env=self.environment,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"dataops {' '.join(arguments)}: {(done.stderr or done.stdout)[-2000:]}")
        return done.stdout

    def run_of_day(self, day: date) -> dict[str, Any]:
        """Run the deployment for a day and wait for its end."""
        deployment = self.http.get("/deployments/name/load-day/day").raise_for_status().json()
        body = {"parameters": {"date": day.isoformat()}, "state": {"type": "SCHEDULED"}}
        url = f"/deployments/{deployment['id']}/create_flow_run"
        run: dict[str, Any] = self.http.post(url, json=body).raise_for_status().json()
        while run["state_type"] not in _DONE:
            time.sleep(0.3)
            run = self.http.get(f"/flow_runs/{run['id']}").json()
        check("the run's end", run["state_type"], "COMPLETED")
        return run


@contextmanager
def _machine(bench: BenchEnvironment, workers: int) -> Iterator[Machine]:
    settings = bench.pipeline.settings
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = kept | {
        "DATABASE_URL": bench.url,
        "STATE_DIR": str(settings.state_dir),
        "RAW_DIR": str(settings.raw_dir),
        "ARTIFACTS_DIR": str(settings.artifacts_dir),
        "FILE_SETTLE_SEC": "0",
        "PREFECT_HOME": str(bench.folder / "prefect"),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
    }
    machine = Machine(environment, httpx.Client())
    try:
        machine.dataops("up", "--workers", str(workers))
        with prefect_client(settings.state_dir) as http:
            yield Machine(environment, http)
    finally:
        machine.dataops("down")


def _two_files(bench: BenchEnvironment, day: date) -> int:
    folder = bench.pipeline.settings.raw_dir / day.isoformat()
    count = write_city_csv(folder / "first.csv", day, _BUILDINGS * READINGS_OF_A_BUILDING)
    second = folder / "second.csv"
    head, *lines = (folder / "first.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    second.write_text("".join([head, *lines[count // 2 :]]), encoding="utf-8")
    (folder / "first.csv").write_text("".join([head, *lines[: count // 2]]), encoding="utf-8")
    return count


async def measure_orchestration(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Run load-day on a worker for days of two files; what it takes over the same work without Prefect."""
    await bench.add_city(_BUILDINGS)
    await bench.clear()
    days = [_FIRST + timedelta(days=number) for number in range(2 * (bench.repeats + 1))]
    for day in days:
        _two_files(bench, day)
    with _machine(bench, 1) as machine:
        runs = [await asyncio.to_thread(machine.run_of_day, day) for day in days[::2]][1:]
    with prefect_server(bench):
        bare = [await _without_prefect(bench, day) for day in days[1::2]][1:]
    check("in core", await bench.count(), len(days) * _BUILDINGS * READINGS_OF_A_BUILDING)
    over = [run["total_run_time"] - cost.wall for run, cost in zip(runs, bare, strict=True)]
    for run, cost in zip(runs, bare, strict=True):
        say(f"orchestration: load-day {run['total_run_time']:.1f} s, the same without Prefect {cost.wall:.1f} s")
    note = f"s; load-day {median(run['total_run_time'] for run in runs):.1f} s from its start to its end"
    return [Result("orchestration", over, [], bare, note=note)]


async def _without_prefect(bench: BenchEnvironment, day: date) -> Cost:
    """Load, make features and report, as load-day does."""
    steps, _ = await bench.steps(day)

    async def report_day() -> None:
        report = await collect(bench.connection, bench.pipeline.settings, day, now=datetime.now(UTC))
        write(report, bench.pipeline.settings.artifacts_dir / "quality_reports" / day.isoformat())

    return total([whole(steps), await bench.meter.of(transform(bench)), await bench.meter.of(report_day())])


async def measure_backfill(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load 30 days through the deployment, one at a time on one worker, then two at a time on two."""
    readings = bench.size(_BACKFILL_READINGS)
    await bench.add_city(readings // READINGS_OF_A_BUILDING)
    seconds = {}
    for workers in (1, 2):
        await bench.clear()
        first = _FIRST - timedelta(days=workers * 100)  # other days: Prefect knows the others as done
        count = sum(
            write_city_csv(bench.pipeline.settings.raw_dir / str(day) / "day.csv", day, readings)
            for day in (first + timedelta(days=number) for number in range(_BACKFILL_DAYS))
        )
        with _machine(bench, workers) as machine:
            last = first + timedelta(days=_BACKFILL_DAYS - 1)
            started = time.perf_counter()
            await asyncio.to_thread(machine.dataops, "backfill", str(first), str(last), "--concurrency", str(workers))
            seconds[workers] = time.perf_counter() - started
        check("in core", await bench.count(), count)
        say(f"backfill: {_BACKFILL_DAYS} days on {workers} workers in {seconds[workers]:.0f} s")
    note = f"{readings:,} readings a day; {seconds[1]:.0f} s and {seconds[2]:.0f} s; once: takes minutes"
    return [Result("backfill", [seconds[2] / seconds[1]], note=note)]
