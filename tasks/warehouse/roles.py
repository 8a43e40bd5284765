"""Four group roles of least privilege: owner (migrates), loader, dbt (builds features), reader."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_AGGREGATES = ("meter_hourly", "meter_daily")


async def set_up_roles(connection: Connection, settings: Settings) -> list[str]:
    """Create the roles that are missing and grant each what it needs, in a migrated database; safe to repeat.

    Returns the roles that were created.

    Raises:
        TerminalError: the user may not; says which SQL someone with the privilege has to run.

    """
    if not await connection.fetchval(*sql("owns_database", settings)):
        user = await connection.fetchval("select current_user")
        raise TerminalError(f"{user} does not own this database: run `dataops db roles` as the database's owner")
    existing = await connection.fetch(*sql("select_existing_roles", settings, roles=list(settings.roles.values())))
    missing = sorted(set(settings.roles.values()) - {row["rolname"] for row in existing})
    memberships = await _missing_memberships(connection, settings)
    await _run(connection, [f"create role {name} nologin" for name in missing] + memberships, "may not create roles")
    await _give_aggregates(connection, settings)
    await _run(
        connection,
        [_fill_roles("set_up_roles", settings), _fill_roles("grant_roles", settings)],
        "does not own the database and what is in the pipeline's schemas",
    )
    return missing


async def _missing_memberships(connection: Connection, settings: Settings) -> list[str]:
    """List the grants by which the owner maintains what dbt builds, and the user may give objects to the owner."""
    owner, dbt = settings.roles["owner"], settings.roles["dbt"]
    user = await connection.fetchval("select current_user")
    grants = []
    if not await _has_role(connection, settings, member=owner, role=dbt):
        grants.append(f"grant {dbt} to {owner}")
    if not await _has_role(connection, settings, member=user, role=owner):
        grants.append(f"grant {owner} to {await connection.fetchval('select quote_ident($1)', user)}")
    return grants


async def _give_aggregates(connection: Connection, settings: Settings) -> None:
    """Give the continuous aggregates to dbt's role, which refreshes them.

    TimescaleDB keeps their data in a separate schema, where only a superuser can let another role own tables.
    Empty aggregates are dropped instead: the next migration creates them as that role.
    """
    role = settings.roles["dbt"]
    aggregates = await connection.fetchrow(*sql("select_aggregates_owner", settings, dbt=role))
    if aggregates is None or aggregates["owner"] == role:
        return
    names = [f"{settings.features_schema}.{name}" for name in _AGGREGATES]
    if aggregates["can_be_given"]:
        await _run(connection, [f"alter materialized view {name} owner to {role}" for name in names], "may not do so")
    elif await connection.fetchval(*sql("has_buckets", settings)):
        raise TerminalError(
            f"{' and '.join(names)} have to be given to {role}: let a superuser run\n"
            f"  grant create on schema _timescaledb_internal to {role};\nand repeat `dataops db roles`"
        )
    else:
        await connection.execute(*sql("drop_aggregates", settings))


async def _has_role(connection: Connection, settings: Settings, *, member: str, role: str) -> bool:
    """Return True if a role may use the privileges of another; both have to exist for that."""
    return bool(await connection.fetchval(*sql("has_role", settings, member=member, role=role)))


async def _run(connection: Connection, queries: Sequence[str], why_not: str) -> None:
    try:
        async with connection.transaction():
            for query in queries:
                await connection.execute(query)
    except asyncpg.InsufficientPrivilegeError as error:
        short = "".join(f"\n  {query};" for query in queries if "\n" not in query)
        advice = f"; let someone with the privilege run{short}\nand repeat `dataops db roles`" if short else ""
        raise TerminalError(f"this database user {why_not} ({error.args[0]}){advice}") from None


async def grant_to_roles(connection: Connection, settings: Settings) -> None:
    """Grant the roles what they need of new tables, views and functions, where roles are set up."""
    if await has_roles(connection, settings):
        await connection.execute(_fill_roles("grant_roles", settings))


async def become_owner(connection: Connection, settings: Settings) -> None:
    """Act as the owner role where roles are set up and the user may: what is created then belongs to it."""
    role = settings.roles["owner"]
    if await has_roles(connection, settings) and await connection.fetchval("select pg_has_role($1, 'member')", role):
        await connection.execute(f"set role {role}")


async def dbt_role(connection: Connection, settings: Settings) -> str | None:
    """Return the role that dbt has to act as, so that features belong to it whoever runs; None: no roles.

    Raises:
        TerminalError: roles are set up and the user is not a member of that one.

    """
    role = settings.roles["dbt"]
    if not await has_roles(connection, settings):
        return None
    if not await connection.fetchval("select pg_has_role($1, 'member')", role):
        user = await connection.fetchval("select quote_ident(current_user)")
        raise TerminalError(f"features belong to the role {role}: `grant {role} to {user}`, then run again")
    return role


async def has_roles(connection: Connection, settings: Settings) -> bool:
    """Return True if the roles are set up in this database."""
    return bool(await connection.fetchval(*sql("has_roles", settings, owner=settings.roles["owner"])))


def _fill_roles(name: str, settings: Settings) -> str:
    text = sql.text(name, settings)
    for role, database_role in settings.roles.items():
        text = text.replace("{" + role + "}", database_role)
    return text
