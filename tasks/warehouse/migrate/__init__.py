"""Bring the database to the schema of this version: safe twice and at once, never on an externally managed core."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import PROJECT_ROOT, Settings
from tasks.warehouse.connection import Connection, Warehouse, connection_facts
from tasks.warehouse.core_owner import CoreOwner, read_core_owner
from tasks.warehouse.embedded_postgres import embedded_facts
from tasks.warehouse.locks import hold_migrations
from tasks.warehouse.migrate.external_core import check_core, in_words
from tasks.warehouse.migrate.hypertable import Conversion
from tasks.warehouse.migrate.storage_layout import (
    StorageLayout,
    apply_storage_layout,
    estimate_conversion,
    read_storage_layout,
)
from tasks.warehouse.migrate.stored_definitions import find_changed_definitions, store_definitions
from tasks.warehouse.roles import grant_to_roles
from tasks.warehouse.statements import Statements, fill_schemas

sql = Statements(__file__)

__all__ = [
    "Conversion",
    "Migration",
    "MigrationReport",
    "StorageLayout",
    "describe",
    "estimate_conversion",
    "find_migrations",
    "migrate",
    "read_storage_layout",
]

_FOLDER = PROJECT_ROOT / "schemas" / "migrations"
_CORE = "core"


class Migration(NamedTuple):
    """One file of `schemas/migrations`; its name is `NNNN_scope.sql`."""

    version: int
    scope: str
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text with its placeholders."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class MigrationReport(NamedTuple):
    """What a migration did: the files applied, and what was changed in views and storage after them."""

    applied: list[str]
    core_is_external: bool
    changes: list[str]


def find_migrations(folder: Path = _FOLDER) -> list[Migration]:
    """Read the migrations in their order."""
    migrations = []
    for file in sorted(folder.glob("*.sql")):
        number, scope, *_ = file.stem.split("_")
        migrations.append(Migration(int(number), scope, file.name, file.read_text("utf-8")))
    return migrations


async def migrate(connection: Connection, settings: Settings, *, convert: bool = False) -> MigrationReport:
    """Apply what is missing, each file in one transaction, under a lock; then the storage layout the server allows.

    `convert`: also make a hypertable of a filled table; nothing can be loaded meanwhile.

    Raises:
        TerminalError: an externally managed core lacks what is needed (all of it is listed), an applied file was
            changed, or the user may not create what is missing.

    """
    # Any reader can hold the lock up, but not a run that has nothing to migrate.
    is_current = await _is_current(connection, settings)
    async with hold_migrations(connection, wait=convert or not is_current) as is_held:
        if not is_held:
            is_external = await read_core_owner(connection, settings) is CoreOwner.EXTERNAL
            return MigrationReport([], is_external, [])
        try:
            return await _migrate(connection, settings, convert=convert)
        except asyncpg.DependentObjectsStillExistError as error:
            raise TerminalError(
                f"{error.args[0]} ({error.detail}): drop what depends on it, run `dataops db migrate`, and create it "
                f"again on what is now in {settings.features_schema}_staging"
            ) from None
        except asyncpg.InsufficientPrivilegeError as error:
            raise TerminalError(
                f"this database user may not migrate the database ({error.args[0]}): "
                "run `dataops db migrate` once with a user that owns the database"
            ) from None


async def _migrate(connection: Connection, settings: Settings, *, convert: bool) -> MigrationReport:
    await _create_timescale(connection, settings)
    await _create_schemas(connection, settings)
    is_external = await read_core_owner(connection, settings) is CoreOwner.EXTERNAL
    if is_external and (missing := await check_core(connection, settings)):
        raise TerminalError(in_words(missing, settings))
    applied = []
    for migration in await _pending_migrations(connection, settings):
        if not (is_external and migration.scope == _CORE):
            await _apply(connection, migration, settings)
            applied.append(migration.name)
    if applied:
        await grant_to_roles(connection, settings)  # the aggregates are made as dbt's role, beside what it owns
    changes = await store_definitions(connection, settings, core_is_external=is_external)
    changes += await apply_storage_layout(connection, settings, convert=convert)
    return MigrationReport(applied, is_external, changes)


async def _is_current(connection: Connection, settings: Settings) -> bool:
    return (
        await _has_migrations(connection, settings)
        and not await _pending_migrations(connection, settings)
        and not await find_changed_definitions(connection, settings)
    )


async def _pending_migrations(connection: Connection, settings: Settings) -> list[Migration]:
    rows = await connection.fetch(*sql("select_migrations", settings))
    checksums = {row["version"]: row["checksum"] for row in rows}
    pending = []
    for migration in find_migrations():
        if migration.version not in checksums:
            pending.append(migration)
        elif checksums[migration.version] != migration.checksum:
            raise TerminalError(
                f"the migration {migration.name} was changed after it had been applied: "
                "restore it and put the change into a new file"
            )
    return pending


async def _apply(connection: Connection, migration: Migration, settings: Settings) -> None:
    row = {"version": migration.version, "name": migration.name, "checksum": migration.checksum}
    async with connection.transaction():
        await connection.execute(fill_schemas(migration.text, settings))
        await connection.execute(*sql("insert_migration", settings, **row))


async def _create_schemas(connection: Connection, settings: Settings) -> None:
    """Create schemas and the table of migrations; record once whether core was there before."""
    if await _has_migrations(connection, settings):
        return
    has_core = await connection.fetchval(*sql("has_schema", settings, name=settings.core_schema))
    owner = CoreOwner.EXTERNAL if has_core else CoreOwner.DATAOPS
    async with connection.transaction():
        for role, name in settings.schemas.items():
            if not (role == _CORE and has_core):
                await connection.execute(f"create schema if not exists {name}")
        await connection.execute(*sql("create_schema_migrations", settings))
        await connection.execute(*sql("comment_schema_migrations", settings))
        await connection.execute(*sql("insert_core_owner", settings, owner=owner.value))


async def _has_migrations(connection: Connection, settings: Settings) -> bool:
    table = f"{settings.quality_schema}.schema_migrations"
    return bool(await connection.fetchval("select to_regclass($1) is not null", table))


async def _create_timescale(connection: Connection, settings: Settings) -> None:
    """Create the extension where the server has it preloaded (without that it ends the session) and this user may."""
    if await connection.fetchval(*sql("can_create_timescale", settings)):
        await connection.execute("create extension if not exists timescaledb")


async def describe(warehouse: Warehouse) -> dict[str, object]:
    """Return how to connect to a database, migrated or not, and its versions, extensions, size and migrations."""
    settings = warehouse.settings
    facts = connection_facts(warehouse.dsn)
    if settings.database_url is None:
        facts |= embedded_facts(settings.state_dir, warehouse.dsn)
    async with warehouse.connect() as connection:
        has_migrations = await _has_migrations(connection, settings)
        migrations = await connection.fetch(*sql("select_migrations", settings)) if has_migrations else []
        owner = (await read_core_owner(connection, settings)).value if has_migrations else "nobody yet"
        extensions = await connection.fetch(*sql("select_extensions", settings))
        return facts | {
            "version": await connection.fetchval("show server_version"),
            "size": await connection.fetchval("select pg_size_pretty(pg_database_size(current_database()))"),
            "extensions": ", ".join(f"{row['name']} {row['version']}" for row in extensions),
            "schemas": ", ".join(f"{role}: {name}" for role, name in settings.schemas.items()),
            "core made by": owner,
            "migrations": [dict(row) for row in migrations],
        }
