"""Connect to the warehouse; what goes wrong is one line that never holds the password."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
from prefect_sqlalchemy import AsyncDriver, AsyncSqlAlchemyConnector, ConnectionComponents
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from schemas.errors import DataopsError, TerminalError, TransientError

BLOCK_NAME = "dataops-warehouse"

# SQLSTATE classes and codes that a new try may cure (PostgreSQL manual, appendix A).
_TRANSIENT_CLASSES = ("08", "53", "57")
_TRANSIENT_CODES = {
    "40001",  # serialization_failure: another load changed the same readings
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available
    "23505",  # unique_violation: another load inserted the same readings
}


def is_transient(error: BaseException) -> bool:
    """Tell whether trying again may help, by type and SQLSTATE, never by the text."""
    if isinstance(error, asyncpg.PostgresError):
        code = error.sqlstate or ""
        return code in _TRANSIENT_CODES or code[:2] in _TRANSIENT_CLASSES
    lost = (TransientError, asyncpg.InterfaceError, ConnectionError, TimeoutError)
    return isinstance(error, lost) and not isinstance(error, TerminalError)


@asynccontextmanager
async def connect(dsn: SecretStr) -> AsyncIterator[asyncpg.Connection]:
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


def connector(dsn: SecretStr) -> AsyncSqlAlchemyConnector:
    """Give the warehouse as a prefect-sqlalchemy block, for small control statements."""
    url = make_url(dsn.get_secret_value())
    return AsyncSqlAlchemyConnector(
        connection_info=ConnectionComponents(
            driver=AsyncDriver.POSTGRESQL_ASYNCPG,
            database=url.database or "",
            username=url.username,
            password=SecretStr(url.password) if url.password else None,
            host=url.host,
            port=str(url.port or 5432),
            # The driver's name for libpq's sslmode.
            query={"ssl": str(url.query["sslmode"])} if "sslmode" in url.query else None,
        )
    )


async def find_block() -> SecretStr | None:
    """Read the warehouse's URL from the block that an operator may have edited, if there is one."""
    try:
        block = await AsyncSqlAlchemyConnector.aload(BLOCK_NAME)
    except ValueError:  # Prefect's answer for a block that does not exist
        return None
    url = block._rendered_url
    options = {"sslmode": url.query["ssl"]} if "ssl" in url.query else {}
    return SecretStr(url.set(drivername="postgresql", query=options).render_as_string(hide_password=False))


async def ensure_block(embedded: SecretStr) -> None:
    """Save the embedded warehouse as a block, unless an operator has put another into it.

    Its port may be another than last time; its password, made at random, tells that it is the same.
    """
    found = await find_block()
    if found is None or _password(found) == _password(embedded):
        await connector(embedded).save(BLOCK_NAME, overwrite=True)


def _password(dsn: SecretStr) -> str | None:
    return make_url(dsn.get_secret_value()).password
