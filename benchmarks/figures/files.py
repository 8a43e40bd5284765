"""Day-sheets: many small ones in one day, and one large workbook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path
from statistics import median

from python_calamine import CalamineWorkbook

from benchmarks.costs import Cost
from benchmarks.environment import BenchEnvironment, Steps, check, say, whole
from benchmarks.figures.loads import clean_csv
from benchmarks.inputs import HOURS_OF_A_SHEET, write_city_workbook, write_small_csvs, write_small_workbooks
from benchmarks.results import Result, compare
from tests.harness import DAY

_MONTH = date(2025, 4, 1)
_MAX_REPEATS = 3


async def measure_small_csvs(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load many day-sheets in csv."""
    return await _small("small-files", write_small_csvs, bench)


async def measure_small_workbooks(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load many day-sheets in xlsx."""
    return await _small("small-workbooks", write_small_workbooks, bench)


async def _small(name: str, write: Callable[[Path, date, int], int], bench: BenchEnvironment) -> list[Result]:
    files = bench.size(600)
    clean = await clean_csv(bench)
    one_csv = [whole(steps) for steps, _ in clean]
    readings_of_csv = bench.size(1_000_000)
    await bench.add_city(files)
    costs: list[Cost] = []
    steps_of_repeats: list[Steps] = []
    for number in range(min(bench.repeats, _MAX_REPEATS)):
        await bench.clear()
        readings = write(bench.pipeline.settings.raw_dir / DAY.isoformat(), _MONTH, files)
        steps, log = await bench.steps()
        check("loaded files", [row["status"] for row in log], ["success"] * files)
        check("in core", await bench.count(), readings)
        costs.append(whole(steps))
        steps_of_repeats.append(steps)
        say(f"{name} {number + 1}: {costs[-1].wall / files * 1000:.1f} ms a file")
    yardsticks = [_median_cost(one_csv)] * len(costs)
    per_file = median(cost.wall for cost in costs) / files * 1000
    note = f"{files} files, {per_file:.1f} ms a file; {len(costs)} repeats: each loads {readings:,} readings"
    return [compare(name, costs, yardsticks, per=readings / readings_of_csv, steps=steps_of_repeats, note=note)]


def _median_cost(costs: list[Cost]) -> Cost:
    return sorted(costs, key=lambda cost: cost.wall)[len(costs) // 2]


async def measure_xlsx(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load one workbook, and read the same with calamine alone."""
    rows = bench.size(200_000) // HOURS_OF_A_SHEET * HOURS_OF_A_SHEET
    await bench.add_city(rows // HOURS_OF_A_SHEET)
    await bench.clear()
    kept = bench.folder / "city.xlsx"
    readings = write_city_workbook(kept, _MONTH, rows)
    costs: list[Cost] = []
    bare: list[Cost] = []
    steps_of_repeats: list[Steps] = []
    for number in range(min(bench.repeats, _MAX_REPEATS)):
        await bench.clear()
        bench.pipeline.put("city.xlsx", kept)
        bare.append(await bench.meter.of(asyncio.to_thread(_read, kept)))
        steps, (log,) = await bench.steps()
        check("inserted", (log["status"], log["rows_inserted"]), ("success", readings))
        costs.append(whole(steps))
        steps_of_repeats.append(steps)
        say(f"xlsx {number + 1}: {costs[-1].wall / bare[-1].wall:.2f} × the bare read of {bare[-1].wall:.2f} s")
    note = f"{rows:,} rows, bare read {median(cost.wall for cost in bare):.2f} s; {len(costs)} repeats: slow to repeat"
    return [compare("xlsx", costs, bare, steps=steps_of_repeats, note=note)]


def _read(path: Path) -> int:
    with CalamineWorkbook.from_path(str(path)) as book:
        return len(book.get_sheet_by_index(0).to_python())
