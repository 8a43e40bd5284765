"""A core that the data engineer manages: nothing in it is altered, what it lacks is listed, all works on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from pydantic import SecretStr

from schemas.errors import TerminalError
from schemas.metrics import METRICS
from schemas.settings import Settings
from tasks.warehouse.migrate import migrate
from tasks.warehouse.roles import set_up_roles
from tests.harness import PipelineHarness, long_csv

CATALOG = """
    select string_agg(concat_ws(' ', n.nspname, c.relname, c.relkind, c.relacl, c.relhastriggers, a.attname,
    a.atttypid::regtype, a.attnotnull), E'\n' order by n.nspname, c.relname, a.attnum)
    from pg_class as c join pg_namespace as n on c.relnamespace = n.oid
    left join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
    where n.nspname in ('core', 'agg')
"""
EXTERNAL_CORE = """
    create schema core;
    create schema agg;
    create table core.buildings (id bigint primary key, external_code text unique, district_id int);
    create table core.itp (id bigint primary key, external_code text unique, building_id bigint);
    create table core.meters (
        id bigint primary key, external_code text unique, itp_id bigint, kind text, interval_minutes int
    );
    create table core.measurements (
        time timestamptz, meter_id bigint, metric text, value float8, quality int, load_id uuid,
        inserted_at timestamptz default now(), updated_at timestamptz, unique (time, meter_id, metric)
    );
    create table core.measurement_revisions (
        id bigserial, time timestamptz, meter_id bigint, metric text, old_value float8, new_value float8,
        old_quality int, new_quality int, old_load_id uuid, load_id uuid, replaced_at timestamptz default now(),
        change text default 'load', old_since timestamptz
    );
    insert into core.buildings values (1, 'B', 1);
    insert into core.itp values (1, 'I', 1);
    insert into core.meters values (1, 'M', 1, 'hot_water', 60);
    insert into core.measurements (time, meter_id, metric, value) values ('2025-04-29 22:00+00', 1, 'T1', 50);
"""
# What refreshes it follows what the server offers: a materialised view, or a continuous aggregate on a hypertable.
DAILY = """
    create materialized view agg.daily as
    select meter_id, metric, date_trunc('day', time) as day, sum(value) as value_sum
    from core.measurements group by 1, 2, 3
"""
HYPERTABLE = """
    select create_hypertable(
        'core.measurements', by_range('time'), migrate_data => true, create_default_indexes => false
    )
"""
AGGREGATE = """
    create materialized view agg.daily with (timescaledb.continuous) as
    select meter_id, metric, time_bucket('1 day', time) as day, sum(value) as value_sum
    from core.measurements group by 1, 2, 3 with no data
"""


def script_of(error: TerminalError) -> str:
    """The SQL of the message, as a person copies it."""
    return "\n".join(line for line in str(error).splitlines() if line.startswith("  "))


async def sql_until_complete(
    connection: asyncpg.Connection, admin: asyncpg.Connection, settings: Settings
) -> list[str]:
    """Migrate; as long as core lacks something, run what the message says as the engineer."""
    scripts: list[str] = []
    while len(scripts) < 3:
        try:
            await migrate(connection, settings)
        except TerminalError as error:
            scripts.append(script_of(error))
            await admin.execute(scripts[-1])
        else:
            return scripts
    raise AssertionError(scripts)


@pytest.fixture
async def engineer(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Who owns core, and the whole test database."""
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    yield connection
    await connection.close()


async def test_what_core_lacks_is_listed_with_sql_that_completes_it(
    engineer: asyncpg.Connection, settings: Settings
) -> None:
    await engineer.execute(
        """
        create schema core;
        create type core.metric as enum ('consumption_period', 'T1');
        create table core.buildings (id bigint primary key, external_code text, district_id int);
        create table core.meters (id bigint primary key, external_code text, itp_id bigint, kind text);
        insert into core.meters values (1, 'M', 1, 'heat');
        create table core.measurements (
            time timestamp, meter_id bigint, metric core.metric, value float8, quality int, source text not null
        );
        insert into core.measurements values ('2025-04-01', 1, 'T1', 1, 0, 'x')
        """
    )
    before = await engineer.fetchval(CATALOG)

    with pytest.raises(TerminalError, match="managed externally") as caught:
        await migrate(engineer, settings)
    after = await engineer.fetchval(CATALOG)
    (script,) = await sql_until_complete(engineer, engineer, settings)

    listed = [line for line in str(caught.value).splitlines() if line.startswith("  -- ")]
    assert after == before
    assert script == script_of(caught.value)
    assert listed == [
        "  -- there is no table core.itp",
        "  -- there is no column core.meters.interval_minutes",
        "  -- there is no column core.measurements.load_id",
        "  -- there is no column core.measurements.inserted_at",
        "  -- there is no column core.measurements.updated_at",
        "  -- core.measurements.time is a timestamp without time zone, not a timestamp with time zone",
        "  -- core.measurements.source must be given and has no default, and the pipeline does not know it",
        "  -- there is no table core.measurement_revisions",
        "  -- there is no unique key core.measurements (meter_id, time, metric)",
        "  -- there is no unique key core.meters (external_code)",
        *(f"  -- the type core.metric has no {name}" for name in sorted(METRICS.keys() - {"consumption_period", "T1"})),
    ]


async def test_check_that_refuses_a_kind_of_revision_is_listed_with_sql_that_widens_it(
    engineer: asyncpg.Connection, settings: Settings
) -> None:
    await engineer.execute(EXTERNAL_CORE)
    await engineer.execute("alter table core.measurement_revisions add check (change in ('load', 'rollback'))")

    scripts = await sql_until_complete(engineer, engineer, settings)

    assert "-- core.measurement_revisions.change may not be removal, credit" in "".join(scripts)
    await engineer.execute(
        "insert into core.measurement_revisions (load_id, change) values (gen_random_uuid(), 'removal')"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        await engineer.execute("insert into core.measurement_revisions (change) values ('something else')")


@pytest.mark.sessions
@pytest.mark.usefixtures("prefect_api")
@pytest.mark.parametrize("with_roles", [False, True], ids=["one_user", "roles"])
async def test_user_without_ddl_on_core_loads_refreshes_builds_and_rolls_back(
    role_prefix: str, engineer: asyncpg.Connection, settings: Settings, *, with_roles: bool
) -> None:
    assert settings.database_url
    user, owner = f"{role_prefix}_pipeline", f"{role_prefix}_engineer"
    name = settings.database_url.get_secret_value().rpartition("/")[2]
    await engineer.execute(f"create role {owner}; create role {user} login password '{user}'")
    await engineer.execute(f"grant create on database {name} to {user}, {owner}; set role {owner}")
    await engineer.execute(EXTERNAL_CORE)
    if await engineer.fetchval("select current_setting('timescaledb.disable_load', true) is not null"):
        await engineer.execute("reset role; create extension if not exists timescaledb")
        await engineer.execute(f"set role {owner}")
        await engineer.execute(HYPERTABLE)
        await engineer.execute(AGGREGATE)
    else:
        await engineer.execute(DAILY)
    before = await engineer.fetchval(CATALOG)
    address = settings.database_url.get_secret_value().rpartition("@")[2]
    own = settings.model_copy(
        update={
            "database_url": SecretStr(f"postgresql://{user}:{user}@{address}"),
            "refresh_objects": ("agg.daily",),
        }
    )
    assert own.database_url
    connection = await asyncpg.connect(own.database_url.get_secret_value())
    role = None
    await engineer.execute("reset role")
    if with_roles:
        await migrate(engineer, own)
        await set_up_roles(engineer, own)
        role = own.roles["dbt"]
        await engineer.execute(f"grant {own.roles['loader']}, {role} to {user}")
        may_read = "select has_function_privilege($1, 'quality.readings_as_of(timestamptz)', 'execute')"
        assert await engineer.fetchval(may_read, own.roles["reader"])

    (script,) = await sql_until_complete(connection, engineer, own)
    pipeline = PipelineHarness(connection, own)
    empty = await engineer.fetchval("select clock_timestamp()")
    pipeline.put("a.csv", long_csv(*(f"2025-04-30 0{hour}:00,M,T1,{60 + hour}" for hour in range(3))))
    (log,) = await pipeline.run()
    await pipeline.transform()
    features = await connection.fetch(
        "select hour, t1_degc from features.ml_hourly_by_building where t1_degc is not null order by ts"
    )
    total = await engineer.fetchval("select sum(value_sum) from agg.daily")
    during = await engineer.fetchval("select clock_timestamp()")
    done = await pipeline.rollback(log["load_id"])

    assert "grant insert, select on core.measurement_revisions" in script
    assert "grant usage on sequence core.measurement_revisions_id_seq" in script
    assert (log["status"], log["rows_inserted"], log["rows_updated"]) == ("success", 2, 1)
    assert [tuple(row) for row in features] == [(0, 60), (1, 61), (2, 62)]
    assert total == 60 + 61 + 62
    assert (done.removed, done.restored) == (2, 1)
    assert await engineer.fetchval("select array_agg(value) from core.measurements") == [50]
    for moment, values in ((empty, [50]), (during, [60, 61, 62])):
        as_of = "select array_agg(value order by value) from quality.readings_as_of($1)"
        assert await connection.fetchval(as_of, moment) == values
    assert strip_acl(await engineer.fetchval(CATALOG)) == strip_acl(before)
    await connection.close()


def strip_acl(catalog: str) -> list[str]:
    """The catalog without privileges, which the engineer has granted."""
    return [" ".join(part for part in line.split() if not part.startswith("{")) for line in catalog.splitlines()]
