"""Readings side by side: the intervals of a day, and meters, against the same readings one a line."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from benchmarks.costs import Cost
from benchmarks.environment import BenchEnvironment, Steps, check, say, whole
from benchmarks.inputs import Wide, write_wide_intervals, write_wide_meters
from benchmarks.results import Result, compare
from tests.harness import DAY

_MAX_REPEATS = 3
_METERS = 300
_MAX_METERS = 10_000


async def measure_wide(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load 96 quarters of an hour a row, and a column for each of 300 meters."""
    writers: dict[str, Callable[[Path], Wide]] = {
        "wide": lambda folder: write_wide_intervals(folder, DAY, bench.size(_MAX_METERS)),
        "wide-meters": lambda folder: write_wide_meters(folder, DAY, _METERS),
    }
    await bench.add_city(max(bench.size(_MAX_METERS), _METERS))
    return [await _compare(bench, name, writers[name]) for name in writers if name in wanted]


async def _compare(bench: BenchEnvironment, name: str, write: Callable[[Path], Wide]) -> Result:
    """Load both files in turn; they must leave the same in core."""
    files = write(bench.folder)
    costs: list[Cost] = []
    yardsticks: list[Cost] = []
    steps_of_repeats: list[Steps] = []
    for number in range(min(bench.repeats, _MAX_REPEATS)):
        yardsticks.append(whole(await _load(bench, files.long, files.readings)))
        digest = await bench.pipeline.digest()
        steps = await _load(bench, files.wide, files.readings)
        check("core", await bench.pipeline.digest(), digest)
        costs.append(whole(steps))
        steps_of_repeats.append(steps)
        say(f"{name} {number + 1}: {costs[-1].wall / yardsticks[-1].wall:.2f} × long of {yardsticks[-1].wall:.2f} s")
    note = f"{files.readings:,} readings; {len(costs)} repeats in turn"
    return compare(name, costs, yardsticks, steps=steps_of_repeats, note=note)


async def _load(bench: BenchEnvironment, file: Path, readings: int) -> Steps:
    await bench.clear()
    bench.pipeline.put(file.name, file)
    steps, (log,) = await bench.steps()
    check("inserted", (log["status"], log["rows_inserted"]), ("success", readings))
    return steps
