"""What the pipeline needs of an externally managed core, and the SQL that its owner can add it with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import asyncpg

from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.roles import has_roles
from tasks.warehouse.statements import SHARED, Statements

sql = Statements(__file__)

# What our statements use, with the definition that we would give it. Other types work too, except for those in _TYPES.
_TABLES: Mapping[str, Mapping[str, str]] = {
    "buildings": {
        "id": "integer generated always as identity primary key",
        "external_code": "text not null unique",
        "district_id": "text",
    },
    "itp": {
        "id": "integer generated always as identity primary key",
        "external_code": "text not null unique",
        "building_id": "integer not null references {core}.buildings (id)",
    },
    "meters": {
        "id": "integer generated always as identity primary key",
        "external_code": "text not null unique",
        "itp_id": "integer not null references {core}.itp (id)",
        "kind": "text not null",
        "interval_minutes": "integer not null default 60",
    },
    "measurements": {
        "time": "timestamptz not null",
        "meter_id": "integer not null",
        "metric": "text not null",
        "value": "double precision not null",
        "quality": "smallint not null default 0",
        "load_id": "uuid",
        "inserted_at": "timestamptz not null default now()",
        "updated_at": "timestamptz",
    },
    "measurement_revisions": {
        "time": "timestamptz not null",
        "meter_id": "integer not null",
        "metric": "text not null",
        "old_value": "double precision",
        "new_value": "double precision",
        "old_quality": "smallint",
        "new_quality": "smallint",
        "old_load_id": "uuid",
        "load_id": "uuid not null",
        "replaced_at": "timestamptz not null default clock_timestamp()",
        "change": "text not null default 'load'",
        "old_since": "timestamptz",
    },
}
_WRITTEN = ("measurements", "measurement_revisions")
_CHANGES = ("load", "rollback", "removal", "credit")
"""What a revision may have come from."""
_KEYS = {"measurements": ("meter_id", "time", "metric"), "meters": ("external_code",)}
_TYPES = {
    "time": ("timestamp with time zone", "timestamptz using time at time zone 'UTC' /* or the zone that it is in */"),
    "load_id": ("uuid", "uuid using load_id::uuid"),
    "old_load_id": ("uuid", "uuid using old_load_id::uuid"),
}
_READ = ("SELECT",)
_PRIVILEGES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "loader": {
        **dict.fromkeys(("buildings", "itp", "meters"), _READ),
        "measurements": ("SELECT", "INSERT", "UPDATE", "DELETE"),
        "measurement_revisions": ("SELECT", "INSERT"),
    },
    # The owner's views show core to whoever may read the views.
    **dict.fromkeys(("owner", "dbt", "reader"), dict.fromkeys(_TABLES, _READ)),
}


class Missing(NamedTuple):
    """Something that core lacks, in words, and the query that adds it."""

    text: str
    query: str


Columns = Mapping[str, Mapping[str, asyncpg.Record]]
"""Table → column → what the catalog says of it."""


async def check_core(connection: Connection, settings: Settings) -> list[Missing]:
    """List what our statements need in core and do not find: tables, columns, keys, labels, privileges."""
    existing: dict[str, dict[str, asyncpg.Record]] = {}
    for row in await connection.fetch(*sql("select_core_columns", settings)):
        existing.setdefault(row["table_name"], {})[row["column_name"]] = row
    return [
        *missing_columns(existing, settings),
        *await _missing_keys(connection, existing, settings),
        *await _missing_labels(connection, settings),
        *await _refused_changes(connection, settings),
        *await _missing_privileges(connection, settings),
    ]


def in_words(missing: list[Missing], settings: Settings) -> str:
    """Return one message whose end can be run unchanged."""
    script = "\n".join(f"  -- {item.text}\n  {item.query};" for item in missing)
    return (
        f"the schema {settings.core_schema} is managed externally, so nothing in it is altered; "
        f"its owner can add what is missing with this SQL:\n{script}"
    )


def missing_columns(existing: Columns, settings: Settings) -> Iterator[Missing]:
    """Yield the tables and columns that are missing, and the columns that do not fit."""
    for table, columns in _TABLES.items():
        name = f"{settings.core_schema}.{table}"
        definitions = {column: text.replace("{core}", settings.core_schema) for column, text in columns.items()}
        if table not in existing:
            yield Missing(f"there is no table {name}", _create_table(table, name, definitions))
            continue
        for column, definition in definitions.items():
            if column not in existing[table]:
                # Existing rows have no value for it.
                added = definition if "default" in definition else definition.replace(" not null", "")
                yield Missing(f"there is no column {name}.{column}", f"alter table {name} add column {column} {added}")
        if table in _WRITTEN:
            yield from _unfit_columns(name, existing[table], columns)


def _create_table(table: str, name: str, definitions: Mapping[str, str]) -> str:
    columns = [f"{column} {definition}" for column, definition in definitions.items()]
    key = [f"unique ({', '.join(_KEYS[table])})"] if table == "measurements" else []
    return f"create table {name} ({', '.join([*columns, *key])})"


def _unfit_columns(name: str, existing: Mapping[str, asyncpg.Record], columns: Mapping[str, str]) -> Iterator[Missing]:
    for column, row in existing.items():
        wanted, change = _TYPES.get(column, (row["type"], ""))
        if row["type"] != wanted:
            yield Missing(
                f"{name}.{column} is a {row['type']}, not a {wanted}",
                f"alter table {name} alter column {column} type {change}",
            )
        if row["must_be_given"] and column not in columns:
            yield Missing(
                f"{name}.{column} must be given and has no default, and the pipeline does not know it",
                f"alter table {name} alter column {column} drop not null",
            )


async def _missing_keys(connection: Connection, existing: Columns, settings: Settings) -> list[Missing]:
    missing = []
    for table, columns in _KEYS.items():
        if not set(columns) <= set(existing.get(table, ())):
            continue
        query = sql("has_unique_key", settings, table_name=table, columns=sorted(columns))
        if not await connection.fetchval(*query):
            key = f"{settings.core_schema}.{table} ({', '.join(columns)})"
            missing.append(Missing(f"there is no unique key {key}", f"create unique index on {key}"))
    return missing


async def _missing_labels(connection: Connection, settings: Settings) -> list[Missing]:
    from schemas.metrics import METRICS

    rows = await connection.fetch(*sql("select_missing_labels", settings, metrics=list(METRICS)))
    return [
        Missing(f"the type {row['type']} has no {row['label']}", f"alter type {row['type']} add value '{row['label']}'")
        for row in rows
    ]


async def _refused_changes(connection: Connection, settings: Settings) -> list[Missing]:
    """List the checks on how a revision came about that refuse one of ours."""
    rows = await connection.fetch(*sql("select_refused_changes", settings, changes=list(_CHANGES)))
    allowed = ", ".join(f"'{change}'" for change in _CHANGES)
    return [
        Missing(
            f"{row['relation']}.change may not be {', '.join(row['refused'])}",
            f"alter table {row['relation']} drop constraint {row['name']}, add check (change in ({allowed}))",
        )
        for row in rows
    ]


async def _missing_privileges(connection: Connection, settings: Settings) -> list[Missing]:
    """List what the roles lack, or the user where no roles are set up."""
    user = await connection.fetchval("select current_user")
    are_set_up = await has_roles(connection, settings)
    roles, tables, privileges = zip(*wanted_privileges(settings.roles if are_set_up else {"loader": user}), strict=True)
    query = sql("select_missing_grants", settings, roles=list(roles), tables=list(tables), privileges=list(privileges))
    refreshing = [settings.roles["dbt"], user] if are_set_up else [user]
    return [
        *(Missing("a privilege is missing", row["query"]) for row in await connection.fetch(*query)),
        *await _missing_refreshes(connection, refreshing, settings),
    ]


def wanted_privileges(holders: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """List (database role, table, privilege) for those of our roles that someone holds."""
    return [
        (holders[role], table, privilege)
        for role, tables in _PRIVILEGES.items()
        if role in holders
        for table, privileges in tables.items()
        for privilege in privileges
    ]


async def _missing_refreshes(connection: Connection, roles: list[str], settings: Settings) -> list[Missing]:
    """List what of REFRESH_OBJECTS none of the roles may refresh."""
    has_timescale = await connection.fetchval(*SHARED("has_timescale", settings))
    aggregates = await connection.fetch(*sql("select_aggregates", settings)) if has_timescale else []
    query = sql(
        "select_refused_refreshes",
        settings,
        names=list(settings.refresh_objects or ()),
        aggregates=[row["name"] for row in aggregates],
        roles=roles,
    )
    return [Missing(f"REFRESH_OBJECTS: {row['problem']}", row["query"]) for row in await connection.fetch(*query)]
