"""Connect to the warehouse; an error is one line that never holds the password."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from typing import TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID
from weakref import WeakKeyDictionary

import asyncpg
from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr

from schemas.errors import DataopsError, TerminalError, TransientError
from schemas.settings import Settings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# Of this machine, not of a file: space and open files.
_EXHAUSTED = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}
# SQLSTATE classes and codes of errors that another try may not meet (PostgreSQL manual, appendix A).
_TRANSIENT_CLASSES = ("08", "53", "57")
_TRANSIENT_CODES = {
    "40001",  # serialization_failure: another load changed the same readings
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available
    "23505",  # unique_violation: another load inserted the same readings
}

_SILENT_SECONDS = 30
"""So long the other side of a connection may leave packets unanswered; a server that only works long answers them."""
_CLOSE_SECONDS = 5
# A server that notices nothing keeps the session's locks and its transaction. Set by statement, not when connecting:
# a connection pooler refuses parameters that it does not know.
_NOTICE_DEAD_CLIENT = f"""
    set client_connection_check_interval = '5s';
    set tcp_keepalives_idle = {_SILENT_SECONDS // 2};
    set tcp_keepalives_interval = {_SILENT_SECONDS // 6};
    set tcp_keepalives_count = 3;
"""
_DSNS: WeakKeyDictionary[Connection, SecretStr] = WeakKeyDictionary()


class ConnectionLostError(TransientError):
    """The connection to the warehouse was lost; what was not committed is gone, and may be tried again."""


async def fetch_one(connection: Connection, query: str, *values: object) -> asyncpg.Record:
    """Run a query that always returns a row, such as an aggregate without groups."""
    row = await connection.fetchrow(query, *values)
    if row is None:
        raise LookupError(f"no row: {query}")
    return row


class Warehouse(BaseModel):
    """The database that a run works with, and the settings that it was started with: read once, passed everywhere."""

    model_config = ConfigDict(frozen=True)

    settings: Settings
    dsn: SecretStr
    session_name: str = "dataops"
    """What the server shows the sessions as (application_name); those of a run have a name of their own."""

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Open a connection.

        Raises:
            TransientError: the server is not reachable.
            TerminalError: it refuses user, password or database.

        """
        return connect(self.dsn, self.session_name)


class OneConnection(Warehouse):
    """A warehouse whose every connection is the same one: all that is done with it can be one transaction."""

    _connection: Connection = PrivateAttr()

    @classmethod
    def of(cls, connection: Connection, settings: Settings) -> OneConnection:
        """Wrap a connection."""
        warehouse = cls(settings=settings, dsn=settings.database_url or SecretStr(""))
        warehouse._connection = connection
        return warehouse

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Return the connection; it stays open."""
        return nullcontext(self._connection)


def session_name_of(flow_run_id: UUID) -> str:
    """Return the name of the sessions of a run's process (at most 63 bytes)."""
    return f"dataops {flow_run_id}"


def is_transient(error: BaseException) -> bool:
    """Return True if trying again may help: decided by type and SQLSTATE, never by the text."""
    if isinstance(error, OSError) and error.errno in _EXHAUSTED:
        return True
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return code in _TRANSIENT_CODES or code[:2] in _TRANSIENT_CLASSES
    lost = (TransientError, asyncpg.InterfaceError, ConnectionError, TimeoutError)
    return isinstance(error, lost) and not isinstance(error, TerminalError)


@asynccontextmanager
async def connect(dsn: SecretStr, session_name: str = "dataops") -> AsyncIterator[Connection]:
    """Open one connection, session zone UTC.

    Raises:
        TransientError: the server is not reachable.
        TerminalError: it refuses user, password or database.

    """
    try:
        connection = await asyncpg.connect(
            dsn.get_secret_value(),
            timeout=15,
            server_settings={"application_name": session_name, "timezone": "UTC"},
        )
    except (OSError, ssl.SSLError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _in_words(dsn, error) from None
    _DSNS[connection] = dsn
    try:
        _notice_dead_server(connection)
        await connection.execute(_NOTICE_DEAD_CLIENT)
        yield connection
    except Exception as error:
        if connection.is_closed() and is_transient(error) and not isinstance(error, DataopsError):
            raise ConnectionLostError(f"{display_name(dsn)}: the connection was lost") from error
        raise
    finally:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # asyncpg drops it then
            await connection.close(timeout=_CLOSE_SECONDS)


def dsn_of(connection: Connection) -> SecretStr | None:
    """Return the URL that a connection was opened with; None: not by `connect`."""
    return _DSNS.get(connection)


def _notice_dead_server(connection: Connection) -> None:
    """Have the kernel end the connection to a server that no longer answers, whatever is being waited for."""
    if (tcp := _tcp_socket(connection)) is None:
        return
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENT_SECONDS // 2)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _SILENT_SECONDS // 6)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
    _bound_unanswered(tcp, _SILENT_SECONDS)


@contextmanager
def sending_much(connection: Connection) -> Iterator[None]:
    """Let a living server stop reading for as long as it needs: for the kernel that counts as unanswered, too."""
    tcp = _tcp_socket(connection) if dsn_of(connection) else None
    if tcp is None:
        yield
        return
    _bound_unanswered(tcp, 0)
    try:
        yield
    finally:
        _bound_unanswered(tcp, _SILENT_SECONDS)


def _tcp_socket(connection: Connection) -> socket.socket | None:
    # asyncpg hands it to nobody, and has no setting for what is done to it.
    tcp: socket.socket = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
    return tcp if tcp.family in (socket.AF_INET, socket.AF_INET6) else None


def _bound_unanswered(tcp: socket.socket, seconds: int) -> None:
    """Bound how long sent data may stay unanswered before the connection ends; 0: the kernel's quarter of an hour."""
    with suppress(OSError):  # it is closed: whoever uses the connection next is told
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * seconds)


def _in_words(dsn: SecretStr, error: Exception) -> DataopsError:
    name = display_name(dsn)
    if isinstance(error, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError):
        return TerminalError(f"{name} refuses the user or the password: check DATABASE_URL")
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return TerminalError(f"{name}: this database does not exist: create it or check DATABASE_URL")
    if isinstance(error, asyncpg.PostgresError):
        kind = TransientError if is_transient(error) else TerminalError
        return kind(f"{name}: {error.args[0] if error.args else type(error).__name__}")
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return TerminalError(f"{name}: {error.args[0]}")
    if isinstance(error, ValueError):
        return TerminalError(f"{name}: DATABASE_URL is not the URL of a PostgreSQL database")
    return TransientError(f"{name} is not reachable ({type(error).__name__}): is the server running?")


def display_name(dsn: SecretStr) -> str:
    """Name a database without its password: `user@host:port/database`."""
    try:
        facts = connection_facts(dsn)
    except ValueError:
        return "PostgreSQL"
    return "PostgreSQL {user}@{host}:{port}/{database name}".format_map(facts)


def connection_facts(dsn: SecretStr) -> dict[str, object]:
    """Return how to connect to a database, without the password."""
    url = urlsplit(dsn.get_secret_value())
    return {
        "host": url.hostname or "localhost",
        "port": url.port or 5432,
        "user": unquote(url.username or ""),
        "database name": url.path.lstrip("/"),
    }


def libpq_environment(url: str) -> dict[str, str]:
    """Return a database URL as the environment of libpq programs, so that no command line shows it."""
    parts = urlsplit(url)
    values = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
        "PGSSLMODE": parse_qs(parts.query).get("sslmode", [""])[0],
    }
    return {name: value for name, value in values.items() if value}
