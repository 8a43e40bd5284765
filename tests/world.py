"""The pipeline without Prefect, for tests: a day's files in, core out, as the flows put it together."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from flows.ingest import unpacked
from schemas.errors import FileError
from schemas.mappings import SourceMapping, load_mappings, match_mapping
from schemas.reasons import Reason
from schemas.settings import Settings
from schemas.windows import Window
from tasks.ingest.claim_files import Run, claim, fail_load, new_load_id, take_claim_key
from tasks.ingest.find_files import RawFile, find_files
from tasks.ingest.read_tables import read_tables
from tasks.ingest.stage_rows import cells_of, raw_spool, stage_tables
from tasks.load.merge_readings import LOADS_LOCK, accepted_spool, find_parsed, load
from tasks.load.requeue_rows import replay_from_stage, requeue_rows
from tasks.load.rollback_load import RolledBack, rollback_load
from tasks.transform.refresh_aggregates import find_targets, refresh
from tasks.validate.partition_readings import Spool
from tasks.validate.validate_loads import find_staged, judge_loads
from tasks.warehouse.batches import group
from tasks.warehouse.heap import use_one_heap

DAY = date(2025, 4, 30)
CORE_DIGEST = """
    select md5(coalesce(string_agg(concat_ws('|', time, meter_id, metric, value, quality), E'\n'
    order by meter_id, time, metric), '')) from core.measurements
"""


class World(NamedTuple):
    """A migrated database and a folder of raw files."""

    connection: asyncpg.Connection
    settings: Settings

    def put(self, name: str, content: bytes | str | Path, *, day: date = DAY) -> Path:
        """Put a raw file into a day's folder."""
        path = self.settings.raw_dir / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.read_bytes() if isinstance(content, Path) else content
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    async def add_meter(self, code: str, *, kind: str = "heat", building: str = "B", itp: str = "I") -> int:
        """Add a meter to the reference tables; gives its id."""
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

    async def begin(self, day: date = DAY) -> Run:
        """Begin a run; it lives as long as the connection."""
        use_one_heap()
        return Run(uuid4(), await take_claim_key(self.connection), day)

    async def ingest(self, run: Run, *, replay: bool = False) -> None:
        """Claim and stage every file of the run's day."""
        found = await find_files(run.business_date, self.settings, now=time.time())
        for file in found.files:
            with unpacked(file, self.settings) as (members, _, broken):
                for member in members:
                    await self._ingest_file(run, member, broken.get(member.source_file), replay=replay)

    async def _ingest_file(self, run: Run, file: RawFile, broken: FileError | None, *, replay: bool) -> None:
        mapping: SourceMapping | FileError
        try:
            mapping = broken or match_mapping(_mappings(self.settings.sources_dir), file.relative_path)
        except FileError as error:
            mapping = error
        claimed = await claim(
            self.connection,
            run,
            self.settings,
            source_file=file.source_file,
            checksum=file.checksum,
            size_bytes=file.size_bytes,
            identity=mapping.path_identity(file.relative_path) if isinstance(mapping, SourceMapping) else None,
            replay=replay,
        )
        if claimed.skipped_because or claimed.is_staged:
            return
        try:
            if isinstance(mapping, FileError):
                raise mapping
            tables = read_tables(file.path, mapping, relative_path=file.relative_path, settings=self.settings)
            await stage_tables(
                self.connection, claimed.load_id, file.source_file, tables, self.settings, source=mapping.name
            )
        except FileError as error:
            await fail_load(self.connection, claimed.load_id, str(error), self.settings)

    async def validate(self, run: Run) -> None:
        """Judge the run's staged loads, in groups as the flow does."""
        spool = Spool(
            raw=lambda load_id, table: raw_spool(load_id, table, self.settings),
            accepted=lambda load_id: accepted_spool(load_id, self.settings),
            cells=cells_of,
        )
        staged = await find_staged(self.connection, run.flow_run_id, self.settings)
        for loads in group(staged, rows=lambda one: one.readings):
            await judge_loads(self.connection, loads, spool, self.settings)

    async def load(self, run: Run) -> None:
        """Load the run's judged loads in groups, or one by one where files share readings."""
        judged = await find_parsed(self.connection, run.flow_run_id, self.settings)
        for loads in group(judged, rows=lambda one: one.readings):
            alone = any(one.shares_readings for one in loads)
            for some in [[one] for one in loads] if alone else [loads]:
                await load(self.connection, some, run.claim_key, self.settings)

    async def finish(self, run: Run) -> list[asyncpg.Record]:
        """Judge and load what is staged; gives the log rows of this run in the order of their files."""
        await self.validate(run)
        await self.load(run)
        return await self.log(run.flow_run_id)

    async def run(self, day: date = DAY, *, replay: bool = False) -> list[asyncpg.Record]:
        """Run one day; gives the log rows of this run in the order of their files."""
        run = await self.begin(day)
        await self.ingest(run, replay=replay)
        return await self.finish(run)

    async def requeue(self, reason: Reason = Reason.UNMAPPED_CODE) -> list[asyncpg.Record]:
        """Load rows once more that were rejected for a reason."""
        run = await self.begin()
        await requeue_rows(self.connection, run, self.settings, reason=reason, new_load_id=new_load_id)
        return await self.finish(run)

    async def replay_from_stage(self, load_id: UUID) -> list[asyncpg.Record]:
        """Load a load's rows once more from stage."""
        run = await self.begin()
        await replay_from_stage(self.connection, load_id, run, self.settings, new_load_id=new_load_id)
        return await self.finish(run)

    async def rollback(self, load_id: UUID, *, dry_run: bool = False) -> RolledBack:
        """Take a load back."""
        return await rollback_load(self.connection, load_id, self.settings, loads_lock=LOADS_LOCK, dry_run=dry_run)

    async def refresh(self, windows: Sequence[Window], *, full: bool = False) -> list[Window]:
        """Bring aggregates and REFRESH_OBJECTS up to date; gives the windows that retention kept from it."""
        targets = await find_targets(self.connection, self.settings)
        return await refresh(self.connection, targets, windows, self.settings, full=full)

    async def values(self) -> dict[tuple[str, str, str], float]:
        """Give core as (meter, hour UTC, metric) → value."""
        rows = await self.connection.fetch(
            "select meter_code, to_char(time at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as hour, metric::text, value"
            " from core.readings"
        )
        return {(row["meter_code"], row["hour"], row["metric"]): row["value"] for row in rows}

    async def log(self, flow_run_id: UUID) -> list[asyncpg.Record]:
        """Give the load log of one run."""
        return list(
            await self.connection.fetch(
                "select * from quality.quality_load_log where flow_run_id = $1 order by source_file, started_at",
                flow_run_id,
            )
        )

    async def digest(self) -> str:
        """Give a digest over every reading in core."""
        return str(await self.connection.fetchval(CORE_DIGEST))

    async def errors(self) -> list[asyncpg.Record]:
        """Give all row errors in the order of the file."""
        return list(
            await self.connection.fetch(
                "select * from quality.quality_row_errors order by source_file, row_num, column_name, reason"
            )
        )


def _mappings(folder: Path) -> list[SourceMapping]:
    return _mappings_of(folder, tuple(file.read_bytes() for file in sorted(folder.glob("*.yaml"))))


@functools.lru_cache(maxsize=8)
def _mappings_of(folder: Path, _contents: tuple[bytes, ...]) -> list[SourceMapping]:
    return load_mappings(folder)


def long_csv(*rows: str) -> str:
    """Give a csv of the data contract; the rows are `timestamp,meter,metric,value`."""
    return "\n".join(["timestamp,meter_code,metric,value", *rows]) + "\n"
