"""Advisory locks: who waits for whom, and what a session that ends leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tasks.warehouse.locks import (
    Lock,
    acquire_claim_key,
    checksum_key,
    hold,
    hold_checksums,
    is_held,
    list_held_keys,
    lock_transaction,
)
from tests.harness import PipelineHarness

pytestmark = pytest.mark.sessions

ONE, OTHER = "00" * 32, "ff" * 32


@pytest.fixture
async def other(pipeline: PipelineHarness) -> AsyncIterator[asyncpg.Connection]:
    """A second session on the same database."""
    assert pipeline.settings.database_url
    connection = await asyncpg.connect(pipeline.settings.database_url.get_secret_value())
    yield connection
    connection.terminate()


async def is_free(connection: asyncpg.Connection, key: int, *, shared: bool = False) -> bool:
    """Try to lock a key, and unlock it again."""
    kind = "_shared" if shared else ""
    if not await connection.fetchval(f"select pg_try_advisory_lock{kind}($1)", key):
        return False
    return bool(await connection.fetchval(f"select pg_advisory_unlock{kind}($1)", key))


async def test_lock_is_held_for_the_block_also_if_it_fails(
    pipeline: PipelineHarness, other: asyncpg.Connection
) -> None:
    async with hold(pipeline.connection, Lock.TRANSFORM):
        assert not await is_free(other, Lock.TRANSFORM)

    with pytest.raises(ZeroDivisionError):
        async with hold(pipeline.connection, Lock.TRANSFORM):
            raise ZeroDivisionError
    assert await is_free(other, Lock.TRANSFORM)


async def test_merges_share_the_lock_of_loads_and_a_rollback_waits_for_them(
    pipeline: PipelineHarness, other: asyncpg.Connection
) -> None:
    async with hold(pipeline.connection, Lock.LOADS, shared=True):
        assert await is_free(other, Lock.LOADS, shared=True)
        assert not await is_free(other, Lock.LOADS)

    assert await is_free(other, Lock.LOADS)


async def test_contents_are_locked_for_the_block(pipeline: PipelineHarness, other: asyncpg.Connection) -> None:
    async with hold_checksums(pipeline.connection, [ONE, OTHER]):
        held = [not await is_free(other, checksum_key(checksum)) for checksum in (ONE, OTHER)]

    assert held == [True, True]
    assert [await is_free(other, checksum_key(checksum)) for checksum in (ONE, OTHER)] == [True, True]


async def test_holders_of_the_same_contents_never_wait_for_each_other_in_a_circle(
    pipeline: PipelineHarness, other: asyncpg.Connection
) -> None:
    checksums = [f"{number:02x}" * 32 for number in range(50)]

    async def repeat(connection: asyncpg.Connection, wanted: list[str]) -> None:
        for _ in range(20):
            async with hold_checksums(connection, wanted):
                pass

    await asyncio.gather(repeat(pipeline.connection, checksums), repeat(other, checksums[::-1]))


async def test_lock_of_a_transaction_ends_with_it(pipeline: PipelineHarness, other: asyncpg.Connection) -> None:
    async with pipeline.connection.transaction():
        await lock_transaction(pipeline.connection, Lock.REQUEUE)
        during = await is_free(other, Lock.REQUEUE)

    assert (during, await is_free(other, Lock.REQUEUE)) == (False, True)


async def test_asking_whether_a_key_is_held_does_not_acquire_it(
    pipeline: PipelineHarness, other: asyncpg.Connection
) -> None:
    assert not await is_held(pipeline.connection, 42)

    assert await is_free(other, 42)


@pytest.mark.parametrize("key", [2**63 - 1, 2**32 + 7, 7, -(2**63)])
async def test_held_keys_are_listed_whole_whoever_holds_them(
    pipeline: PipelineHarness, other: asyncpg.Connection, key: int
) -> None:
    await other.execute("select pg_advisory_lock($1)", key)

    during = await list_held_keys(pipeline.connection, pipeline.settings)
    await other.execute("select pg_advisory_unlock($1)", key)

    assert during == [key]
    assert await list_held_keys(pipeline.connection, pipeline.settings) == []


async def test_claim_key_is_held_until_its_session_ends(pipeline: PipelineHarness, other: asyncpg.Connection) -> None:
    key = await acquire_claim_key(other)

    during = await is_held(pipeline.connection, key)
    await other.close()

    assert (during, await is_held(pipeline.connection, key)) == (True, False)
