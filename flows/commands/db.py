"""`dataops db`: the warehouse's database."""

from __future__ import annotations

import asyncio
import math
import os
import shutil
from typing import Annotated, Any

import typer

from flows.commands.console import AsJson, out, print_json, print_table
from flows.runtime.warehouse import migrate_warehouse, open_migrated, open_warehouse
from schemas.settings import Settings, load_settings
from tasks.warehouse import embedded_postgres
from tasks.warehouse.connection import display_name, libpq_environment
from tasks.warehouse.embedded_home import program
from tasks.warehouse.migrate import Conversion, MigrationReport, describe, estimate_conversion
from tasks.warehouse.roles import set_up_roles

app = typer.Typer(help="The warehouse's database.", no_args_is_help=True)


@app.command()
def start() -> None:
    """Start the embedded PostgreSQL (every other command does so by itself)."""
    settings = load_settings()
    embedded_postgres.start(settings.state_dir)
    _print_location(settings)


@app.command()
def stop() -> None:
    """Stop the embedded PostgreSQL."""
    was_running = embedded_postgres.stop(load_settings().state_dir)
    out.print("stopped" if was_running else "it was not running")


@app.command()
def status(*, as_json: AsJson = False) -> None:
    """Show which database is used, its versions, schemas and migrations."""
    settings = load_settings()
    facts = asyncio.run(_describe(settings))
    if as_json:
        print_json(facts)
        return
    migrations = facts.pop("migrations")
    print_table("Database", [{"what": key, "value": value} for key, value in facts.items()])
    print_table("Migrations", migrations)


Convert = Annotated[
    bool, typer.Option("--convert", help="Also make a hypertable of a filled core.measurements; loads wait meanwhile.")
]


@app.command()
def migrate(*, convert: Convert = False) -> None:
    """Create or update schemas, tables, aggregates and policies; safe to repeat."""
    settings = load_settings()
    report = asyncio.run(_migrate(settings, convert=convert))
    out.print("\n".join([*report.applied, *report.changes]) or "nothing to do", highlight=False)
    if estimate := asyncio.run(_estimate(settings)):
        out.print(
            f"core.measurements is not a hypertable though TimescaleDB is installed. To convert its about "
            f"{estimate.rows:,} readings takes about {math.ceil(estimate.seconds / 60)} min on this server "
            "(loads wait, reading goes on) and as much disk again: `dataops db migrate --convert`",
            highlight=False,
        )
    if report.core_is_external:
        out.print("core is managed externally: nothing in it was altered, it has all that is needed")


@app.command()
def roles() -> None:
    """Create four group roles of least privilege and give each what it needs; safe to repeat."""
    settings = load_settings()
    created = asyncio.run(_roles(settings))
    for role, name in settings.roles.items():
        out.print(f"{role}: {name}{' (created)' if name in created else ''}", highlight=False)


async def _roles(settings: Settings) -> list[str]:
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        created = await set_up_roles(connection, settings)
    await migrate_warehouse(warehouse)  # aggregates that could not be given are created as their role
    return created


_PASSES_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(context_settings=_PASSES_ARGUMENTS)
def psql(context: typer.Context) -> None:
    """Open psql on the warehouse, times in DEFAULT_TZ; further arguments go to psql (such as -c 'select 1')."""
    # The wheel's psql has no TLS.
    _run_client(shutil.which("psql") or str(program("psql")), context.args)


@app.command("pg_dump", context_settings=_PASSES_ARGUMENTS)
def pg_dump(context: typer.Context) -> None:
    """Run pg_dump on the warehouse; further arguments go to pg_dump (such as -Fc -f FILE)."""
    _run_client(_of_the_server("pg_dump"), context.args)


@app.command("pg_restore", context_settings=_PASSES_ARGUMENTS)
def pg_restore(context: typer.Context) -> None:
    """Run pg_restore on the warehouse's server; further arguments go to pg_restore (such as -d DATABASE FILE)."""
    _run_client(_of_the_server("pg_restore"), context.args)


def _of_the_server(name: str) -> str:
    """Return a program that is as new as the server: the wheel's on the embedded one, else this machine's."""
    installed = shutil.which(name) if load_settings().database_url else None
    return installed or str(program(name))


def _run_client(client: str, arguments: list[str]) -> None:
    settings = load_settings()
    url = asyncio.run(open_warehouse(settings)).dsn.get_secret_value()
    # The URL goes through the environment: everyone can read command lines.
    environment = os.environ | {"PGTZ": settings.default_tz} | libpq_environment(url)
    os.execve(client, [client, *arguments], environment)  # noqa: S606 - PostgreSQL's own; no child stays behind


async def _migrate(settings: Settings, *, convert: bool) -> MigrationReport:
    return await migrate_warehouse(await open_warehouse(settings), convert=convert)


async def _estimate(settings: Settings) -> Conversion | None:
    warehouse = await open_warehouse(settings)
    async with warehouse.connect() as connection:
        return await estimate_conversion(connection, settings)


async def _describe(settings: Settings) -> dict[str, Any]:
    warehouse = await open_warehouse(settings)
    return {"database": display_name(warehouse.dsn), **await describe(warehouse)}


def _print_location(settings: Settings) -> None:
    server = embedded_postgres.status(settings.state_dir)
    out.print(f"PostgreSQL {server.version} on 127.0.0.1:{server.port}, data in {server.home}", highlight=False)
