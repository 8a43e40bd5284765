"""Claim files for a run: a known checksum is skipped, a dead run's claim is taken over.

A run holds one session advisory lock, its claim key, for as long as it lives; rows of the load log that
are `running` under a key that nobody holds belong to a dead run.
"""

from __future__ import annotations

import secrets
import time
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from schemas.settings import Settings
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    import asyncpg

sql = Statements(__file__)


class Run(NamedTuple):
    """Who loads: the parent flow run and the lock that shows that it lives."""

    flow_run_id: UUID
    claim_key: int
    business_date: date


class Claim(NamedTuple):
    """The answer for one file."""

    load_id: UUID
    skipped_because: str | None = None
    """None: the file is ours to load."""
    is_staged: bool = False
    """An earlier try of this flow run has read the file; it goes on from there."""
    replay_of: UUID | None = None
    """The load that this one loads once more."""


def checksum_key(checksum: str) -> int:
    """Give the advisory lock key that guards loads of one content."""
    return int.from_bytes(bytes.fromhex(checksum)[:8], "big", signed=True)


def new_load_id(now: float) -> UUID:
    """Make a UUID version 7 (RFC 9562): it grows with time, so that stage is found by block ranges."""
    random = secrets.randbits(74)
    return UUID(int=int(now * 1000) << 80 | 7 << 76 | (random >> 62) << 64 | 2 << 62 | random & (1 << 62) - 1)


async def take_claim_key(connection: asyncpg.Connection) -> int:
    """Take a fresh claim key; it is held until the connection closes."""
    key = secrets.randbits(63)
    await connection.execute("select pg_advisory_lock($1)", key)
    return key


async def adopt_loads(connection: asyncpg.Connection, run: Run, settings: Settings) -> None:
    """Take up the loads that an earlier process of the same flow run left unfinished."""
    await connection.execute(sql.text("adopt_loads", settings), run.flow_run_id, run.claim_key)


async def claim(
    connection: asyncpg.Connection,
    run: Run,
    settings: Settings,
    *,
    source_file: str,
    checksum: str,
    size_bytes: int,
    identity: str | None = None,
    replay: bool = False,
) -> Claim:
    """Claim a file's content: one log row, `running` (ours) or `skipped` (known, or being loaded).

    `replay` claims known content too.

    `identity` is what the path says of whose readings these are: equal bytes of two buildings, such as
    a day on which nothing flowed, are two contents.
    """
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", checksum_key(checksum))
        answer = await _answer(connection, run, settings, source_file, checksum, identity, replay)
        if answer.is_staged:
            return answer
        reason = answer.skipped_because
        if reason is None:
            await connection.execute(sql.text("forget_failed_attempts", settings), checksum, identity)
        await connection.execute(
            sql.text("insert_load", settings),
            answer.load_id,
            source_file,
            checksum,
            size_bytes,
            run.business_date,
            "running" if reason is None else "skipped",
            reason,
            run.flow_run_id,
            run.claim_key if reason is None else None,
            identity,
            answer.replay_of,
        )
    return answer


async def _answer(
    connection: asyncpg.Connection,
    run: Run,
    settings: Settings,
    source_file: str,
    checksum: str,
    identity: str | None,
    replay: bool,
) -> Claim:
    new = new_load_id(time.time())
    replay_of = None
    for load in await connection.fetch(sql.text("find_loads_of_checksum", settings), checksum, identity):
        known_as = f"{load['source_file']}, load_id {load['load_id']}"
        if load["status"] != "running":
            if replay:
                replay_of = replay_of or load["load_id"]
                continue
            if load["rolled_back_at"]:
                return Claim(new, f"загрузка откачена: {known_as}; загрузить снова: dataops replay")
            return Claim(new, f"уже загружен: {known_as}, {load['finished_at']:%Y-%m-%d %H:%M} UTC")
        if load["claim_key"] == run.claim_key:
            if load["source_file"] != source_file:
                return Claim(new, f"то же содержимое, что у {known_as}")
            if load["step"] != "claimed":
                return Claim(load["load_id"], is_staged=True)
        elif await _is_alive(connection, load["claim_key"]):
            return Claim(new, f"сейчас загружается другим запуском: {known_as}")
        await connection.execute(sql.text("fail_dead_load", settings), load["load_id"])
    return Claim(new, replay_of=replay_of)


async def _is_alive(connection: asyncpg.Connection, claim_key: int) -> bool:
    if await connection.fetchval("select pg_try_advisory_lock($1)", claim_key):
        await connection.execute("select pg_advisory_unlock($1)", claim_key)
        return False
    return True


async def log_unreadable(
    connection: asyncpg.Connection, run: Run, settings: Settings, *, source_file: str, why: str
) -> None:
    """Log a file that the system does not let us read: not even its checksum is known."""
    await connection.execute(
        sql.text("insert_load", settings),
        new_load_id(time.time()),
        source_file,
        None,
        None,
        run.business_date,
        "failed",
        why,
        run.flow_run_id,
        *(None, None, None),
    )


async def fail_load(connection: asyncpg.Connection, load_id: UUID, message: str, settings: Settings) -> None:
    """Log that a load failed and why; what it staged stays until the next attempt."""
    await connection.execute(sql.text("fail_load", settings), load_id, message[:2000])
