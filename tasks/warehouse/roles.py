"""Four group roles of least privilege: owner (migrates), loader, dbt (makes features), reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    from collections.abc import Sequence

sql = Statements(__file__)


def _script(name: str, settings: Settings) -> str:
    text = sql.text(name, settings)
    for role, database_role in settings.roles.items():
        text = text.replace("{" + role + "}", database_role)
    return text


async def set_up_roles(connection: asyncpg.Connection, settings: Settings) -> list[str]:
    """Create the roles that are missing and give each what it needs, in a migrated database; safe to repeat.

    Gives the roles that were created.

    Raises:
        TerminalError: the user may not; says which SQL somebody has to run who may.

    """
    if not await connection.fetchval(sql.text("owns_database", settings)):
        user = await connection.fetchval("select current_user")
        raise TerminalError(f"{user} does not own this database: run `dataops db roles` as the database's owner")
    owner, dbt = settings.roles["owner"], settings.roles["dbt"]
    rows = await connection.fetch("select rolname from pg_roles where rolname = any($1)", list(settings.roles.values()))
    missing = sorted(set(settings.roles.values()) - {row["rolname"] for row in rows})
    user = await connection.fetchval("select current_user")
    needed = [f"create role {name} nologin" for name in missing]
    # Who migrates also looks after what dbt has made; and objects can only be given to a role of one's own.
    if not await _has_role(connection, owner, dbt):
        needed.append(f"grant {dbt} to {owner}")
    if not await _has_role(connection, user, owner):
        needed.append(f"grant {owner} to {await connection.fetchval('select quote_ident($1)', user)}")
    await _run(connection, needed, "may not create roles")
    await _give_aggregates(connection, dbt, settings)
    await _run(
        connection,
        [_script("set_up_roles", settings), _script("grant_roles", settings)],
        "does not own the database and what is in the pipeline's schemas",
    )
    return missing


async def _give_aggregates(connection: asyncpg.Connection, role: str, settings: Settings) -> None:
    """Give the continuous aggregates to the role that refreshes them.

    TimescaleDB keeps their data in a schema of its own, where only a superuser's word makes somebody else the owner.
    Empty ones are dropped instead: the next migration makes them as that role.
    """
    found = await connection.fetchrow(sql.text("select_aggregates_owner", settings), role)
    if found is None or found["owner"] == role:
        return
    names = [f"{settings.features_schema}.{name}" for name in ("meter_hourly", "meter_daily")]
    if found["can_be_given"]:
        await _run(connection, [f"alter materialized view {name} owner to {role}" for name in names], "may not do so")
    elif await connection.fetchval(sql.text("has_any_bucket", settings)):
        raise TerminalError(
            f"{' and '.join(names)} have to be given to {role}: let a superuser run\n"
            f"  grant create on schema _timescaledb_internal to {role};\nand repeat `dataops db roles`"
        )
    else:
        await connection.execute(sql.text("drop_aggregates", settings))


async def _has_role(connection: asyncpg.Connection, member: str, role: str) -> bool:
    """Tell whether a role may use the privileges of another; one that does not exist yet may not."""
    return bool(
        await connection.fetchval(
            "select pg_has_role(m.oid, r.oid, 'usage') from pg_roles as m, pg_roles as r "
            "where m.rolname = $1 and r.rolname = $2",
            member,
            role,
        )
    )


async def _run(connection: asyncpg.Connection, queries: Sequence[str], why_not: str) -> None:
    try:
        async with connection.transaction():
            for query in queries:
                await connection.execute(query)
    except asyncpg.InsufficientPrivilegeError as error:
        short = "".join(f"\n  {query};" for query in queries if "\n" not in query)
        advice = f"; let somebody who may run{short}\nand repeat `dataops db roles`" if short else ""
        raise TerminalError(f"this database user {why_not} ({error.args[0]}){advice}") from None


async def grant_to_roles(connection: asyncpg.Connection, settings: Settings) -> None:
    """Give the roles what they need of new tables, views and functions, where roles are set up."""
    if await _are_set_up(connection, settings):
        await connection.execute(_script("grant_roles", settings))


async def become_owner(connection: asyncpg.Connection, settings: Settings) -> None:
    """Act as the owner role where roles are set up and the user may: what is made then belongs to it."""
    role = settings.roles["owner"]
    if await _are_set_up(connection, settings) and await connection.fetchval("select pg_has_role($1, 'member')", role):
        await connection.execute(f"set role {role}")


async def dbt_role(connection: asyncpg.Connection, settings: Settings) -> str | None:
    """Give the role that dbt has to act as, so that features belong to it whoever runs; None: no roles.

    Raises:
        TerminalError: roles are set up and the user is no member of that one.

    """
    role = settings.roles["dbt"]
    if not await _are_set_up(connection, settings):
        return None
    if not await connection.fetchval("select pg_has_role($1, 'member')", role):
        user = await connection.fetchval("select quote_ident(current_user)")
        raise TerminalError(f"features belong to the role {role}: `grant {role} to {user}`, then run again")
    return role


async def _are_set_up(connection: asyncpg.Connection, settings: Settings) -> bool:
    return bool(await connection.fetchval(sql.text("has_roles", settings), settings.roles["owner"]))
