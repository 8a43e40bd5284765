"""Claim files for a run: a known checksum is skipped, a dead run's claim is taken over.

A run holds one session advisory lock, its claim key, for as long as it lives; rows of the load log that
are `running` under a key without a holder belong to a dead run.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
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
    fail_claimed_loads,
    insert_loads,
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
_LEFT_ALONE = (FileProblem.STILL_HELD, FileProblem.IN_PROGRESS)


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

    @property
    def is_new(self) -> bool:
        """Whether the file is to be read."""
        return not self.skipped_as and not self.is_staged


class Candidate(NamedTuple):
    """A file to claim."""

    file: RawFile
    mapping: SourceMapping | None = None
    """The mapping that takes the file. It says by the path whose readings these are: equal bytes of two buildings, such
    as a day without any flow, are two contents."""

    @property
    def identity(self) -> str | None:
        """Whose readings path and mapping say that it holds."""
        return self.mapping.path_identity(self.file.relative_path) if self.mapping else None


async def claim(
    connection: Connection,
    run: Run,
    candidates: Sequence[Candidate],
    settings: Settings,
    *,
    replay: Replay | None = None,
) -> list[Claim]:
    """Claim the contents of files: a log row each, `running` (ours) or `skipped` (known, or being loaded).

    Args:
        connection: A connection outside a transaction.
        run: The run that claims.
        candidates: The files.
        settings: The settings.
        replay: Also claim known content, and how.

    """
    for _ in range(_MAX_TRIES):
        try:
            return await _claim(connection, run, candidates, settings, replay=replay)
        except asyncpg.UniqueViolationError:  # another run has claimed one of the contents since we looked
            _log.debug("claimed by another run, of %d files", len(candidates))
    return await _claim(connection, run, candidates, settings, replay=replay)


async def _claim(
    connection: Connection,
    run: Run,
    candidates: Sequence[Candidate],
    settings: Settings,
    *,
    replay: Replay | None,
) -> list[Claim]:
    contents = [(candidate.file.checksum, candidate.identity) for candidate in candidates]
    async with connection.transaction():
        # For another claim of the same contents, which takes a moment unless its process was stopped in it.
        await connection.execute(f"set local lock_timeout = '{_MAX_WAIT}'")
        claims = await _decide(connection, run, candidates, contents, settings, is_replay=replay is not None)
        ours = [content for content, claimed in zip(contents, claims, strict=True) if claimed.is_new]
        if ours:
            await restart_failed_loads(connection, ours, settings)
        found = zip(candidates, contents, claims, strict=True)
        loads = [_new_load(*each, replay=replay) for each in found if not each[-1].is_staged]
        await insert_loads(connection, run, loads, settings)
        # Also those of content that is known already: the supplier has taken the held one back.
        await supersede_held_loads(
            connection,
            run,
            [load.source_file for load in loads if load.problem not in _LEFT_ALONE],
            settings,
        )
    return claims


def _new_load(
    candidate: Candidate, content: tuple[str, str | None], claimed: Claim, *, replay: Replay | None
) -> NewLoad:
    file, mapping = candidate
    replaced: Mapping[str, Any] = claimed.replaces or {}
    return NewLoad(
        load_id=claimed.load_id,
        source_file=file.source_file,
        source=mapping.name if mapping else None,
        replaces_days=bool(mapping and mapping.replaces),
        status=LoadStatus.SKIPPED if claimed.skipped_as else LoadStatus.RUNNING,
        checksum=file.checksum,
        size_bytes=file.size_bytes,
        identity=content[1],
        replay_of=replaced.get("load_id"),
        content_id=replaced.get("content_id"),
        effective_at=replaced.get("effective_at") if replay == "in place" else None,
        mapping_digest=mapping.digest if mapping else None,
        problem=claimed.skipped_as,
        message=claimed.message,
        file_stat=file.file_stat,
    )


async def _decide(
    connection: Connection,
    run: Run,
    candidates: Sequence[Candidate],
    contents: Sequence[tuple[str, str | None]],
    settings: Settings,
    *,
    is_replay: bool,
) -> list[Claim]:
    """Compare files with the loads of the same contents; those of dead runs are failed on the way.

    The same bytes under the same path are the same content, whomever an edited mapping now says they are of.
    """
    lists: dict[str, list[Any]] = {
        "checksums": [checksum for checksum, _ in contents],
        "identities": [identity for _, identity in contents],
    }
    names = [candidate.file.source_file for candidate in candidates]
    rows = await connection.fetch(*sql("find_loads_of_content", settings, **lists, source_files=names))
    known: defaultdict[int, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        known[row["content"]].append(row)
    running = {row["claim_key"] for row in rows if row["status"] == LoadStatus.RUNNING} - {run.claim_key}
    alive = {key for key in running if await is_held(connection, key, settings)}
    claims: list[Claim] = []
    own: dict[tuple[str, str | None], Mapping[str, Any]] = {}
    dead: dict[UUID, int] = {}
    for index, (name, content) in enumerate(zip(names, contents, strict=True)):
        loads: list[Mapping[str, Any]] = [dict(row) for row in known[index]]
        loads += [own[content]] if content in own else []
        claimed = _compare(name, loads, alive, run, dead, is_replay=is_replay)
        if claimed.is_new:
            mine = {"load_id": claimed.load_id, "status": LoadStatus.RUNNING, "step": LoadStep.CLAIMED}
            own[content] = mine | {"claim_key": run.claim_key, "source_file": name, "finished_at": None}
        claims.append(claimed)
    await fail_claimed_loads(connection, dead, settings)
    new = [index for index, claimed in enumerate(claims) if claimed.is_new]
    # Of loads that were deleted by hand the next one of their content is the same one again.
    of_new = {name: [values[index] for index in new] for name, values in lists.items()}
    for row in await connection.fetch(*sql("take_deleted_load", settings, **of_new)):
        index = new[row["content"]]
        claims[index] = claims[index]._replace(load_id=row["load_id"])
    return claims


def _compare(
    source_file: str,
    loads: Iterable[Mapping[str, Any]],
    alive: Set[int],
    run: Run,
    dead: dict[UUID, int],
    *,
    is_replay: bool,
) -> Claim:
    """Decide by the loads of its content, in this order, what becomes of a file; add those of dead runs to `dead`."""
    load_id = new_load_id(time.time())
    replaces = None
    for load in loads:
        if load["status"] != LoadStatus.RUNNING:
            if is_replay or load["replay_by_hand"]:
                if load["status"] != LoadStatus.HELD:
                    replaces = replaces or load
                continue
            return _skip(load_id, _why_known(load), load)
        if load["claim_key"] == run.claim_key:
            if load["source_file"] != source_file:
                return _skip(load_id, FileProblem.SAME_CONTENT, load)
            if load["step"] != LoadStep.CLAIMED:
                return Claim(load["load_id"], is_staged=True)
        elif load["claim_key"] in alive:
            return _skip(load_id, FileProblem.IN_PROGRESS, load)
        dead[load["load_id"]] = load["claim_key"]
    return Claim(load_id, replaces=dict(replaces) if replaces else None)


def _why_known(load: Mapping[str, Any]) -> FileProblem:
    if load["status"] == LoadStatus.HELD:
        return FileProblem.STILL_HELD
    return FileProblem.ROLLED_BACK if load["rolled_back_at"] else FileProblem.ALREADY_LOADED


def _skip(load_id: UUID, problem: FileProblem, known: Mapping[str, Any]) -> Claim:
    data = dict(known)
    return Claim(load_id, problem, describe(problem, **data), describe(problem, Language.ENGLISH, **data))


async def log_unreadable(
    connection: Connection, run: Run, settings: Settings, *, source_file: str, error: FileError
) -> None:
    """Log a file that the system does not let us read: not even its checksum is known."""
    _log.error("failed %r: %s", source_file, error.describe(Language.ENGLISH))
    await insert_loads(connection, run, [_not_read(source_file, LoadStatus.FAILED, error)], settings)


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
    loads = [
        _not_read(source_file, LoadStatus.SKIPPED, error)
        for source_file, error in never_read.items()
        if problems.get(source_file) != error.problem
    ]
    await insert_loads(connection, run, loads, settings)
