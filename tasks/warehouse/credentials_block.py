"""The warehouse's credentials as a prefect-sqlalchemy block, which an operator may edit in the UI."""

from __future__ import annotations

from prefect_sqlalchemy import AsyncDriver, AsyncSqlAlchemyConnector, ConnectionComponents
from pydantic import SecretStr
from sqlalchemy.engine import make_url

BLOCK_NAME = "dataops-warehouse"


def connector(dsn: SecretStr) -> AsyncSqlAlchemyConnector:
    """Return the warehouse's credentials as a prefect-sqlalchemy block."""
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
    """Save the embedded warehouse as a block, unless an operator has saved another one there.

    Its port may have changed since last time; its random password identifies it.
    """
    saved = await find_block()
    if saved is None or _password(saved) == _password(embedded):
        await connector(embedded).save(BLOCK_NAME, overwrite=True)


def _password(dsn: SecretStr) -> str | None:
    return make_url(dsn.get_secret_value()).password
