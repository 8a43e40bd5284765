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
            await _again(bench, found["same"], status="skipped")
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
        parts: list[Steps] = []
        for number in range(bench.repeats):
            file, readings = await _prepare(bench)
            spoilt = spoil(file, share)
            steps, (log,) = await bench.steps()
            check("rejected", (log["rows_rejected"], log["rows_inserted"]), (spoilt, readings - spoilt))
            check(
                "row errors", await bench.connection.fetchval("select count(*) from quality.quality_row_errors"), spoilt
            )
            parts.append(steps)
            say(f"{name} {number + 1}: {whole(steps).wall:.1f} s")
        ours = [clean[number % len(clean)] for number in range(len(parts))]
        results.append(compare(name, [whole(steps) for steps in parts], ours, steps=parts))
    return results


async def _prepare(bench: BenchEnvironment) -> tuple[Path, int]:
    await bench.add_city(bench.size(MILLION) // READINGS_OF_A_BUILDING)
    await bench.clear()
    file = bench.pipeline.settings.raw_dir / DAY.isoformat() / "day.csv"
    return file, write_city_csv(file, DAY, bench.size(MILLION))


async def _first_load(bench: BenchEnvironment) -> tuple[Path, Steps, int]:
    file, readings = await _prepare(bench)
    steps, (log,) = await bench.steps()
    check("inserted", (log["status"], log["rows_inserted"]), ("success", readings))
    check("in core", await bench.count(), readings)
    return file, steps, readings


async def _again(bench: BenchEnvironment, into: list[Steps], **expected: object) -> None:
    await bench.settle()
    steps, (log,) = await bench.steps()
    check("load log", {name: log[name] for name in expected}, expected)
    into.append(steps)
