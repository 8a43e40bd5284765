"""What happens as the data grows: size of a load, days of a city, memory."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import psutil

from benchmarks.costs import Cost
from benchmarks.environment import BenchEnvironment, check, say, whole
from benchmarks.figures.loads import MILLION
from benchmarks.fill import fill
from benchmarks.inputs import READINGS_OF_A_BUILDING, write_city_csv
from benchmarks.results import Result, exponent
from schemas.settings import Settings
from tests.harness import PipelineHarness

MONDAY = date(2025, 4, 28)
_MEBIBYTE = 1 << 20


async def measure_growth(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load 0.1, 1 and 10 million readings into a table that holds 10 million; the slope of time over size."""
    largest = bench.size(10 * MILLION)
    await bench.add_city(largest // READINGS_OF_A_BUILDING)
    await bench.clear()
    await fill(bench, MONDAY - timedelta(days=1), MONDAY, largest // READINGS_OF_A_BUILDING)
    sizes, costs = [], []
    for size, days in ((largest // 100, (0, 1, 2)), (largest // 10, (3, 4, 5)), (largest, (6,))):
        loads = [await _load_day(bench, MONDAY + timedelta(days=day), size) for day in days]
        sizes.append(size // READINGS_OF_A_BUILDING * READINGS_OF_A_BUILDING)
        costs.append(sorted(loads, key=lambda cost: cost.wall)[len(loads) // 2])
        say(f"growth: {sizes[-1]:,} readings in {costs[-1].wall:.1f} s, {costs[-1].wall / size * 1e6:.2f} µs each")
    cpus = [cost.cpu for cost in costs if cost.cpu]
    slopes = [exponent(sizes, cpus)] if len(cpus) == len(costs) else []
    note = "medians of 3, the largest once: it takes minutes"
    return [Result("growth", [exponent(sizes, [cost.wall for cost in costs])], slopes, costs[-1:], note=note)]


async def measure_city(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load five days of a city of 35,000 buildings, one after the other."""
    await bench.clear()
    readings = bench.size(6 * MILLION)
    await bench.add_city(readings // READINGS_OF_A_BUILDING)
    costs = []
    for number in range(5):
        costs.append(await _load_day(bench, MONDAY + timedelta(days=number), readings))
        say(f"city day {number + 1}: {costs[-1].wall:.1f} s, CPU {costs[-1].client:.1f} + {costs[-1].server or 0:.1f}")
    first, last = costs[0], costs[-1]
    cpus = [last.cpu / first.cpu] if first.cpu and last.cpu else []
    note = f"{readings:,} readings a day; {await disk(bench)}; once: takes minutes"
    return [Result("city", [last.wall / first.wall], cpus, [last], note=note)]


async def _load_day(bench: BenchEnvironment, day: date, readings: int) -> Cost:
    file = bench.pipeline.settings.raw_dir / day.isoformat() / "city.csv"
    count = write_city_csv(file, day, readings)
    await bench.settle()
    steps, (log,) = await bench.steps(day)
    check("inserted", (log["status"], log["rows_inserted"]), ("success", count))
    file.unlink()
    return whole(steps)


async def disk(bench: BenchEnvironment) -> str:
    """Say what a reading takes on disk, in core with its index and in stage."""
    size = """
        select sum(pg_total_relation_size(pg_class.oid))::float8
        from pg_class join pg_namespace on relnamespace = pg_namespace.oid
        where nspname = any($1::text[]) and relkind in ('r', 'm')
    """
    readings = await bench.count()
    schemas = {"core": ["core", "_timescaledb_internal"], "stage": ["stage"]}
    sizes = {name: await bench.connection.fetchval(size, names) / readings for name, names in schemas.items()}
    return "bytes a reading: " + ", ".join(f"{name} {value:.0f}" for name, value in sizes.items())


async def measure_memory(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load 1 and 10 million readings from csv, each in a separate process; its peak over its idle memory."""
    peaks: dict[int, list[float]] = {}
    for millions, repeats in ((1, 3), (10, 1)):
        readings = bench.size(millions * MILLION)
        await bench.add_city(readings // READINGS_OF_A_BUILDING)
        for _ in range(repeats):
            await bench.clear()
            count = write_city_csv(bench.pipeline.settings.raw_dir / MONDAY.isoformat() / "day.csv", MONDAY, readings)
            peak = await peak_of(bench, MONDAY)
            check("in core", await bench.count(), count)
            peaks.setdefault(millions, []).append(peak)
            say(f"memory: {count:,} readings, {peak:.0f} MB over idle")
    one, ten = median(peaks[1]), median(peaks[10])
    note = f"{bench.size(MILLION):,} readings: {one:.0f} MB (median of 3); the larger once"
    results = [Result("memory", [ten], note=note), Result("memory-growth", [ten / one])]
    return [result for result in results if result.name in wanted]


async def peak_of(bench: BenchEnvironment, day: date) -> float:
    """Run a day in a separate process; return the megabytes of its peak over its idle memory."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        settings = bench.pipeline.settings.model_dump() | {"database_url": bench.url}
        return await asyncio.wrap_future(pool.submit(_peak_of_load, settings, day))


def _peak_of_load(values: dict[str, Any], day: date) -> float:
    return asyncio.run(_peak(Settings.model_validate(values), day))


async def _peak(settings: Settings, day: date) -> float:
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    pipeline = PipelineHarness(connection, settings)
    idle = psutil.Process().memory_info().rss
    # The kernel's own high-water mark of this process misses no peak; 5 sets it back (man 5 proc).
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    await pipeline.run(day)
    marks = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    await connection.close()
    return (int(marks["VmHWM"].split()[0]) * 1024 - idle) / _MEBIBYTE
