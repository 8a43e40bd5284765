"""The pipeline without Prefect, for tests and benchmarks: the steps of the flows, a batch after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from schemas.reasons import Reason
from schemas.settings import Settings
from schemas.windows import Window
from tasks.ingest.claim_files import Replay
from tasks.ingest.find_unchanged import record_unchanged
from tasks.ingest.ingest_files import Request, ingest_files, prepare_ingest
from tasks.ingest.restage_load import restage_load
from tasks.load.merge_loads import merge_loads
from tasks.load.plan_merges import plan_merges
from tasks.load.requeue_rows import requeue_rows
from tasks.load.rollback_load import RolledBack, rollback_load
from tasks.transform.find_targets import find_targets
from tasks.transform.refresh_aggregates import refresh
from tasks.transform.track_changes import start_changes
from tasks.transform.transform_changes import Progress, Transformed, transform_changes
from tasks.validate.validate_loads import find_staged_batches, validate_loads
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.connection import OneConnection, Warehouse
from tasks.warehouse.heap import use_one_heap
from tasks.warehouse.load_log import Run
from tasks.warehouse.locks import acquire_claim_key

DAY = date(2025, 4, 30)
CORE_DIGEST = """
    select md5(coalesce(string_agg(concat_ws('|', time, meter_id, metric, value, quality), E'\n'
    order by meter_id, time, metric), '')) from core.measurements
"""


class PipelineHarness(NamedTuple):
    """A migrated database and a folder of raw files."""

    connection: asyncpg.Connection
    settings: Settings

    @property
    def warehouse(self) -> Warehouse:
        """The database, by its one connection."""
        return OneConnection.of(self.connection, self.settings)

    def put(self, name: str, content: bytes | str | Path, *, day: date = DAY) -> Path:
        """Put a raw file into a day's folder."""
        path = self.settings.raw_dir / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.read_bytes() if isinstance(content, Path) else content
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    async def add_meter(self, code: str, *, kind: str = "heat", building: str = "B", itp: str = "I") -> int:
        """Add a meter to the reference tables; returns its id."""
        return int(
            await self.connection.fetchval(
                """
                with b as (
                    insert into core.buildings (external_code) values ($1)
                    on conflict (external_code) do update set external_code = $1 returning id
                ), i as (
                    insert into core.itp (external_code, building_id) select $2, id from b
                    on conflict (external_code) do update set external_code = $2 returning id
                )
                insert into core.meters (external_code, itp_id, kind) select $3, id, $4 from i returning id
                """,
                building,
                itp,
                code,
                kind,
            )
        )

    async def add_period(
        self, code: str, *, itp: str | None = None, installed: str | None = None, removed: str | None = None
    ) -> None:
        """Tell when a meter was at an ITP; without one at that in core."""
        await self.connection.execute(
            "insert into quality.meter_periods select meters.id, itp.id, $3::text::timestamptz, $4::text::timestamptz"
            " from core.meters as meters left join core.itp as itp on itp.external_code = $2"
            " where meters.external_code = $1",
            *(code, itp, installed, removed),
        )

    async def begin(self, day: date = DAY) -> Run:
        """Begin a run; it lives as long as the connection."""
        use_one_heap()
        return Run(uuid4(), await acquire_claim_key(self.connection), day)

    async def ingest(self, run: Run, request: Request | None = None) -> None:
        """Stage every file of the run's day, batch by batch."""
        request = request or Request()
        day = await prepare_ingest(run, request, self.warehouse)
        results = [await ingest_files(files, day.mappings, run, request, self.warehouse) for files in day.batches]
        await record_unchanged(run, BatchResult.of(results).unchanged, self.warehouse)

    async def validate(self, run: Run) -> None:
        """Validate the run's staged loads, batch by batch."""
        for loads in await find_staged_batches(run, self.warehouse):
            await validate_loads(loads, run, self.warehouse)

    async def load(self, run: Run) -> None:
        """Merge the run's validated loads into core, batch by batch."""
        plan = await plan_merges(run, self.warehouse)
        for loads in [*plan.side_by_side, *plan.in_order]:
            await merge_loads(loads, run, self.warehouse)

    async def finish(self, run: Run) -> list[asyncpg.Record]:
        """Validate and load what is staged; returns the log rows of this run in the order of their files."""
        await self.validate(run)
        await self.load(run)
        return await self.log(run.flow_run_id)

    async def run(self, day: date = DAY, *, replay: Replay | None = None) -> list[asyncpg.Record]:
        """Run one day; returns the log rows of this run in the order of their files."""
        run = await self.begin(day)
        await self.ingest(run, Request(replay=replay))
        return await self.finish(run)

    async def requeue(self, reason: Reason = Reason.UNMAPPED_CODE) -> list[asyncpg.Record]:
        """Load rows once more that were rejected for a reason."""
        run = await self.begin()
        await requeue_rows(self.connection, run, self.settings, reason=reason)
        return await self.finish(run)

    async def replay_from_stage(self, load_id: UUID, replay: Replay = "latest") -> list[asyncpg.Record]:
        """Load a load's rows once more from stage."""
        run = await self.begin()
        await restage_load(self.connection, load_id, run, self.settings, replay=replay)
        return await self.finish(run)

    async def rollback(self, load_id: UUID, *, dry_run: bool = False) -> RolledBack:
        """Roll a load back."""
        return await rollback_load(self.connection, load_id, self.settings, dry_run=dry_run)

    async def refresh(self, windows: Sequence[Window]) -> list[Window]:
        """Bring aggregates and REFRESH_OBJECTS up to date; returns the windows that retention kept from it."""
        targets = await find_targets(self.connection, self.settings)
        return (await refresh(self.connection, targets, windows, self.settings)).dropped

    async def refresh_all(self) -> list[Window]:
        """Do so over all days of core, and those beside them."""
        await self.connection.execute(
            "insert into quality.changed_days (local_date) "
            "select distinct (time at time zone $1)::date + day from core.measurements, generate_series(-1, 1) as day",
            self.settings.default_tz,
        )
        return await self.follow()

    async def follow(self) -> list[Window]:
        """Do what the flow does after the commit, but for the features."""
        changes = await start_changes(self.connection, self.settings)
        dropped = await self.refresh(changes.windows)
        await self.connection.execute("delete from quality.changed_days where taken")
        return dropped

    async def transform(self, progress: Progress | None = None) -> Transformed:
        """Do what the flow does after the commit."""
        assert self.settings.database_url
        return await transform_changes(Warehouse(settings=self.settings, dsn=self.settings.database_url), progress)

    async def values(self) -> dict[tuple[str, str, str], float]:
        """Return core as (meter, hour UTC, metric) → value."""
        rows = await self.connection.fetch(
            "select meter_code, to_char(time at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as hour, metric::text, value"
            " from core.readings"
        )
        return {(row["meter_code"], row["hour"], row["metric"]): row["value"] for row in rows}

    async def log(self, flow_run_id: UUID) -> list[asyncpg.Record]:
        """Return the load log of one run."""
        return list(
            await self.connection.fetch(
                "select * from quality.quality_load_log where flow_run_id = $1 order by source_file, started_at",
                flow_run_id,
            )
        )

    async def digest(self) -> str:
        """Return a digest over every reading in core."""
        return str(await self.connection.fetchval(CORE_DIGEST))

    async def errors(self) -> list[asyncpg.Record]:
        """Return all row errors in the order of the file."""
        return list(
            await self.connection.fetch(
                "select * from quality.quality_row_errors order by source_file, row_num, column_name, reason"
            )
        )


def long_csv(*rows: str) -> str:
    """Return a csv of the data contract; the rows are `timestamp,meter,metric,value`."""
    return "\n".join(["timestamp,meter_code,metric,value", *rows]) + "\n"
