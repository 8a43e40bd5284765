"""Four roles of least privilege: what each may do, and what it may not."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from pydantic import SecretStr

from flows.commands.purge import purge_stage
from flows.load_day import load_day
from flows.rollback import rollback
from flows.runtime.warehouse import open_migrated
from schemas.errors import TerminalError
from schemas.settings import Settings, load_settings
from tasks.operate.show_status import show_status
from tasks.warehouse.connection import fetch_one
from tasks.warehouse.locks import MIGRATE, Lock, lock_transaction
from tasks.warehouse.migrate import migrate
from tasks.warehouse.roles import dbt_role, set_up_roles
from tests.harness import DAY, PipelineHarness, long_csv

pytestmark = pytest.mark.sessions

DENIED = asyncpg.InsufficientPrivilegeError


def url_of(user: str, settings: Settings) -> str:
    """The test's database as seen by a user, whose password is the name."""
    assert settings.database_url
    return f"postgresql://{user}:{user}@{settings.database_url.get_secret_value().rpartition('@')[2]}"


@asynccontextmanager
async def login(pipeline: PipelineHarness, *roles: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect as a new user that has some of the roles and nothing else."""
    user = f"{pipeline.settings.role_prefix}_login_{'_'.join(roles)}"
    await pipeline.connection.execute(f"create role {user} login password '{user}'")
    for role in roles:
        await pipeline.connection.execute(f"grant {pipeline.settings.roles[role]} to {user}")
    connection = await asyncpg.connect(url_of(user, pipeline.settings))
    yield connection
    await connection.close()


@pytest.fixture
async def roles(role_prefix: str, pipeline: PipelineHarness) -> PipelineHarness:
    """A migrated database with roles."""
    assert pipeline.settings.role_prefix == role_prefix
    await set_up_roles(pipeline.connection, pipeline.settings)
    return pipeline


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api")
async def test_member_of_loader_and_dbt_runs_the_whole_pipeline(
    roles: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with login(roles, "loader", "dbt") as connection:
        user = await connection.fetchval("select current_user")
        monkeypatch.setenv("DATABASE_URL", url_of(user, roles.settings))
        pipeline = PipelineHarness(connection, roles.settings)
        await pipeline.connection.execute("insert into core.buildings (external_code) values ('B')")
        await pipeline.add_meter("M", kind="cold_water")
        pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,consumption_period,1", "2025-04-30 00:00,?,T1,1"))
        await load_day(date=DAY)
        pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,consumption_period,2"))
        await load_day(date=DAY)
        load_id = await connection.fetchval("select load_id from quality.quality_load_log where rows_updated = 1")

        done = await rollback(load_id)
        purged = await purge_stage(load_settings(), dt.datetime.now(dt.UTC), dry_run=False)

    value = "select cold_consumption_m3 from features.ml_hourly_by_building where cold_consumption_m3 is not null"
    assert done.restored == 1
    # Of the first load the file is gone: stage is its only copy.
    assert (purged["raw rows"], purged["loads kept as only copy"]) == (1, 1)
    assert await roles.connection.fetchval(value) == 1
    # Partitions are created with the owner's rights; what dbt may do with them comes from their tables.
    owners = await roles.connection.fetch(
        "select distinct relowner::regrole::text as owner from pg_class "
        "where relnamespace in ('features'::regnamespace, 'features_staging'::regnamespace) "
        "and relkind in ('r', 'p', 'v', 'm') and not relispartition"
    )
    assert [row["owner"] for row in owners] == [roles.settings.roles["dbt"]]
    partition = "select tableowner from pg_tables where schemaname = 'core' and tablename like 'measurements_2%'"
    assert await roles.connection.fetchval(partition) in (roles.settings.roles["owner"], None)  # None: a hypertable
    async with login(roles, "reader") as reader:
        assert await reader.fetchval(value) == 1
        assert await reader.fetchval("select value from core.readings") == 1
        assert await reader.fetchval("select value from core.readings_as_of(now())") == 1
        with pytest.raises(DENIED, match="schema features_staging"):
            await reader.execute("select * from features_staging.stg_core__meters")
        assert (await show_status(reader, roles.settings)).row_errors_open == 1
        assert await reader.fetchval("select count(*) from quality.reading_lineage where cell = 'D2'") == 1


async def test_reader_cannot_hold_up_a_run(roles: PipelineHarness) -> None:
    """Anyone may take an advisory lock: runs wait for none, and see no living run in one that a reader holds."""
    roles.put("a.csv", long_csv("2025-04-30 00:00,M,T1,1"))
    dead = await roles.begin()
    await roles.ingest(dead)
    async with login(roles, "reader") as reader, login(roles, "loader") as loader:
        await roles.connection.execute("select pg_advisory_unlock_all()")
        for key in (MIGRATE, dead.claim_key):
            await reader.execute("select pg_advisory_lock($1)", key)
        for lock in Lock:
            for mode in ("share", "exclusive"):
                with pytest.raises(DENIED):
                    async with reader.transaction():
                        await reader.execute(f"lock table quality.{lock} in {mode} mode")

        await loader.execute("set statement_timeout = '30s'")
        await migrate(loader, roles.settings)
        (*_, log) = await PipelineHarness(loader, roles.settings).run()
        async with loader.transaction():
            for lock in Lock:
                await lock_transaction(loader, lock, roles.settings)

    assert (log["status"], log["rows_rejected"]) == ("partial", 1)


@pytest.mark.parametrize(
    ("role", "queries"),
    [
        (
            "loader",
            [
                "create table core.mine (one int)",
                "alter table core.measurements add column mine int",
                "create index on core.measurements (value)",
                "truncate core.measurements",
                "delete from core.meters",
                "update core.measurement_revisions set new_value = 1",
                "drop view core.readings",
                "drop function core.readings_as_of",
                "create table features.mine (one int)",
                "create table features_staging.mine (one int)",
                "create schema mine",
                "delete from quality.schema_migrations",
                "alter function quality.ensure_partitions set search_path = public",
            ],
        ),
        (
            "dbt",
            [
                "update core.measurements set value = 1",
                "insert into core.buildings (external_code) values ('B')",
                "create table core.mine (one int)",
                "delete from quality.changed_days",
                "select * from quality.quality_load_log",
                "select * from stage.stage_raw_measurements",
                "select quality.ensure_partitions('measurements', 1, 'UTC', '{2025-04-01}')",
            ],
        ),
        (
            "reader",
            [
                "insert into core.buildings (external_code) values ('B')",
                "update core.measurements set value = 1",
                "delete from quality.quality_load_log",
                "drop view features.meter_last_reading",
                "delete from features.meter_daily",
                "create table features.mine (one int)",
                "select * from stage.stage_raw_measurements",
                "select quality.ensure_partitions('measurements', 1, 'UTC', '{2025-04-01}')",
            ],
        ),
    ],
)
async def test_role_is_refused_what_is_not_its_own(roles: PipelineHarness, role: str, queries: list[str]) -> None:
    async with login(roles, role) as connection:
        for query in queries:
            with pytest.raises(DENIED):
                await connection.execute(query)


async def test_owner_migrates_without_being_a_superuser(role_prefix: str, settings: Settings) -> None:
    assert settings.database_url
    admin = await asyncpg.connect(settings.database_url.get_secret_value())
    user = f"{role_prefix}_engineer"
    database = settings.database_url.get_secret_value().rpartition("/")[2]
    await admin.execute(f"create role {user} login createrole password '{user}'")
    await admin.execute(f"alter database {database} owner to {user}")
    own = settings.model_copy(update={"database_url": SecretStr(url_of(user, settings))})
    await open_migrated(own)
    connection = await asyncpg.connect(url_of(user, settings))

    created = await set_up_roles(connection, own)
    again = await set_up_roles(connection, own)
    await admin.execute(
        "delete from quality.schema_migrations where version in (6, 7); drop view quality.reading_lineage"
    )
    await admin.execute("drop view quality.waiting_rows; drop view quality.open_row_errors")
    # As an older version left it: a view of dbt's, which the owner of the database drops.
    await admin.execute(
        "drop schema features_staging cascade; create view features.stg_core__meters as table core.meters"
    )
    await admin.execute(f"alter view features.stg_core__meters owner to {own.roles['dbt']}")
    await open_migrated(own)

    assert created == sorted(own.roles.values())
    assert again == []
    lineage = await fetch_one(
        admin,
        "select viewowner, has_table_privilege($1, 'quality.reading_lineage', 'select') as is_read"
        " from pg_views where viewname = 'reading_lineage'",
        own.roles["reader"],
    )
    assert tuple(lineage) == (own.roles["owner"], True)
    assert await admin.fetchval("select to_regclass('features.stg_core__meters') is null")
    staging = "select nspowner::regrole::text from pg_namespace where nspname = 'features_staging'"
    assert await admin.fetchval(staging) == own.roles["dbt"]
    await connection.close()
    await admin.close()


async def test_who_may_not_create_roles_is_told_the_sql_that_someone_else_has_to_run(
    role_prefix: str, settings: Settings
) -> None:
    assert settings.database_url
    admin = await asyncpg.connect(settings.database_url.get_secret_value())
    user = f"{role_prefix}_engineer"
    database = settings.database_url.get_secret_value().rpartition("/")[2]
    await admin.execute(f"create role {user} login password '{user}'")
    await admin.execute(f"alter database {database} owner to {user}")
    own = settings.model_copy(update={"database_url": SecretStr(url_of(user, settings))})
    await open_migrated(own)
    connection = await asyncpg.connect(url_of(user, settings))

    with pytest.raises(TerminalError, match="may not create roles") as caught:
        await set_up_roles(connection, own)
    await admin.execute("\n".join(line for line in str(caught.value).splitlines() if line.startswith("  ")))

    assert await set_up_roles(connection, own) == []
    await connection.close()
    await admin.close()


async def test_who_does_not_own_the_database_is_sent_to_its_owner(roles: PipelineHarness) -> None:
    async with login(roles, "loader") as connection:
        with pytest.raises(TerminalError, match="run `dataops db roles` as the database's owner"):
            await set_up_roles(connection, roles.settings)


async def test_dbt_without_its_role_is_told_which_grant_is_missing(
    roles: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with login(roles, "loader") as connection:
        with pytest.raises(TerminalError, match=rf"grant {roles.settings.roles['dbt']} to "):
            await dbt_role(connection, roles.settings)
