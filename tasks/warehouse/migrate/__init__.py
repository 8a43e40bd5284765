"""Bring the database to the schema of this version: safe twice and at once, and never on a foreign core."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import PROJECT_ROOT, Settings
from tasks.warehouse.locks import Lock, hold
from tasks.warehouse.migrate.external_core import check_core, in_words
from tasks.warehouse.migrate.storage_layout import Conversion, Layout, estimate_conversion, lay_out, read_layout
from tasks.warehouse.statements import SHARED, Statements, fill_schemas

sql = Statements(__file__)

__all__ = [
    "Conversion",
    "Layout",
    "Migration",
    "MigrationReport",
    "describe",
    "estimate_conversion",
    "find_migrations",
    "migrate",
    "read_layout",
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
    """What a migration did: applied files, whether core belongs to somebody else, what it laid out anew."""

    applied: list[str]
    core_is_foreign: bool
    laid_out: list[str]


def find_migrations(folder: Path = _FOLDER) -> list[Migration]:
    """Read the migrations in their order."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        number, scope, *_ = file.stem.split("_")
        found.append(Migration(int(number), scope, file.name, file.read_text("utf-8")))
    return found


async def migrate(connection: asyncpg.Connection, settings: Settings, *, convert: bool = False) -> MigrationReport:
    """Apply what is missing, each file in one transaction, under a lock; then lay core out as the server allows.

    `convert`: also make a hypertable of a filled table, which nothing can load into meanwhile.

    Raises:
        TerminalError: a foreign core lacks what is needed (all of it is listed), an applied file was
            changed, or the user may not create what is missing.

    """
    async with hold(connection, Lock.MIGRATE):
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


async def _migrate(connection: asyncpg.Connection, settings: Settings, *, convert: bool) -> MigrationReport:
    await _offer_timescale(connection, settings)
    await _prepare(connection, settings)
    done = {row["version"]: row for row in await connection.fetch(sql.text("select_migrations", settings))}
    is_foreign = await connection.fetchval(SHARED.text("select_core_owner", settings)) == "foreign"
    if is_foreign and (missing := await check_core(connection, settings)):
        raise TerminalError(in_words(missing, settings))
    applied = []
    for migration in find_migrations():
        if (known := done.get(migration.version)) and known["checksum"] != migration.checksum:
            raise TerminalError(
                f"the migration {migration.name} was changed after it had been applied: "
                "restore it and put the change into a new file"
            )
        if known or (is_foreign and migration.scope == _CORE):
            continue
        async with connection.transaction():
            await connection.execute(fill_schemas(migration.text, settings))
            await connection.execute(
                sql.text("insert_migration", settings), migration.version, migration.name, migration.checksum
            )
        applied.append(migration.name)
    return MigrationReport(applied, is_foreign, await lay_out(connection, settings, convert=convert))


async def _prepare(connection: asyncpg.Connection, settings: Settings) -> None:
    """Make schemas and the table of migrations; note once whether core was there before us."""
    table = f"{settings.quality_schema}.schema_migrations"
    if await connection.fetchval("select to_regclass($1) is not null", table):
        return
    has_core = await connection.fetchval(
        "select exists (select from pg_namespace where nspname = $1)", settings.core_schema
    )
    async with connection.transaction():
        for role, name in settings.schemas.items():
            if not (role == _CORE and has_core):
                await connection.execute(f"create schema if not exists {name}")
        await connection.execute(sql.text("create_schema_migrations", settings))
        await connection.execute(sql.text("insert_core_owner", settings), "foreign" if has_core else "dataops")


async def _offer_timescale(connection: asyncpg.Connection, settings: Settings) -> None:
    """Create the extension where the server has it loaded and this user may; without preload it ends the session."""
    if await connection.fetchval(sql.text("is_timescale_on_offer", settings)):
        await connection.execute("create extension if not exists timescaledb")


async def describe(connection: asyncpg.Connection, settings: Settings) -> dict[str, object]:
    """Tell versions, extensions, size and applied migrations of a database, migrated or not."""
    has_table = await connection.fetchval(
        "select to_regclass($1) is not null", f"{settings.quality_schema}.schema_migrations"
    )
    migrations = await connection.fetch(sql.text("select_migrations", settings)) if has_table else []
    owner = await connection.fetchval(SHARED.text("select_core_owner", settings)) if has_table else "nobody yet"
    extensions = await connection.fetch("select extname, extversion from pg_extension order by extname")
    return {
        "version": await connection.fetchval("show server_version"),
        "size": await connection.fetchval("select pg_size_pretty(pg_database_size(current_database()))"),
        "extensions": ", ".join(f"{row['extname']} {row['extversion']}" for row in extensions),
        "schemas": ", ".join(f"{role}: {name}" for role, name in settings.schemas.items()),
        "core made by": owner,
        "migrations": [dict(row) for row in migrations],
    }
