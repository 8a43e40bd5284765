"""Which database is the warehouse, and a connection to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from prefect.settings import PREFECT_API_URL
from pydantic import SecretStr

from flows.runtime.prefect_api import require_answer
from schemas.settings import Settings
from tasks.warehouse import embedded_postgres
from tasks.warehouse.connection import connect, find_block
from tasks.warehouse.migrate import MigrationReport, migrate
from tasks.warehouse.roles import become_owner, grant_to_roles

if TYPE_CHECKING:
    import asyncpg

_BLOCK_URLS: dict[str, SecretStr | None] = {}


async def resolve_dsn(settings: Settings) -> SecretStr:
    """Decide on the warehouse: DATABASE_URL, else the operator's block, else the embedded PostgreSQL.

    The block is looked up only where a Prefect API is configured: a plain command starts no server.
    """
    if settings.database_url:
        return settings.database_url
    if PREFECT_API_URL.value() and (from_block := await _block_url(PREFECT_API_URL.value())):
        return from_block
    return SecretStr(await asyncio.to_thread(embedded_postgres.start, settings.state_dir))


async def _block_url(api_url: str) -> SecretStr | None:
    """Read the block once a process: a run stays with the database that it began with."""
    if api_url not in _BLOCK_URLS:
        await asyncio.to_thread(require_answer, api_url)
        _BLOCK_URLS[api_url] = await find_block()
    return _BLOCK_URLS[api_url]


@asynccontextmanager
async def open_connection(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Open a connection to the warehouse."""
    async with connect(await resolve_dsn(settings)) as connection:
        yield connection


async def migrate_warehouse(settings: Settings, *, convert: bool = False) -> MigrationReport:
    """Bring the warehouse to the schema of this version; quick when there is nothing to do or to convert."""
    async with open_connection(settings) as connection:
        await become_owner(connection, settings)
        report = await migrate(connection, settings, convert=convert)
        if report.applied or report.laid_out:
            await grant_to_roles(connection, settings)
        return report
