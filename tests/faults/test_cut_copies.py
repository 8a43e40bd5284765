"""The connection is cut in the middle of a COPY: it is noticed, said in one line, and the next try succeeds."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import pyarrow as pa
import pytest
from pydantic import SecretStr

from schemas.settings import Settings
from tasks.warehouse.connection import Connection, ConnectionLostError, connect, is_transient
from tasks.warehouse.copy import copy_out, copy_tables
from tests.proxy import Proxy, proxy_to

pytestmark = pytest.mark.sessions

BOUND = 60.0
BYTES = 200_000_000
SCHEMA = pa.schema([("number", pa.int64()), ("content", pa.string())])
ROWS, TABLES = 50_000, 40
CONTENT = "x" * (BYTES // (ROWS * TABLES) - 18)  # of a row's bytes in a binary COPY, 18 are not its text
SHARES = random.Random(7).sample(range(1, 100), 20)
SOME = [pytest.param(share, id=f"after_{share}_percent") for share in SHARES[:1]]
REST = [pytest.param(share, id=f"after_{share}_percent", marks=pytest.mark.slow) for share in SHARES[1:]]


def tables() -> Iterator[pa.Table]:
    content = pa.repeat(CONTENT, ROWS)
    for _ in range(TABLES):
        yield pa.table([pa.array(range(ROWS)), content], schema=SCHEMA)


async def into_server(connection: Connection) -> None:
    async with connection.transaction():
        await copy_tables(connection, tables(), of=SCHEMA, into="large", schema="public")


async def out_of_server(connection: Connection) -> None:
    query = f"select number, repeat('x', {len(CONTENT)}) from generate_series(1::bigint, {ROWS * TABLES}) as number"
    received = await copy_out(connection, query)
    assert len(received) > BYTES * 0.99


@pytest.fixture
async def proxy(warehouse: asyncpg.Connection, settings: Settings) -> AsyncIterator[Proxy]:
    """A network to a database with an empty table."""
    await warehouse.execute("create unlogged table public.large (number bigint, content text)")
    assert settings.database_url
    async with proxy_to(settings.database_url.get_secret_value()) as proxy:
        yield proxy


@pytest.fixture(params=["ended_by_the_server", "reset", "silent"])
def cut(request: pytest.FixtureRequest, proxy: Proxy, warehouse: asyncpg.Connection) -> Callable[[], object]:
    """What happens to the connection."""

    def end() -> object:
        query = (
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'dataops' and datname = current_database()"
        )
        return asyncio.ensure_future(warehouse.execute(query))

    return {"ended_by_the_server": end, "reset": proxy.reset, "silent": proxy.silence}[request.param]


@pytest.mark.parametrize("share", SOME + REST)
@pytest.mark.parametrize("copying", [into_server, out_of_server])
async def test_cut_connection_ends_the_copy_and_the_next_try_finds_all_well(
    proxy: Proxy,
    warehouse: asyncpg.Connection,
    cut: Callable[[], object],
    copying: Callable[[Connection], Awaitable[None]],
    share: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Half a minute without a byte and without an answer, in short.
    monkeypatch.setattr("tasks.warehouse.lost_copies._LOOK_AFTER_SECONDS", 1.0)
    monkeypatch.setattr("tasks.warehouse.lost_copies._ANSWER_SECONDS", 1.0)
    monkeypatch.setattr("tasks.warehouse.connection._CLOSE_SECONDS", 1.0)
    proxy.cut, proxy.cut_after = cut, BYTES * share // 100

    started = time.monotonic()
    with pytest.raises(ConnectionLostError, match="lost") as lost:
        async with asyncio.timeout(BOUND), connect(SecretStr(proxy.url)) as connection:
            await copying(connection)
    took = time.monotonic() - started
    proxy.restore()
    async with connect(SecretStr(proxy.url)) as connection:
        await copying(connection)

    assert took < BOUND
    assert is_transient(lost.value)
    assert "\n" not in str(lost.value)
    rows = await warehouse.fetchval("select count(*) from public.large")
    assert rows == (ROWS * TABLES if copying is into_server else 0)


async def test_server_that_lets_a_copy_wait_is_not_given_up(
    proxy: Proxy, warehouse: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.warehouse.lost_copies._LOOK_AFTER_SECONDS", 0.5)
    monkeypatch.setattr("tasks.warehouse.connection._SILENT_SECONDS", 6)
    await warehouse.execute("create unique index on public.large (number)")
    own = warehouse.transaction()
    await own.start()
    # The COPY has to wait for the end of this transaction, in its middle.
    await warehouse.execute("insert into public.large values (1000, 'x')")
    numbers = [pa.table([pa.array(range(ROWS)), pa.repeat("x" * 1000, ROWS)], schema=SCHEMA)]

    async with connect(SecretStr(proxy.url)) as connection:
        copying = asyncio.create_task(copy_tables(connection, numbers, of=SCHEMA, into="large", schema="public"))
        await asyncio.wait([copying], timeout=9)
        is_waiting = not copying.done()
        await own.rollback()
        await copying

    assert is_waiting
    assert await warehouse.fetchval("select count(*) from public.large") == ROWS
