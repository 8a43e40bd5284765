"""End a COPY whose connection is lost.

asyncpg waits for the send buffer of a connection to drain even when that is lost, and the kernel cannot tell a server
that has not read for a while from a connection that nobody serves any more: so another connection asks the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any

import asyncpg
from pydantic import SecretStr

from tasks.warehouse.connection import Connection, ConnectionLostError, display_name, dsn_of, sending_much

_LOOK_AFTER_SECONDS = 15.0
_ANSWER_SECONDS = 10.0
# It waits for the client: what we have sent it, or it has sent us, does not arrive.
_IS_AT_WORK = """
    select exists (
        select from pg_stat_activity where pid = $1 and state = 'active' and wait_event_type is distinct from 'Client'
    )
"""


class Turn:
    """Whose turn it is in a COPY."""

    def __init__(self) -> None:
        self.servers_since: float | None = time.monotonic()
        """Since when the server has the turn, on the monotonic clock; None: we have it."""

    def give_to_server(self) -> None:
        """Start the clock: the server has to read or to send."""
        self.servers_since = time.monotonic()

    async def while_sending(self, blocks: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """Yield the blocks of a COPY into the server; making one is not the server's time."""
        self.servers_since = None
        async for block in blocks:
            self.give_to_server()
            yield block
            self.servers_since = None
        self.give_to_server()


async def run_copy(connection: Connection, copying: Coroutine[Any, Any, object], turn: Turn) -> None:
    """Run a COPY of this connection to its end, or to that of the connection.

    Raises:
        ConnectionLostError: nobody serves the connection any more, which is closed then.

    """
    with sending_much(connection):
        work = asyncio.create_task(copying)
        watch = asyncio.create_task(_await_loss(connection, turn))
        try:
            await asyncio.wait([work, watch], return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                connection.terminate()
                dsn = dsn_of(connection)
                raise ConnectionLostError(f"{display_name(dsn) if dsn else 'PostgreSQL'}: lost in the middle of a COPY")
            work.result()
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)


async def _await_loss(connection: Connection, turn: Turn) -> None:
    """Return when the connection has been lost."""
    pid, terminated = connection.get_server_pid(), asyncio.Event()

    def on_termination(_: object) -> None:
        terminated.set()

    connection.add_termination_listener(on_termination)
    try:
        while not await _is_set_soon(terminated) and await _is_served(dsn_of(connection), pid, turn):
            pass
    finally:
        connection.remove_termination_listener(on_termination)


async def _is_set_soon(event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(1):
            return await event.wait()
    except TimeoutError:
        return False


async def _is_served(dsn: SecretStr | None, pid: int, turn: Turn) -> bool:
    """Return False if the server has had the turn for long, and its session does not work on it."""
    since = turn.servers_since
    if since is None or dsn is None or time.monotonic() - since < _LOOK_AFTER_SECONDS:
        return True
    try:
        other = await asyncpg.connect(dsn.get_secret_value(), timeout=_ANSWER_SECONDS)
        try:
            is_at_work: bool = await other.fetchval(_IS_AT_WORK, pid, timeout=_ANSWER_SECONDS)
        finally:
            other.terminate()
    except asyncpg.PostgresError:  # it has no connection to spare, but it is alive
        return True
    except (OSError, TimeoutError, asyncpg.InterfaceError):
        return False
    if is_at_work:
        turn.give_to_server()
    return is_at_work or turn.servers_since != since
