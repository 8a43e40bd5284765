"""Every lock of the product: which locks exist, and how they are held.

What a run waits for is a lock on a table that only loaders may lock: an advisory lock could be held by any reader.
Advisory are a run's claim key, which is only ever looked at, and the lock of migrations. PostgreSQL releases a
session's locks when its connection ends, so a killed process leaves none behind.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

import asyncpg

from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

MIGRATE = 7_402_611_953
"""The advisory lock of migrations, which come before any table; the number is arbitrary, and only ours."""
_MAX_ENDING_MS = 10_000


class Lock(StrEnum):
    """Locks that exist once in a database, by their tables in the quality schema, whose comments say what for."""

    TRANSFORM = "transform_lock"
    REQUEUE = "requeue_lock"
    LOADS = "loads_lock"


async def lock_transaction(connection: Connection, lock: Lock, settings: Settings, *, shared: bool = False) -> None:
    """Acquire a lock that the current transaction holds until it ends; waits until it is free.

    As the first statement of a transaction it does not fix the snapshot: what is read after it is newer.
    """
    mode = "share" if shared else "exclusive"
    await connection.execute(f"lock table {settings.quality_schema}.{lock} in {mode} mode")


async def lock_loads(connection: Connection, settings: Settings, *, shared: bool = False) -> dt.datetime:
    """Acquire the lock of loads; returns the moment that the transaction stamps on all that it writes into core.

    What the transaction sees was stamped before: so the versions of a reading follow each other in time.
    """
    await lock_transaction(connection, Lock.LOADS, settings, shared=shared)
    moment: dt.datetime = await connection.fetchval("select clock_timestamp()")
    return moment


@asynccontextmanager
async def hold(connection: Connection, lock: Lock, settings: Settings) -> AsyncIterator[None]:
    """Hold a lock for a block in which other connections work; this one has an open transaction meanwhile."""
    async with connection.transaction():
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        await lock_transaction(connection, lock, settings)
        yield


@asynccontextmanager
async def hold_migrations(connection: Connection, *, wait: bool) -> AsyncIterator[bool]:
    """Hold the lock of migrations; yields False if it is not free and not waited for."""
    if wait:
        await connection.execute("select pg_advisory_lock($1)", MIGRATE)
    elif not await connection.fetchval("select pg_try_advisory_lock($1)", MIGRATE):
        yield False
        return
    try:
        yield True
    finally:
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", MIGRATE)


async def acquire_claim_key(connection: Connection) -> int:
    """Make a new claim key and acquire its lock, which is held until the connection closes."""
    key = secrets.randbits(63)
    await connection.execute("select pg_advisory_lock($1)", key)
    return key


async def is_held(connection: Connection, claim_key: int, settings: Settings) -> bool:
    """Return True if another session, that of a living run, holds a claim key; it looks and locks nothing."""
    return bool(await connection.fetchval(*sql("is_held", settings, claim_key=claim_key)))


async def end_sessions(connection: Connection, session_name: str, settings: Settings) -> None:
    """End all other sessions of a name, with the locks that they hold.

    Raises:
        asyncpg.LockNotAvailableError: one does not end.

    """
    ended = await connection.fetch(*sql("end_sessions", settings, session_name=session_name, timeout_ms=_MAX_ENDING_MS))
    if not all(row["has_ended"] for row in ended):
        raise asyncpg.LockNotAvailableError(f"sessions of {session_name!r} do not end")
