"""What the columnstore costs those who change it: corrections and rollbacks of a month, compressed and not.

`TIMESCALE_URL=postgresql://… python -m benchmarks.compressed`; seconds hold on one machine only, ratios longer.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import asyncpg

from schemas.settings import Settings
from tasks.warehouse.migrate import migrate
from tests.databases import Server, new_database
from tests.harness import DAY, PipelineHarness, long_csv

_METERS = 100
_HOURS = [f"2025-04-{day:02d} {hour:02d}:00" for day in range(1, 29) for hour in range(24)]
_ENABLE = (
    "alter table core.measurements set (timescaledb.compress, "
    "timescaledb.compress_segmentby = 'meter_id, metric', timescaledb.compress_orderby = 'time')"
)
_COMPRESS = "select count(compress_chunk(c, if_not_compressed => true)) from show_chunks('core.measurements') as c"


async def compressed(url: str, folder: Path) -> AsyncIterator[tuple[str, float]]:
    """Correct 134,400 readings and take the correction back; returns seconds, and the megabytes of core."""
    settings = Settings.model_validate(
        {"database_url": url, "raw_dir": folder / "raw", "state_dir": folder / "state", "file_settle_sec": 0}
    )
    connection = await asyncpg.connect(url)
    await migrate(connection, settings)
    await connection.execute(_ENABLE)
    pipeline = PipelineHarness(connection, settings)
    for number in range(_METERS):
        await pipeline.add_meter(f"M{number}")
    await _load(pipeline, 60)
    for name in ("rows", "columnstore"):
        for what, work in (("the same again", _load(pipeline, 60)), ("all corrected", _load(pipeline, 61))):
            await _prepare(connection, name)
            if what == "the same again":
                yield f"{name}: MB", await _megabytes(connection)
            yield f"{name}: {what}", await _seconds(work)
        await _prepare(connection, name)
        yield f"{name}: rolled back", await _seconds(_roll_back(pipeline))
    await connection.close()


async def _load(pipeline: PipelineHarness, value: float) -> None:
    # A line more each time: other bytes, whatever the readings.
    lines = await pipeline.connection.fetchval("select count(*) from quality.quality_load_log")
    rows = (
        f"{hour},M{meter},{metric},{value}" for meter in range(_METERS) for hour in _HOURS for metric in ("T1", "T2")
    )
    pipeline.put("a.csv", long_csv(*rows) + "\n" * lines)
    await pipeline.run(DAY)


async def _roll_back(pipeline: PipelineHarness) -> None:
    last = "select load_id from quality.quality_load_log where rows_updated > 0 order by started_at desc limit 1"
    await pipeline.rollback(await pipeline.connection.fetchval(last))


async def _prepare(connection: asyncpg.Connection, kept_as: str) -> None:
    if kept_as == "columnstore":
        await connection.execute(_COMPRESS)


async def _megabytes(connection: asyncpg.Connection) -> float:
    return float(await connection.fetchval("select hypertable_size('core.measurements') / 1e6"))


async def _seconds(work: Awaitable[None]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


async def main() -> None:
    """Measure in a new database on the server of TIMESCALE_URL."""
    with new_database(Server(os.environ["TIMESCALE_URL"])) as url, tempfile.TemporaryDirectory() as folder:
        async for name, value in compressed(url, Path(folder)):
            print(f"{name}: {value:.2f}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
