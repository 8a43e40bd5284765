"""The same csv by other ways: row by row as a first script would, and with dlt."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import shutil
import subprocess
from collections.abc import Collection
from datetime import datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg

from benchmarks.costs import Cost
from benchmarks.environment import BenchEnvironment, check, say, whole
from benchmarks.figures.loads import MILLION, clean_csv
from benchmarks.inputs import write_city_csv
from benchmarks.results import Result, compare
from schemas.settings import PROJECT_ROOT
from tests.harness import DAY

PEER_PYTHON = PROJECT_ROOT / ".venv-peers" / "bin" / "python"
_SAMPLE = 20_000
_MAX_REPEATS = 3


async def measure_naive(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load a sample with three look-ups and one insert a row, in one transaction, which flatters it."""
    clean = [whole(steps) for steps, _ in await clean_csv(bench)]
    readings = bench.size(MILLION)
    sample = bench.size(_SAMPLE)
    costs = []
    for number in range(bench.repeats):
        await bench.clear()
        file = bench.folder / "naive.csv"
        write_city_csv(file, DAY, readings)
        # Ours has made the partitions by now; the naive way knows nothing of them.
        costs.append(await bench.meter.of(_row_by_row(bench.connection, file, sample)))
        check("in core", await bench.count(), sample)
        say(f"naive {number + 1}: {costs[-1].wall / sample * 1e6:.0f} µs a reading")
    factor = readings / sample
    ours = [clean[number % len(clean)] for number in range(len(costs))]
    return [compare("naive", costs, ours, per=1 / factor, note=f"{sample:,} readings, scaled")]


async def _row_by_row(connection: asyncpg.Connection, file: Path, sample: int) -> None:
    zone = ZoneInfo("Europe/Moscow")
    async with connection.transaction():
        with file.open(encoding="utf-8", newline="") as text:
            for row in islice(csv.DictReader(text), sample):
                building = await _find_or_insert(
                    connection, "buildings", row["building_code"], "(external_code) values ($1)"
                )
                itp = await _find_or_insert(
                    connection, "itp", row["itp_code"], "(external_code, building_id) values ($1, $2)", building
                )
                meter = await _find_or_insert(
                    connection,
                    "meters",
                    row["meter_code"],
                    "(external_code, itp_id, kind) values ($1, $2, 'heat')",
                    itp,
                )
                await connection.execute(
                    "insert into core.measurements (time, meter_id, metric, value, quality, load_id)"
                    " values ($1, $2, $3, $4, 0, '00000000-0000-0000-0000-000000000000')"
                    " on conflict (meter_id, time, metric) do update set value = excluded.value",
                    datetime.fromisoformat(row["timestamp"]).replace(tzinfo=zone),
                    meter,
                    row["metric"],
                    float(row["value"]),
                )


async def _find_or_insert(connection: asyncpg.Connection, table: str, code: str, insert: str, *parent: int) -> int:
    row_id = await connection.fetchval(f"select id from core.{table} where external_code = $1", code)
    if row_id is None:
        row_id = await connection.fetchval(f"insert into core.{table} {insert} returning id", code, *parent)
    return int(row_id)


async def measure_dlt(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Load the csv with dlt into a separate empty table of the same database, in two ways."""
    clean = [whole(steps) for steps, _ in await clean_csv(bench)]
    await bench.clear()
    folder = bench.folder / "dlt-files"
    readings = write_city_csv(folder / "day.csv", DAY, bench.size(MILLION))
    ways = {"dlt": ("rows", 1), "dlt-arrow": ("arrow", min(bench.repeats, _MAX_REPEATS))}
    return [
        await _load_with_dlt(bench, name, folder, readings, way=way, repeats=repeats, ours=clean)
        for name, (way, repeats) in ways.items()
        if name in wanted
    ]


async def _load_with_dlt(
    bench: BenchEnvironment, name: str, folder: Path, readings: int, *, way: str, repeats: int, ours: list[Cost]
) -> Result:
    costs = []
    for number in range(repeats):
        await bench.connection.execute(
            "drop schema if exists peer_dlt cascade; drop schema if exists peer_dlt_staging cascade"
        )
        shutil.rmtree(bench.folder / "dlt", ignore_errors=True)
        await bench.settle()
        answer: dict[str, float] = {}
        cost = await bench.meter.of(asyncio.to_thread(_run_dlt, bench, folder, way, answer))
        # Without the start of Python and its imports, which ours does not count either.
        costs.append(Cost(answer["wall"], answer["client"], cost.server))
        check("rows of dlt", await bench.connection.fetchval("select count(*) from peer_dlt.measurements"), readings)
        say(f"{name} {number + 1}: {costs[-1].wall:.1f} s")
    note = f"dlt {answer['version']}; repeats: {repeats}, slow"
    return compare(name, costs, [ours[number % len(ours)] for number in range(repeats)], note=note)


def _run_dlt(bench: BenchEnvironment, folder: Path, way: str, answer: dict[str, float]) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(bench.folder),
        "DESTINATION__POSTGRES__CREDENTIALS": bench.url,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
    script = Path(__file__).parents[1] / "peers" / "load_with_dlt.py"
    done = subprocess.run(
        [str(PEER_PYTHON), str(script), way, str(folder), str(bench.folder / "dlt")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"dlt: {done.stderr[-2000:]}")
    answer |= json.loads(done.stdout.splitlines()[-1])
