"""One csv of a million readings: loaded first, changed, unchanged, again."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from benchmarks.costs import Cost
from benchmarks.environment import BenchEnvironment, Steps, check, say, whole
from benchmarks.inputs import READINGS_OF_A_BUILDING, change, spoil, touch, write_city_csv
from benchmarks.results import Result, compare
from tests.harness import DAY

MILLION = 1_000_000
_MAX_REPEATS_OF_4M = 3


async def measure_csv(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load one file, again with 1 % of its values changed, again with other bytes, and once more as it is."""
    found: dict[str, list[Steps]] = {name: [] for name in ("csv", "changed", "unchanged", "same")}
    yardsticks: list[Cost] = []
    for number in range(bench.repeats):
        file, steps, readings = await _first_load(bench)
        found["csv"].append(steps)
        if {"changed", "unchanged", "same"} & set(wanted):
            changed = change(file, 0.01)
            await _again(bench, found["changed"], rows_updated=changed, rows_unchanged=readings - changed)
            touch(file)
            await _again(bench, found["unchanged"], rows_updated=0, rows_unchanged=readings)
            await _same(bench, found["same"])
        yardsticks.append(await bench.bare())
        bench.clean.append((steps, yardsticks[-1]))
        say(f"csv {number + 1}/{bench.repeats}: {whole(steps).wall / yardsticks[-1].wall:.2f} × B")
    note = f"{readings:,} readings; B = {sum(cost.wall for cost in yardsticks) / len(yardsticks):.2f} s"
    return [
        compare(name, [whole(one) for one in steps], yardsticks, steps=steps, note=note if name == "csv" else "")
        for name, steps in found.items()
        if name in wanted
    ]


async def clean_csv(bench: BenchEnvironment) -> list[tuple[Steps, Cost]]:
    """Return first loads of one csv, measured now if no figure before has done so."""
    if not bench.clean:
        await measure_csv(bench, ["csv"])
    return bench.clean


async def measure_rejected(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load the csv with 1 % and with all of its values out of bounds."""
    clean = [whole(steps) for steps, _ in await clean_csv(bench)]
    results = []
    for name, share in (("rejected-1", 0.01), ("rejected-100", 1.0)):
        if name not in wanted:
            continue
        loads = [await _load_rejected(bench, share, MILLION) for _ in range(bench.repeats)]
        for number, steps in enumerate(loads, start=1):
            say(f"{name} {number}: {whole(steps).wall:.1f} s")
        yardsticks = [clean[number % len(clean)] for number in range(len(loads))]
        results.append(compare(name, [whole(steps) for steps in loads], yardsticks, steps=loads))
    return results


async def measure_rejected_4m(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load four million readings, clean and with 1 % out of bounds: what is rejected must not cost more and more."""
    (name,) = wanted
    clean: list[Steps] = []
    rejected: list[Steps] = []
    for number in range(min(bench.repeats, _MAX_REPEATS_OF_4M)):
        clean.append((await _first_load(bench, 4 * MILLION))[1])
        rejected.append(await _load_rejected(bench, 0.01, 4 * MILLION))
        say(f"{name} {number + 1}: {whole(rejected[-1]).wall:.1f} s, clean {whole(clean[-1]).wall:.1f} s")
    note = f"median of {len(clean)}: it takes minutes"
    yardsticks = [whole(steps) for steps in clean]
    return [compare(name, [whole(steps) for steps in rejected], yardsticks, steps=rejected, note=note)]


async def _load_rejected(bench: BenchEnvironment, share: float, readings: int) -> Steps:
    file, count = await _prepare(bench, readings)
    spoilt = spoil(file, share)
    steps, (log,) = await bench.steps()
    check("rejected", (log["rows_rejected"], log["rows_inserted"]), (spoilt, count - spoilt))
    check("row errors", await bench.connection.fetchval("select count(*) from quality.quality_row_errors"), spoilt)
    return steps


async def _prepare(bench: BenchEnvironment, readings: int) -> tuple[Path, int]:
    await bench.add_city(bench.size(readings) // READINGS_OF_A_BUILDING)
    await bench.clear()
    file = bench.pipeline.settings.raw_dir / DAY.isoformat() / "day.csv"
    return file, write_city_csv(file, DAY, bench.size(readings))


async def _first_load(bench: BenchEnvironment, size: int = MILLION) -> tuple[Path, Steps, int]:
    file, readings = await _prepare(bench, size)
    steps, (log,) = await bench.steps()
    check("inserted", (log["status"], log["rows_inserted"]), ("success", readings))
    check("in core", await bench.count(), readings)
    return file, steps, readings


async def _same(bench: BenchEnvironment, into: list[Steps]) -> None:
    await bench.settle()
    steps, log = await bench.steps()
    check("rows in the load log", len(log), 0)
    into.append(steps)


async def _again(bench: BenchEnvironment, into: list[Steps], **expected: object) -> None:
    await bench.settle()
    steps, (log,) = await bench.steps()
    check("load log", {name: log[name] for name in expected}, expected)
    into.append(steps)
