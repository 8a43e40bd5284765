"""Claim files for a run: a known checksum is skipped, a dead run's claim is taken over.

A run holds one session advisory lock, its claim key, for as long as it lives; rows of the load log that
are `running` under a key without a holder belong to a dead run.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from uuid import UUID

import asyncpg

from schemas.errors import FileError
from schemas.load_states import LoadStatus, LoadStep
from schemas.mappings import SourceMapping
from schemas.problems import FileProblem, Language, describe
from schemas.settings import Settings
from tasks.ingest.find_files import RawFile
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import (
    NewLoad,
    Run,
    fail_dead_load,
    insert_load,
    new_load_id,
    restart_failed_loads,
    supersede_held_loads,
)
from tasks.warehouse.locks import is_held
from tasks.warehouse.statements import Statements

sql = Statements(__file__)
_log = logging.getLogger("dataops.ingest")
_MAX_WAIT = "10s"
_MAX_TRIES = 10


Replay = Literal["latest", "in place"]
"""How known content is loaded again: its values replace all earlier ones, or keep the place of those they replace."""


class Claim(NamedTuple):
    """The outcome for one file."""

    load_id: UUID
    skipped_as: FileProblem | None = None
    """None: the file is ours to load."""
    message: str | None = None
    """Why it is skipped, for the load log."""
    log_message: str | None = None
    """The same for developers."""
    is_staged: bool = False
    """An earlier attempt of this flow run has staged the file; the run goes on from there."""
    replaces: Mapping[str, Any] | None = None
    """The load whose content this one loads again."""


async def claim(
    connection: Connection,
    run: Run,
    file: RawFile,
    settings: Settings,
    *,
    mapping: SourceMapping | None = None,
    replay: Replay | None = None,
) -> Claim:
    """Claim a file's content: one log row, `running` (ours) or `skipped` (known, or being loaded).

    Args:
        connection: A connection outside a transaction.
        run: The run that claims.
        file: The file.
        settings: The settings.
        mapping: The mapping that takes the file. It says by the path whose readings these are: equal bytes of two
            buildings, such as a day without any flow, are two contents.
        replay: Also claim known content, and how.

    """
    for _ in range(_MAX_TRIES):
        try:
            return await _claim(connection, run, file, mapping, settings, replay=replay)
        except asyncpg.UniqueViolationError:  # another run has claimed the content since we looked
            _log.debug("claimed by another run: %r", file.source_file)
    return await _claim(connection, run, file, mapping, settings, replay=replay)


async def _claim(
    connection: Connection,
    run: Run,
    file: RawFile,
    mapping: SourceMapping | None,
    settings: Settings,
    *,
    replay: Replay | None,
) -> Claim:
    identity = mapping.path_identity(file.relative_path) if mapping else None
    async with connection.transaction():
        # For another claim of the same content, which takes a moment unless its process was stopped in it.
        await connection.execute(f"set local lock_timeout = '{_MAX_WAIT}'")
        claimed = await _decide(connection, run, file, identity, settings, is_replay=replay is not None)
        if claimed.is_staged:
            return claimed
        if not claimed.skipped_as:
            await restart_failed_loads(connection, file.checksum, identity, settings)
        replaced: Mapping[str, Any] = claimed.replaces or {}
        load = NewLoad(
            load_id=claimed.load_id,
            source_file=file.source_file,
            source=mapping.name if mapping else None,
            replaces_days=bool(mapping and mapping.replaces),
            status=LoadStatus.SKIPPED if claimed.skipped_as else LoadStatus.RUNNING,
            checksum=file.checksum,
            size_bytes=file.size_bytes,
            identity=identity,
            replay_of=replaced.get("load_id"),
            content_id=replaced.get("content_id"),
            effective_at=replaced.get("effective_at") if replay == "in place" else None,
            mapping_digest=mapping.digest if mapping else None,
            problem=claimed.skipped_as,
            message=claimed.message,
        )
        await insert_load(connection, run, load, settings)
        # Also one that is known already: the supplier has taken the held one back.
        if claimed.skipped_as not in (FileProblem.STILL_HELD, FileProblem.IN_PROGRESS):
            await supersede_held_loads(connection, run, file.source_file, settings)
    return claimed


async def _decide(
    connection: Connection, run: Run, file: RawFile, identity: str | None, settings: Settings, *, is_replay: bool
) -> Claim:
    """Compare a file with the loads of the same content; those of dead runs are failed on the way.

    The same bytes under the same path are the same content, whomever an edited mapping now says they are of.
    """
    load_id = new_load_id(time.time())
    replaces = None
    content = {"checksum": file.checksum, "identity": identity}
    known = sql("find_loads_of_content", settings, **content, source_file=file.source_file)
    for load in await connection.fetch(*known):
        if load["status"] != LoadStatus.RUNNING:
            if is_replay or load["replay_by_hand"]:
                if load["status"] != LoadStatus.HELD:
                    replaces = replaces or load
                continue
            return _skip(load_id, _why_known(load), load)
        if load["claim_key"] == run.claim_key:
            if load["source_file"] != file.source_file:
                return _skip(load_id, FileProblem.SAME_CONTENT, load)
            if load["step"] != LoadStep.CLAIMED:
                return Claim(load["load_id"], is_staged=True)
        elif await is_held(connection, load["claim_key"], settings):
            return _skip(load_id, FileProblem.IN_PROGRESS, load)
        await fail_dead_load(connection, load["load_id"], load["claim_key"], settings)
    # Of a load that was deleted by hand the next one of its content is the same one again.
    deleted = sql("take_deleted_load", settings, **content)
    return Claim(await connection.fetchval(*deleted) or load_id, replaces=dict(replaces) if replaces else None)


def _why_known(load: asyncpg.Record) -> FileProblem:
    if load["status"] == LoadStatus.HELD:
        return FileProblem.STILL_HELD
    return FileProblem.ROLLED_BACK if load["rolled_back_at"] else FileProblem.ALREADY_LOADED


def _skip(load_id: UUID, problem: FileProblem, known: asyncpg.Record) -> Claim:
    data = dict(known)
    return Claim(load_id, problem, describe(problem, **data), describe(problem, Language.ENGLISH, **data))


async def log_unreadable(
    connection: Connection, run: Run, settings: Settings, *, source_file: str, error: FileError
) -> None:
    """Log a file that the system does not let us read: not even its checksum is known."""
    _log.error("failed %r: %s", source_file, error.describe(Language.ENGLISH))
    await insert_load(connection, run, _not_read(source_file, LoadStatus.FAILED, error), settings)


def _not_read(source_file: str, status: Literal[LoadStatus.FAILED, LoadStatus.SKIPPED], error: FileError) -> NewLoad:
    return NewLoad(new_load_id(time.time()), source_file, status, problem=error.problem, message=str(error))


async def log_never_read(
    connection: Connection, run: Run, settings: Settings, never_read: Mapping[str, FileError]
) -> None:
    """Log what is never read, by its name in the load log: once, not in every run for as long as it lies there."""
    known = await connection.fetch(
        *sql("find_last_problems", settings, business_date=run.business_date, source_files=[*never_read])
    )
    problems = {row["source_file"]: row["problem"] for row in known}
    for source_file, error in never_read.items():
        _log.warning("not read %r: %s", source_file, error.describe(Language.ENGLISH))
        if problems.get(source_file) != error.problem:
            await insert_load(connection, run, _not_read(source_file, LoadStatus.SKIPPED, error), settings)
