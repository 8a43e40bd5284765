"""What the pipeline needs of a core that somebody else made, and the SQL that its owner can add it with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from schemas.metrics import METRICS
from schemas.settings import Settings
from tasks.warehouse.statements import SHARED, Statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import asyncpg

sql = Statements(__file__)

# What our statements use, with the definition that we would give it. Other types will do, but for those below.
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
        "kind": "text not null check (kind in ('cold_water', 'hot_water', 'heat'))",
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
    },
}
_WRITTEN = ("measurements", "measurement_revisions")
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
    # The owner's views show core to those who may read the views.
    **dict.fromkeys(("owner", "dbt", "reader"), dict.fromkeys(_TABLES, _READ)),
}


class Missing(NamedTuple):
    """Something that core lacks."""

    what: str
    query: str


async def check_core(connection: asyncpg.Connection, settings: Settings) -> list[Missing]:
    """List what our statements need in core and do not find: tables, columns, keys, privileges."""
    found: dict[str, dict[str, asyncpg.Record]] = {}
    for row in await connection.fetch(sql.text("select_core_columns", settings)):
        found.setdefault(row["table_name"], {})[row["column_name"]] = row
    missing = [
        *_missing_columns(found, settings),
        *await _missing_keys(connection, found, settings),
        *[
            Missing(
                f"the type {row['type']} has no {row['label']}", f"alter type {row['type']} add value '{row['label']}'"
            )
            for row in await connection.fetch(sql.text("select_missing_labels", settings), list(METRICS))
        ],
    ]
    return missing + await _missing_privileges(connection, settings)


def in_words(missing: list[Missing], settings: Settings) -> str:
    """Give one message whose end can be run as it stands."""
    script = "\n".join(f"  -- {one.what}\n  {one.query};" for one in missing)
    return (
        f"the schema {settings.core_schema} was made by somebody else, so nothing in it is altered; "
        f"its owner can add what is missing with this SQL:\n{script}"
    )


def _missing_columns(found: Mapping[str, Mapping[str, asyncpg.Record]], settings: Settings) -> Iterator[Missing]:
    for table, columns in _TABLES.items():
        name = f"{settings.core_schema}.{table}"
        definitions = {column: text.replace("{core}", settings.core_schema) for column, text in columns.items()}
        if table not in found:
            parts = [f"{column} {definition}" for column, definition in definitions.items()]
            key = [f"unique ({', '.join(_KEYS[table])})"] if table == "measurements" else []
            yield Missing(f"there is no table {name}", f"create table {name} ({', '.join([*parts, *key])})")
            continue
        for column, definition in definitions.items():
            if column not in found[table]:
                # Rows that are there already have no value for it.
                added = definition if "default" in definition else definition.replace(" not null", "")
                yield Missing(f"there is no column {name}.{column}", f"alter table {name} add column {column} {added}")
        if table in _WRITTEN:
            yield from _unfit_columns(name, found[table], columns)


def _unfit_columns(name: str, found: Mapping[str, asyncpg.Record], columns: Mapping[str, str]) -> Iterator[Missing]:
    for column, row in found.items():
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


async def _missing_keys(
    connection: asyncpg.Connection, found: Mapping[str, Mapping[str, asyncpg.Record]], settings: Settings
) -> list[Missing]:
    missing = []
    for table, columns in _KEYS.items():
        has_columns = set(columns) <= set(found.get(table, ()))
        if has_columns and not await connection.fetchval(sql.text("has_unique_key", settings), table, sorted(columns)):
            key = f"{settings.core_schema}.{table} ({', '.join(columns)})"
            missing.append(Missing(f"there is no unique key {key}", f"create unique index on {key}"))
    return missing


async def _missing_privileges(connection: asyncpg.Connection, settings: Settings) -> list[Missing]:
    """List what the roles lack, or the user where no roles are set up."""
    user = await connection.fetchval("select current_user")
    has_roles = await connection.fetchval(SHARED.text("has_roles", settings), settings.roles["owner"])
    holders = settings.roles if has_roles else {"loader": user}
    wanted = [
        (holders[role], table, privilege)
        for role, tables in _PRIVILEGES.items()
        if role in holders
        for table, privileges in tables.items()
        for privilege in privileges
    ]
    grants = await connection.fetch(sql.text("select_missing_grants", settings), *map(list, zip(*wanted, strict=True)))
    return [
        *(Missing("a privilege is missing", row["query"]) for row in grants),
        *await _missing_refreshes(connection, [holders["dbt"], user] if has_roles else [user], settings),
    ]


async def _missing_refreshes(connection: asyncpg.Connection, roles: list[str], settings: Settings) -> list[Missing]:
    catalog = "select to_regclass('timescaledb_information.continuous_aggregates') is not null"
    has_aggregates = await connection.fetchval(catalog)
    aggregates = await connection.fetch(sql.text("select_aggregates", settings)) if has_aggregates else []
    rows = await connection.fetch(
        sql.text("select_refused_refreshes", settings),
        list(settings.refresh_objects or ()),
        [row["name"] for row in aggregates],
        roles,
    )
    return [Missing(f"REFRESH_OBJECTS: {row['what']}", row["query"]) for row in rows]
