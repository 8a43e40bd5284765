"""How fast a csv of the data contract goes from file to core: `make bench`, or with the number of readings.

Everything is given as a ratio to B, a bare binary COPY of the same final rows into the same table, measured
in the same run: ratios hold between machines, seconds do not.
"""

from __future__ import annotations

import asyncio
import io
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import asyncpg

from schemas.settings import Settings
from tasks import embed_postgres
from tasks.generate_samples import write_long_csv, write_reference
from tasks.load_reference import load_reference, read_reference
from tasks.migrate_database import migrate
from tests.world import World

DAY = date(2025, 4, 30)
READINGS_OF_A_BUILDING = 7 * 24


async def bare_copy(connection: asyncpg.Connection) -> float:
    """Copy what stands in core into an empty table of the same shape; gives seconds."""
    rows = io.BytesIO()
    ordered = "select * from core.measurements order by meter_id, time, metric"
    await connection.copy_from_query(ordered, output=rows, format="binary")
    rows.seek(0)
    await connection.execute("create table core.bare (like core.measurements including all)")
    started = time.perf_counter()
    await connection.copy_to_table("bare", schema_name="core", source=rows, format="binary")
    return time.perf_counter() - started


async def steps(world: World) -> dict[str, float]:
    """Run one day and give the seconds of each part."""
    run = await world.begin(DAY)
    seconds = {}
    for name, part in (("stage", world.ingest), ("judge", world.validate), ("load", world.load)):
        started = time.perf_counter()
        await part(run)
        seconds[name] = time.perf_counter() - started
    return seconds


async def measure(readings: int, home: Path) -> None:
    """Measure a first load and the same readings again."""
    url = embed_postgres.start(home / "state")
    settings = Settings.model_validate(
        {"database_url": url, "raw_dir": home / "raw", "state_dir": home / "state", "file_settle_sec": 0}
    )
    buildings = readings // READINGS_OF_A_BUILDING
    connection = await asyncpg.connect(url)
    await migrate(connection, settings)
    write_reference(home / "reference", buildings)
    await load_reference(connection, read_reference(home / "reference"), settings)
    file = settings.raw_dir / DAY.isoformat() / "day.csv"
    file.parent.mkdir(parents=True)
    count = write_long_csv(file, DAY, buildings)
    world = World(connection, settings)
    first = await steps(world)
    with file.open("a", encoding="utf-8") as text:
        text.write("\n")  # other bytes, the same readings
    again = await steps(world)
    bare = await bare_copy(connection)
    loaded = await connection.fetchval("select count(*) from core.measurements")
    print(f"{count} readings in {file.stat().st_size >> 20} MB of csv, {loaded} in core; B = {bare:.2f} s")
    for title, seconds in (("first load", first), ("the same readings again", again)):
        parts = ", ".join(f"{name} {value / bare:.1f}" for name, value in seconds.items())
        total = sum(seconds.values())
        print(f"{title}: {total / bare:.1f} B ({parts}); {count / total:,.0f} readings a second")
    print(f"peak memory of the client: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")
    await connection.close()


def main() -> None:
    """Measure in a folder that is removed afterwards."""
    readings = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="dataops-bench-", dir="/var/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)
        try:
            asyncio.run(measure(readings, home))
        finally:
            embed_postgres.stop(home / "state")


if __name__ == "__main__":
    main()
