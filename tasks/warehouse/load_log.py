"""The load log, `quality.quality_load_log`: the state machine of every attempt at a file (`schemas/load_states.py`).

Each statement that moves a row checks the state that it moves it from.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

import asyncpg

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
    file_stat: str | None = None
    """What the system said of the file before it was read."""


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


async def insert_loads(connection: Connection, run: Run, loads: Collection[NewLoad], settings: Settings) -> None:
    """Log new attempts; running ones belong to the run."""
    if loads:
        await connection.execute(
            *sql(
                "insert_load",
                settings,
                loads=as_json(load._asdict() for load in loads),
                business_date=run.business_date,
                flow_run_id=run.flow_run_id,
                claim_key=run.claim_key,
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


class StagedFile(NamedTuple):
    """What was found in a file whose rows are in stage."""

    load_id: UUID
    tables: Sequence[TableSchema]
    raw_rows: int
    lines: Mapping[str, int] | None
    """The counts of the file's account; None: its rows come from stage."""
    source_lines: SourceLines | None
    message: str | None


async def finish_staging(
    connection: Connection, files: Sequence[StagedFile], claim_key: int, settings: Settings
) -> None:
    """Move loads from claimed to staged.

    Raises:
        ClaimLostError: one is no longer in that state, or no longer the run's.

    """
    from schemas.table_schema import fingerprint  # commands that read no file start without it

    loads = as_json(
        {
            "load_id": file.load_id,
            "raw_rows": file.raw_rows,
            "lines": file.lines,
            "source_lines": file.source_lines and file.source_lines.model_dump(mode="json"),
            "fingerprint": fingerprint(file.tables),
            "message": file.message,
            "tables": [table.model_dump(by_alias=True) for table in file.tables],
        }
        for file in files
    )
    moved = await connection.fetch(*sql("finish_staging", settings, loads=loads, claim_key=claim_key))
    _require_all([file.load_id for file in files], moved)


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
    connection: Connection, counts: Sequence[ValidationCounts], claim_key: int, settings: Settings
) -> None:
    """Move loads from staged to validated.

    Raises:
        ClaimLostError: one is no longer in that state, or no longer the run's.

    """
    loads = as_json(of_load._asdict() for of_load in counts)
    moved = await connection.fetch(*sql("finish_validation", settings, loads=loads, claim_key=claim_key))
    _require_all([of_load.load_id for of_load in counts], moved)


async def finish_load(
    connection: Connection, counts: Sequence[MergeCounts], claim_key: int, settings: Settings
) -> None:
    """Move loads from validated to loaded, with their final status.

    Raises:
        ClaimLostError: one is no longer in that state or no longer the run's, or its content was loaded meanwhile.

    """
    loads = as_json(of_load._asdict() for of_load in counts)
    moved = await connection.fetch(*sql("finish_load", settings, loads=loads, claim_key=claim_key))
    _require_all([of_load.load_id for of_load in counts], moved)


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


async def supersede_held_loads(
    connection: Connection, run: Run, source_files: Collection[str], settings: Settings
) -> None:
    """Log of held loads of files that a newer version has come."""
    why = {"problem": FileProblem.SUPERSEDED, "message": describe(FileProblem.SUPERSEDED)}
    paths = {"business_date": run.business_date, "source_files": source_files}
    await connection.execute(*sql("supersede_held_loads", settings, **paths, **why))


_DEAD = {"problem": FileProblem.INTERRUPTED, "message": describe(FileProblem.INTERRUPTED)}


async def fail_claimed_loads(connection: Connection, claim_keys: Mapping[UUID, int], settings: Settings) -> None:
    """Log that the runs that had claimed loads have died; their files are loaded again from the start.

    `claim_keys` are those under which the loads were found.
    """
    if claim_keys:
        loads = {"load_ids": [*claim_keys], "claim_keys": [*claim_keys.values()]}
        await connection.execute(*sql("fail_dead_load", settings, **loads, **_DEAD))


async def fail_dead_loads(connection: Connection, run: Run, settings: Settings) -> None:
    """Log of every load of another run that has died that it was interrupted, so that none looks as if under way."""
    await connection.execute(*sql("fail_dead_loads", settings, flow_run_id=run.flow_run_id, **_DEAD))


async def find_idle_loads(connection: Connection, load_ids: Collection[UUID], settings: Settings) -> list[UUID]:
    """Find those of the loads that no living run works on."""
    return [row["load_id"] for row in await connection.fetch(*sql("find_idle_loads", settings, load_ids=load_ids))]


async def restart_failed_loads(
    connection: Connection, contents: Sequence[tuple[str, str | None]], settings: Settings
) -> None:
    """Delete what failed attempts at contents, by checksum and identity, left in stage; move them back to claimed."""
    checksums, identities = [checksum for checksum, _ in contents], [identity for _, identity in contents]
    await connection.execute(*sql("restart_failed_loads", settings, checksums=checksums, identities=identities))


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as statements take them that handle many at once: an array of objects."""
    return json.dumps([*rows], ensure_ascii=False, default=str)


def _require(load_id: UUID, moved: UUID | None) -> None:
    if moved is None:
        raise ClaimLostError(
            f"this run has lost load {load_id}: another process goes on with it, or has loaded the same content"
        )


def _require_all(load_ids: Sequence[UUID], moved: Iterable[asyncpg.Record]) -> None:
    found = {row["load_id"] for row in moved}
    for load_id in load_ids:
        _require(load_id, load_id if load_id in found else None)
