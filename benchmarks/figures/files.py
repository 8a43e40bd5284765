"""Day-sheets: many small ones in one day, and one large workbook."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path
from statistics import median

from python_calamine import CalamineWorkbook

from benchmarks.costs import Cost, typical
from benchmarks.environment import BenchEnvironment, Steps, check, say, whole
from benchmarks.figures.growth import peak_of
from benchmarks.figures.loads import clean_csv
from benchmarks.inputs import (
    HOURS_OF_A_SHEET,
    break_files,
    write_city_workbook,
    write_small_csvs,
    write_small_workbooks,
)
from benchmarks.results import Result, compare
from tests.harness import DAY

_MONTH = date(2025, 4, 1)
_MAX_REPEATS = 3
HOURS_OF_A_DAY = 24


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


async def measure_day_workbooks(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load very many workbooks of 24 hours: milliseconds a file."""
    return await _day_files("day-workbooks", write_small_workbooks, bench)


async def measure_day_csvs(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load very many csvs of 24 hours: milliseconds a file."""
    return await _day_files("day-csvs", write_small_csvs, bench)


async def _day_files(name: str, write: Callable[[Path, date, int, int], int], bench: BenchEnvironment) -> list[Result]:
    files = bench.size(10_000)
    steps = await _load_day_files(write, bench, files)
    cost = whole(steps)
    cpu = [cost.cpu / files * 1000] if cost.cpu else []
    return [Result(name, [cost.wall / files * 1000], cpu, [cost], [steps], note=f"{files} files, once: takes minutes")]


async def _load_day_files(
    write: Callable[[Path, date, int, int], int], bench: BenchEnvironment, files: int, *, broken_every: int = 0
) -> Steps:
    await bench.add_city(files)
    await bench.clear()
    folder = bench.pipeline.settings.raw_dir / DAY.isoformat()
    readings = write(folder, DAY, files, HOURS_OF_A_DAY)
    broken = break_files(folder, broken_every) if broken_every else 0
    await bench.settle()
    steps, log = await bench.steps()
    check("loaded files", Counter(row["status"] for row in log), Counter(success=files - broken, failed=broken))
    check("in core", await bench.count(), readings * (files - broken) // files)
    return steps


async def measure_broken(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load workbooks of 24 hours of which one in a hundred is broken, and the same without."""
    files = bench.size(2_000)
    costs, clean = [], []
    for number in range(min(bench.repeats, _MAX_REPEATS)):
        clean.append(whole(await _load_day_files(write_small_workbooks, bench, files)))
        costs.append(whole(await _load_day_files(write_small_workbooks, bench, files, broken_every=100)))
        say(f"broken {number + 1}: {costs[-1].wall / clean[-1].wall:.2f}")
    return [compare("broken-files", costs, clean, note=f"{files} files; {len(costs)} repeats")]


async def measure_known(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Run again over files that are all as they were: the slope between few and many, milliseconds a file."""
    few, many = bench.size(10_000), bench.size(70_000)
    await bench.add_city(many)
    await bench.clear()
    folder = bench.pipeline.settings.raw_dir / DAY.isoformat()
    costs = []
    for files in (few, many):
        write_small_csvs(folder, DAY, files, HOURS_OF_A_DAY)
        await bench.steps()
        repeats = []
        for _ in range(_MAX_REPEATS):
            steps, log = await bench.steps()
            check("rows of unchanged files in the load log", len(log), 0)
            repeats.append(whole(steps))
        costs.append(typical(repeats))
        say(f"known-files: {files} in {costs[-1].wall:.2f} s")
    slope = (costs[1].wall - costs[0].wall) / (many - few) * 1000
    cpus = [(costs[1].cpu - costs[0].cpu) / (many - few) * 1000] if costs[0].cpu and costs[1].cpu else []
    note = f"between {few} and {many} files of 24 hours, medians of {_MAX_REPEATS}"
    return [Result("known-files", [slope], cpus, costs[1:], note=note)]


async def measure_requeue(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load files whose codes are unknown, then what waits of them in stage; and the same files with known codes."""
    files = bench.size(833)
    await bench.add_city(files)
    costs, loads = [], []
    for number in range(min(bench.repeats, _MAX_REPEATS)):
        loads.append(whole(await _load_day_files(write_small_csvs, bench, files)))
        readings = await bench.count()
        await bench.clear()
        write_small_csvs(bench.pipeline.settings.raw_dir / DAY.isoformat(), DAY, files, HOURS_OF_A_DAY)
        await bench.connection.execute("update core.meters set external_code = '?' || external_code")
        await bench.steps()
        check("in core", await bench.count(), 0)
        await bench.connection.execute("update core.meters set external_code = substr(external_code, 2)")
        await bench.settle()
        costs.append(await bench.meter.of(bench.pipeline.requeue()))
        check("in core", await bench.count(), readings)
        say(f"requeue {number + 1}: {costs[-1].wall / loads[-1].wall:.2f}")
    note = f"{readings:,} readings of {files} files of 24 hours; {len(costs)} repeats"
    return [compare("requeue", costs, loads, note=note)]


async def measure_files_memory(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load very many workbooks of 24 hours in a separate process; its peak over its idle memory."""
    files = bench.size(70_000)
    await bench.add_city(files)
    await bench.clear()
    readings = write_small_workbooks(bench.pipeline.settings.raw_dir / DAY.isoformat(), DAY, files, HOURS_OF_A_DAY)
    peak = await peak_of(bench, DAY)
    check("in core", await bench.count(), readings)
    return [Result("files-memory", [peak], note=f"{files} files, once: takes minutes; without the parser's process")]


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
