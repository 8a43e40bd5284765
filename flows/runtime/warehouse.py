"""Which database is the warehouse, and its schema brought to this version."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from flows.runtime.prefect_api import configured_api_url, require_answer
from schemas.settings import Settings
from tasks.warehouse import embedded_postgres
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.migrate import MigrationReport, migrate
from tasks.warehouse.roles import become_owner, grant_to_roles

_BLOCK_URLS: dict[str, SecretStr | None] = {}


async def open_warehouse(settings: Settings) -> Warehouse:
    """Decide on the warehouse: DATABASE_URL, else the operator's block, else the embedded PostgreSQL.

    The block is looked up only where a Prefect API is configured: a plain command starts no server.

    Raises:
        TransientError: a Prefect API is configured and does not answer.

    """
    return Warehouse(settings=settings, dsn=await _resolve_dsn(settings))


async def _resolve_dsn(settings: Settings) -> SecretStr:
    if settings.database_url:
        return settings.database_url
    if (api_url := configured_api_url()) and (from_block := await _block_url(api_url)):
        return from_block
    return SecretStr(await asyncio.to_thread(embedded_postgres.start, settings.state_dir))


async def _block_url(api_url: str) -> SecretStr | None:
    """Read the block once a process: a run stays with the database that it started with."""
    if api_url not in _BLOCK_URLS:
        from tasks.warehouse.credentials_block import find_block

        await asyncio.to_thread(require_answer, api_url)
        _BLOCK_URLS[api_url] = await find_block()
    return _BLOCK_URLS[api_url]


async def migrate_warehouse(warehouse: Warehouse, *, convert: bool = False) -> MigrationReport:
    """Bring the warehouse to the schema of this version; quick when there is nothing to do or to convert."""
    settings = warehouse.settings
    async with warehouse.connect() as connection:
        await become_owner(connection, settings)
        report = await migrate(connection, settings, convert=convert)
        if report.applied or report.changes:
            await grant_to_roles(connection, settings)
        return report


async def open_migrated(settings: Settings) -> Warehouse:
    """Open the warehouse for a command that reads: migrated, as every run leaves it."""
    warehouse = await open_warehouse(settings)
    await migrate_warehouse(warehouse)
    return warehouse
