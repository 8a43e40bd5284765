"""Connect to the warehouse; what goes wrong is one line that never holds the password."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias
from urllib.parse import urlsplit

import asyncpg
from pydantic import BaseModel, ConfigDict, SecretStr

from schemas.errors import DataopsError, TerminalError, TransientError
from schemas.settings import Settings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# SQLSTATE classes and codes that a new try may cure (PostgreSQL manual, appendix A).
_TRANSIENT_CLASSES = ("08", "53", "57")
_TRANSIENT_CODES = {
    "40001",  # serialization_failure: another load changed the same readings
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available
    "23505",  # unique_violation: another load inserted the same readings
}


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

    def connect(self) -> AbstractAsyncContextManager[Connection]:
        """Open a connection.

        Raises:
            TransientError: the server is not reachable.
            TerminalError: it refuses user, password or database.

        """
        return connect(self.dsn)


def is_transient(error: BaseException) -> bool:
    """Return True if trying again may help: decided by type and SQLSTATE, never by the text."""
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return code in _TRANSIENT_CODES or code[:2] in _TRANSIENT_CLASSES
    lost = (TransientError, asyncpg.InterfaceError, ConnectionError, TimeoutError)
    return isinstance(error, lost) and not isinstance(error, TerminalError)


@asynccontextmanager
async def connect(dsn: SecretStr) -> AsyncIterator[Connection]:
    """Open one connection, session zone UTC.

    Raises:
        TransientError: the server is not reachable.
        TerminalError: it refuses user, password or database.

    """
    try:
        connection = await asyncpg.connect(
            dsn.get_secret_value(),
            timeout=15,
            server_settings={"application_name": "dataops", "timezone": "UTC"},
        )
    except (OSError, ssl.SSLError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _in_words(dsn, error) from None
    try:
        yield connection
    finally:
        await connection.close()


def _in_words(dsn: SecretStr, error: Exception) -> DataopsError:
    place = place_of(dsn)
    if isinstance(error, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError):
        return TerminalError(f"{place} refuses the user or the password: check DATABASE_URL")
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return TerminalError(f"{place}: there is no such database: create it or check DATABASE_URL")
    if isinstance(error, asyncpg.PostgresError):
        kind = TransientError if is_transient(error) else TerminalError
        return kind(f"{place}: {error.args[0] if error.args else type(error).__name__}")
    if isinstance(error, asyncpg.exceptions.ClientConfigurationError):
        return TerminalError(f"{place}: {error.args[0]}")
    if isinstance(error, ValueError):
        return TerminalError(f"{place}: DATABASE_URL is no URL of a PostgreSQL database")
    return TransientError(f"{place} is not reachable ({type(error).__name__}): is the server running?")


def place_of(dsn: SecretStr) -> str:
    """Name a database without its password: `user@host:port/database`."""
    try:
        url = urlsplit(dsn.get_secret_value())
        port = url.port or 5432
    except ValueError:
        return "PostgreSQL"
    return f"PostgreSQL {url.username or ''}@{url.hostname or 'localhost'}:{port}{url.path}"
