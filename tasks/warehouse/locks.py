"""Every advisory lock of the product: which locks exist, and how they are held.

PostgreSQL releases a session's locks when its connection ends, so a killed process leaves none behind.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from enum import IntEnum

from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class Lock(IntEnum):
    """Locks that exist once in a database; the numbers are arbitrary, and only ours."""

    MIGRATE = 7_402_611_953
    TRANSFORM = 7_402_611_954
    """One transform at a time: two dbt builds collide."""
    REQUEUE = 7_402_611_955
    """One at a time chooses rows: none is loaded twice."""
    LOADS = 7_402_611_956
    """Shared by each merge into core; exclusive for a rollback, which must see all that earlier merges wrote."""


def checksum_key(checksum: str) -> int:
    """Return the key that guards loads of one content (SHA-256, hexadecimal)."""
    return int.from_bytes(bytes.fromhex(checksum)[:8], "big", signed=True)


@asynccontextmanager
async def hold(connection: Connection, lock: Lock, *, shared: bool = False) -> AsyncIterator[None]:
    """Hold a lock outside a transaction; waits until it is free."""
    kind = "_shared" if shared else ""
    await connection.execute(f"select pg_advisory_lock{kind}($1)", lock)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute(f"select pg_advisory_unlock{kind}($1)", lock)


@asynccontextmanager
async def hold_checksums(connection: Connection, checksums: Iterable[str]) -> AsyncIterator[None]:
    """Hold the locks of several contents, acquired in one order so that two holders never wait for each other."""
    keys = sorted(checksum_key(checksum) for checksum in checksums)
    await connection.fetch("select pg_advisory_lock(key) from unnest($1::bigint[]) as key", keys)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.fetch("select pg_advisory_unlock(key) from unnest($1::bigint[]) as key", keys)


async def lock_transaction(connection: Connection, key: int, *, shared: bool = False) -> None:
    """Acquire a lock that the current transaction holds until it ends."""
    await connection.execute(f"select pg_advisory_xact_lock{'_shared' if shared else ''}($1)", key)


async def acquire_claim_key(connection: Connection) -> int:
    """Make a new claim key and acquire its lock, which is held until the connection closes."""
    key = secrets.randbits(63)
    await connection.execute("select pg_advisory_lock($1)", key)
    return key


async def is_held(connection: Connection, claim_key: int) -> bool:
    """Return True if another session, that of a living run, holds a claim key."""
    if await connection.fetchval("select pg_try_advisory_lock($1)", claim_key):
        await connection.execute("select pg_advisory_unlock($1)", claim_key)
        return False
    return True


async def list_held_keys(connection: Connection, settings: Settings) -> list[int]:
    """List the keys of all advisory locks that sessions hold in the database, those of this session included."""
    keys: list[int] = await connection.fetchval(*sql("select_held_keys", settings))
    return keys
