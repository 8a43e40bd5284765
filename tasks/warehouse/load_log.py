"""The load log, `quality.quality_load_log`: the state machine of every attempt at a file (`schemas/load_states.py`).

Each statement that moves a row checks the state that it moves it from.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple
from uuid import UUID

from schemas.digests import rules_digest
from schemas.errors import ClaimLostError, FileError
from schemas.load_states import LoadStatus
from schemas.problems import FileProblem, FileRemark, Language, Step, describe
from schemas.settings import Settings
from schemas.source_lines import SourceLines
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.connection import Connection, Warehouse, fetch_one, session_name_of
from tasks.warehouse.locks import end_sessions
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    from schemas.table_schema import TableSchema

sql = Statements(__file__)
_MAX_MESSAGE = 2_000


class Run(NamedTuple):
    """Who loads: the parent flow run, the key of the lock that shows that it is alive, and its day."""

    flow_run_id: UUID
    claim_key: int
    business_date: date


class NewLoad(NamedTuple):
    """A row to insert: one file, one attempt."""

    load_id: UUID
    source_file: str
    status: Literal[LoadStatus.RUNNING, LoadStatus.SKIPPED, LoadStatus.FAILED]
    source: str | None = None
    """The mapping that takes the file; None: there is none, or it does not matter."""
    replaces_days: bool = False
    """The mapping says that a newer version of the file replaces whole days."""
    checksum: str | None = None
    """None: not even the bytes could be read."""
    size_bytes: int | None = None
    identity: str | None = None
    replay_of: UUID | None = None
    content_id: UUID | None = None
    """The first load of its content; None: this one."""
    effective_at: datetime | None = None
    """Its place in the order of loads, where that is another one's; None: it comes last when it ends in core."""
    mapping_digest: str | None = None
    problem: FileProblem | None = None
    message: str | None = None


class LogRow(NamedTuple):
    """A load as the log knows it."""

    load_id: UUID
    content_id: UUID
    source_file: str
    source: str | None
    replaces_days: bool
    identity: str | None
    checksum: str | None
    size_bytes: int | None
    mapping_digest: str | None
    business_date: date
    status: LoadStatus
    requeue_of: UUID | None
    effective_at: datetime | None
    raw_rows: int
    rolled_back_at: datetime | None
    first_time: datetime | None
    last_time: datetime | None

    @property
    def ended_in_core(self) -> bool:
        """Whether the load was merged into core, rolled back since or not."""
        return self.status in (LoadStatus.SUCCESS, LoadStatus.PARTIAL)


class ValidationCounts(NamedTuple):
    """What validation found in one load: readings, and the span of the accepted ones in microseconds since 1970 UTC."""

    load_id: UUID
    rows_read: int
    rows_rejected: int
    rows_duplicate: int
    rows_suspect: int
    first_time: int | None
    last_time: int | None
    message: str | None
    """Why readings were rejected, for the load log."""


class MergeCounts(NamedTuple):
    """What a merge did to core for one load, in readings."""

    load_id: UUID
    inserted: int
    updated: int
    unchanged: int
    no_longer_in_file: int = 0
    """Of earlier versions of the file; they stay in core."""
    message: str | None = None
    """What the load log adds to the load's message."""


def new_load_id(now: float) -> UUID:
    """Make a UUID version 7 (RFC 9562) of `now`, seconds since 1970: as ids grow, block ranges find their rows."""
    random = secrets.randbits(74)
    return UUID(int=int(now * 1000) << 80 | 7 << 76 | (random >> 62) << 64 | 2 << 62 | random & (1 << 62) - 1)


async def insert_load(connection: Connection, run: Run, load: NewLoad, settings: Settings) -> None:
    """Log a new attempt; a running one belongs to the run."""
    claim_key = run.claim_key if load.status == LoadStatus.RUNNING else None
    await connection.execute(
        *sql(
            "insert_load",
            settings,
            **load._asdict(),
            business_date=run.business_date,
            flow_run_id=run.flow_run_id,
            claim_key=claim_key,
            rules_digest=rules_digest(settings),
        )
    )


async def find_load(connection: Connection, load_id: UUID, settings: Settings) -> LogRow | None:
    """Find a load in the log."""
    row = await connection.fetchrow(*sql("find_load", settings, load_id=load_id))
    return LogRow(**{**row, "status": LoadStatus(row["status"])}) if row else None


async def adopt_loads(connection: Connection, run: Run, settings: Settings) -> None:
    """Continue the loads that an earlier process of the same flow run left unfinished.

    That process may only have been stopped, or cut off from Prefect: it loses its sessions, with what it has not
    committed, and its claims.
    """
    await end_sessions(connection, session_name_of(run.flow_run_id), settings)
    await connection.execute(*sql("adopt_loads", settings, flow_run_id=run.flow_run_id, claim_key=run.claim_key))


async def finish_staging(
    connection: Connection,
    load_id: UUID,
    tables: Sequence[TableSchema],
    claim_key: int,
    settings: Settings,
    *,
    raw_rows: int,
    lines: Mapping[str, int] | None,
    source_lines: SourceLines | None,
    message: str | None,
) -> None:
    """Move a load from claimed to staged.

    `lines` are the counts of the file's account; None: its rows come from stage.

    Raises:
        ClaimLostError: it is no longer in that state, or no longer the run's.

    """
    from schemas.table_schema import fingerprint  # commands that read no file start without it

    tables_json = json.dumps([table.model_dump(by_alias=True) for table in tables], ensure_ascii=False)
    _require(
        load_id,
        await connection.fetchval(
            *sql(
                "finish_staging",
                settings,
                load_id=load_id,
                claim_key=claim_key,
                raw_rows=raw_rows,
                lines=None if lines is None else json.dumps(lines),
                source_lines=source_lines and source_lines.model_dump_json(),
                fingerprint=fingerprint(tables),
                message=message,
                tables=tables_json,
            )
        ),
    )


class Staging(NamedTuple):
    """What the log knows of the rows that a load has in stage."""

    tables: list[TableSchema]
    source_lines: SourceLines | None
    """None: loaded before they were kept."""


async def find_staging(connection: Connection, load_id: UUID, settings: Settings) -> Staging:
    """Return what `finish_staging` has logged of a load."""
    from schemas.table_schema import TableSchema

    row = await fetch_one(connection, *sql("find_staging", settings, load_id=load_id))
    tables = [TableSchema.model_validate(table) for table in json.loads(row["layout"])]
    lines = row["source_lines"]
    return Staging(tables, lines and SourceLines.model_validate_json(lines))


async def finish_validation(
    connection: Connection, counts: ValidationCounts, claim_key: int, settings: Settings
) -> None:
    """Move a load from staged to validated.

    Raises:
        ClaimLostError: it is no longer in that state, or no longer the run's.

    """
    finished = await connection.fetchval(*sql("finish_validation", settings, **counts._asdict(), claim_key=claim_key))
    _require(counts.load_id, finished)


async def finish_load(connection: Connection, counts: MergeCounts, claim_key: int, settings: Settings) -> None:
    """Move a load from validated to loaded, with its final status.

    Raises:
        ClaimLostError: it is no longer in that state or no longer the run's, or its content was loaded meanwhile.

    """
    finished = await connection.fetchval(*sql("finish_load", settings, **counts._asdict(), claim_key=claim_key))
    _require(counts.load_id, finished)


async def fail_load(
    connection: Connection, load_id: UUID, error: FileError, claim_key: int, settings: Settings
) -> None:
    """Log that a load failed and why; what it staged stays until the next attempt.

    Raises:
        ClaimLostError: it has ended, or is no longer the run's.

    """
    failure = {"problem": error.problem, "message": str(error)[:_MAX_MESSAGE]}
    failed = await connection.fetchval(*sql("fail_load", settings, load_id=load_id, claim_key=claim_key, **failure))
    _require(load_id, failed)


async def fail_alone(
    load_id: UUID,
    source_file: str,
    error: Exception,
    run: Run,
    warehouse: Warehouse,
    *,
    step: Step,
    log: logging.Logger,
) -> BatchResult:
    """Log that a load failed on a step; its batch's other loads go on."""
    failure = FileError.of(error, step=step)
    log.error("failed %r: %s", source_file, failure.describe(Language.ENGLISH), exc_info=failure is not error)
    async with warehouse.connect() as connection:
        await fail_load(connection, load_id, failure, run.claim_key, warehouse.settings)
    return BatchResult(1, {source_file: str(failure)})


async def hold_load(
    connection: Connection, load_id: UUID, error: FileError, claim_key: int, settings: Settings
) -> None:
    """Log that a load waits for a person, and why.

    Raises:
        ClaimLostError: it is no longer validated, or no longer the run's.

    """
    held = {"problem": error.problem, "message": str(error)}
    _require(
        load_id, await connection.fetchval(*sql("hold_load", settings, load_id=load_id, claim_key=claim_key, **held))
    )


async def release_held_load(connection: Connection, load_id: UUID, run: Run, settings: Settings) -> bool:
    """Make a held load the run's, to be merged; return whether it was held."""
    owner = {"flow_run_id": run.flow_run_id, "claim_key": run.claim_key}
    query = sql("release_load", settings, load_id=load_id, **owner, message=FileRemark.RELEASED)
    return await connection.fetchval(*query) is not None


async def supersede_held_loads(connection: Connection, run: Run, source_file: str, settings: Settings) -> None:
    """Log of held loads of a file that a newer version has come."""
    why = {"problem": FileProblem.SUPERSEDED, "message": describe(FileProblem.SUPERSEDED)}
    path = {"business_date": run.business_date, "source_file": source_file}
    await connection.execute(*sql("supersede_held_loads", settings, **path, **why))


_DEAD = {"problem": FileProblem.INTERRUPTED, "message": describe(FileProblem.INTERRUPTED)}


async def fail_dead_load(connection: Connection, load_id: UUID, claim_key: int, settings: Settings) -> None:
    """Log that the run that had claimed a load under a key has died; its file is loaded again from the start."""
    await connection.execute(*sql("fail_dead_load", settings, load_id=load_id, claim_key=claim_key, **_DEAD))


async def fail_dead_loads(connection: Connection, run: Run, settings: Settings) -> None:
    """Log of every load of another run that has died that it was interrupted, so that none looks as if under way."""
    await connection.execute(*sql("fail_dead_loads", settings, flow_run_id=run.flow_run_id, **_DEAD))


async def find_idle_loads(connection: Connection, load_ids: Collection[UUID], settings: Settings) -> list[UUID]:
    """Find those of the loads that no living run works on."""
    return [row["load_id"] for row in await connection.fetch(*sql("find_idle_loads", settings, load_ids=load_ids))]


async def restart_failed_loads(connection: Connection, checksum: str, identity: str | None, settings: Settings) -> None:
    """Delete what failed attempts at the same content have left in stage, and move them back to claimed."""
    await connection.execute(*sql("restart_failed_loads", settings, checksum=checksum, identity=identity))


def _require(load_id: UUID, moved: UUID | None) -> None:
    if moved is None:
        raise ClaimLostError(
            f"this run has lost load {load_id}: another process goes on with it, or has loaded the same content"
        )
