"""A scratch database with the pipeline on it, and the two yardsticks: B, and the clean csv."""

from __future__ import annotations

import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.costs import Cost, Meter, server_process, total
from benchmarks.inputs import write_sources
from schemas.settings import Settings
from tasks.operate.generate_samples import write_reference
from tasks.operate.load_reference import load_reference
from tasks.operate.read_reference import read_reference
from tasks.warehouse import embedded_postgres
from tasks.warehouse.migrate import migrate
from tests.harness import DAY, PipelineHarness

_CHUNK = 1 << 20
_DATA_TABLES = """
select string_agg(oid::regclass::text, ', ')
from pg_class
where
    relkind in ('r', 'p') and not relispartition
    and (
        relnamespace = 'stage'::regnamespace
        or relnamespace = 'quality'::regnamespace and relname not in (
            'schema_migrations', 'transform_state', 'metrics', 'meter_kinds', 'expected_metrics'
        )
        or relnamespace = 'core'::regnamespace and relname in ('measurements', 'measurement_revisions')
    )
"""
Steps = dict[str, Cost]


def say(text: str) -> None:
    """Report progress on standard error; results go to standard output."""
    print(text, file=sys.stderr, flush=True)


class BenchEnvironment:
    """What every figure works with."""

    def __init__(self, pipeline: PipelineHarness, folder: Path, meter: Meter, *, scale: float, repeats: int) -> None:
        self.pipeline = pipeline
        self.folder = folder
        self.meter = meter
        self.scale = scale
        self.repeats = repeats
        self.clean: list[tuple[Steps, Cost]] = []
        """First loads of one csv of a million readings, each with its B: what other figures compare with."""
        self.server_version = ""

    def size(self, full: int) -> int:
        """Return a number of rows at this run's scale."""
        return int(full * self.scale)

    @property
    def connection(self) -> asyncpg.Connection:
        """The pipeline's connection."""
        return self.pipeline.connection

    @property
    def url(self) -> str:
        """URL of the scratch database."""
        assert self.pipeline.settings.database_url
        return self.pipeline.settings.database_url.get_secret_value()

    async def add_city(self, buildings: int) -> None:
        """Make sure that at least this many buildings of each kind are in the reference tables."""
        if await self.connection.fetchval("select count(*) from core.buildings") < 2 * buildings + 1:
            write_reference(self.folder / "reference", buildings)
            await load_reference(
                self.connection,
                read_reference(self.folder / "reference", self.pipeline.settings.zone),
                self.pipeline.settings,
            )
            await self.connection.execute("analyze core.buildings; analyze core.itp; analyze core.meters")

    async def clear(self) -> None:
        """Empty every table of readings and the day folders; partitions and reference tables stay."""
        await self.connection.execute(f"truncate {await self.connection.fetchval(_DATA_TABLES)}")
        shutil.rmtree(self.pipeline.settings.raw_dir, ignore_errors=True)
        await self.settle()

    async def settle(self) -> None:
        """Write out what earlier work left dirty, so that the next measurement does not pay for it."""
        await self.connection.execute("checkpoint")

    async def steps(self, day: date = DAY) -> tuple[Steps, list[asyncpg.Record]]:
        """Run one day without orchestration; returns the cost of each step and the log rows."""
        run = await self.pipeline.begin(day)
        works: dict[str, Callable[[Any], Awaitable[object]]] = {
            "stage": self.pipeline.ingest,
            "validate": self.pipeline.validate,
            "load": self.pipeline.load,
        }
        costs = {name: await self.meter.of(work(run)) for name, work in works.items()}
        return costs, await self.pipeline.log(run.flow_run_id)

    async def bare(self) -> Cost:
        """B: COPY the contents of core into the same table, emptied before; core is the same afterwards."""
        file = self.folder / "bare.pgcopy"
        ordered = "select * from core.measurements order by meter_id, time, metric"
        await self.connection.copy_from_query(ordered, output=file, format="binary")
        rows = await self.count()
        await self.connection.execute("truncate core.measurements")
        await self.settle()

        async def chunks() -> AsyncIterator[bytes]:
            with file.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    yield chunk

        cost = await self.meter.of(
            self.connection.copy_to_table("measurements", schema_name="core", source=chunks(), format="binary")
        )
        file.unlink()
        check("rows of B", await self.count(), rows)
        return cost

    async def count(self) -> int:
        """Count the readings in core."""
        return int(await self.connection.fetchval("select count(*) from core.measurements"))


def check(what: str, found: object, expected: object) -> None:
    """Stop the run if a count is wrong: a fast wrong load is not a result."""
    if found != expected:
        raise AssertionError(f"{what}: {found}, expected {expected}")


def whole(steps: Steps) -> Cost:
    """Return the cost of all steps together."""
    return total(list(steps.values()))


@asynccontextmanager
async def open_environment(
    folder: Path, database_url: str | None, *, scale: float, repeats: int
) -> AsyncIterator[BenchEnvironment]:
    """Make a scratch database with an unguessable name on DATABASE_URL's server or an embedded one; drop it after."""
    state = folder / "state"
    server_url = database_url or embedded_postgres.start(state)
    name = f"bench_{secrets.token_hex(8)}"
    server = await asyncpg.connect(server_url)
    await server.execute(f"create database {name}")
    try:
        url = server_url.rpartition("/")[0] + "/" + name
        connection = await asyncpg.connect(url)
        settings = Settings.model_validate(
            {
                "database_url": url,
                "raw_dir": folder / "raw",
                "state_dir": state,
                "artifacts_dir": folder / "artifacts",
                "sources_dir": write_sources(folder / "sources"),
                "file_settle_sec": 0,
            }
        )
        await migrate(connection, settings)
        address = await connection.fetchval("select host(inet_server_addr())")
        process = server_process(
            await connection.fetchval("select pg_backend_pid()"), is_local=address in (None, "127.0.0.1", "::1")
        )
        bench = BenchEnvironment(
            PipelineHarness(connection, settings), folder, Meter(process), scale=scale, repeats=repeats
        )
        bench.server_version = await connection.fetchval("select version()")
        yield bench
        await connection.close()
    finally:
        await server.execute(f"drop database {name} with (force)")
        await server.close()
        if not database_url:
            embedded_postgres.stop(state)
