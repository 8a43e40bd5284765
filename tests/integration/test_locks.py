"""Locks: who waits for whom, who may hold whom up, and what a session that ends leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from tasks.warehouse.locks import Lock, acquire_claim_key, end_sessions, hold, is_held, lock_transaction
from tests.harness import PipelineHarness

pytestmark = pytest.mark.sessions


@pytest.fixture
async def other(pipeline: PipelineHarness) -> AsyncIterator[asyncpg.Connection]:
    """A second session on the same database."""
    assert pipeline.settings.database_url
    connection = await asyncpg.connect(pipeline.settings.database_url.get_secret_value())
    yield connection
    connection.terminate()


async def is_free(connection: asyncpg.Connection, lock: Lock, *, shared: bool = False) -> bool:
    """Try to lock, and unlock again."""
    mode = "share" if shared else "exclusive"
    try:
        async with connection.transaction():
            await connection.execute(f"lock table quality.{lock} in {mode} mode nowait")
    except asyncpg.LockNotAvailableError:
        return False
    return True


async def test_lock_is_held_for_the_block_also_if_it_fails(
    pipeline: PipelineHarness, other: asyncpg.Connection
) -> None:
    async with hold(pipeline.connection, Lock.TRANSFORM, pipeline.settings):
        assert not await is_free(other, Lock.TRANSFORM)

    with pytest.raises(ZeroDivisionError):
        async with hold(pipeline.connection, Lock.TRANSFORM, pipeline.settings):
            raise ZeroDivisionError
    assert await is_free(other, Lock.TRANSFORM)


async def test_merges_share_the_lock_of_loads_and_a_rollback_waits_for_them(
    pipeline: PipelineHarness, other: asyncpg.Connection
) -> None:
    async with pipeline.connection.transaction():
        await lock_transaction(pipeline.connection, Lock.LOADS, pipeline.settings, shared=True)
        assert await is_free(other, Lock.LOADS, shared=True)
        assert not await is_free(other, Lock.LOADS)

    assert await is_free(other, Lock.LOADS)


async def test_what_is_read_after_a_lock_was_waited_for_is_what_its_holder_wrote(
    pipeline: PipelineHarness, other: asyncpg.Connection
) -> None:
    async def read() -> int:
        async with other.transaction(isolation="repeatable_read"):
            await lock_transaction(other, Lock.LOADS, pipeline.settings)
            return int(await other.fetchval("select count(*) from quality.changed_days"))

    async with pipeline.connection.transaction():
        await lock_transaction(pipeline.connection, Lock.LOADS, pipeline.settings, shared=True)
        reading = asyncio.create_task(read())
        await asyncio.sleep(0.1)
        await pipeline.connection.execute(
            "insert into quality.changed_days (load_id, building_id, local_date) values ($1, 1, '2025-04-30')", uuid4()
        )

    assert await reading == 1


async def test_asking_whether_a_key_is_held_locks_nothing(pipeline: PipelineHarness, other: asyncpg.Connection) -> None:
    """Who tries a lock holds it for a moment, and two who look at once take a dead run for a living one."""

    async def look(connection: asyncpg.Connection) -> set[bool]:
        return {await is_held(connection, 42, pipeline.settings) for _ in range(200)}

    for seen in await asyncio.gather(look(pipeline.connection), look(other)):
        assert seen == {False}


@pytest.mark.parametrize("key", [2**63 - 1, 2**32 + 7, 7, -(2**63)])
async def test_holder_of_a_key_is_seen_whatever_the_key(
    pipeline: PipelineHarness, other: asyncpg.Connection, key: int
) -> None:
    await other.execute("select pg_advisory_lock($1)", key)
    during = await is_held(pipeline.connection, key, pipeline.settings)
    await other.execute("select pg_advisory_unlock($1)", key)

    assert (during, await is_held(pipeline.connection, key, pipeline.settings)) == (True, False)


async def test_claim_key_is_held_until_its_session_ends(pipeline: PipelineHarness, other: asyncpg.Connection) -> None:
    key = await acquire_claim_key(other)

    during = await is_held(pipeline.connection, key, pipeline.settings)
    await other.close()

    assert (during, await is_held(pipeline.connection, key, pipeline.settings)) == (True, False)


async def test_sessions_of_a_name_are_ended_with_their_locks_and_no_others(
    pipeline: PipelineHarness, other: asyncpg.Connection
) -> None:
    key = await acquire_claim_key(other)
    await end_sessions(pipeline.connection, "dataops 1", pipeline.settings)
    before = await is_held(pipeline.connection, key, pipeline.settings)
    for connection in (pipeline.connection, other):
        await connection.execute("set application_name = 'dataops 1'")

    await end_sessions(pipeline.connection, "dataops 1", pipeline.settings)

    assert (before, await is_held(pipeline.connection, key, pipeline.settings)) == (True, False)
    with pytest.raises((asyncpg.InterfaceError, asyncpg.PostgresError, ConnectionError)):
        await other.fetchval("select 1")
