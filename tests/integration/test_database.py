"""The embedded server and the migrations."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from schemas.errors import DataopsError, TerminalError, TransientError
from schemas.meter_kinds import METER_KINDS
from schemas.metrics import METRICS
from schemas.settings import PROJECT_ROOT, Settings
from tasks.warehouse import embedded_postgres
from tasks.warehouse.connection import Warehouse, connect
from tasks.warehouse.migrate import describe, find_migrations, migrate
from tests.harness import PipelineHarness, long_csv


def postmaster(state: Path) -> int:
    return int((embedded_postgres.status(state).home / "data" / "postmaster.pid").read_text().splitlines()[0])


async def test_server_comes_up_again_after_kill_9_with_what_was_committed(state_dir: Path) -> None:
    folder = state_dir.parent / "killed"
    url = embedded_postgres.start(folder)
    connection = await asyncpg.connect(url)
    await connection.execute("create table kept as select 1 as one")
    os.kill(postmaster(folder), signal.SIGKILL)
    try:
        connection = await asyncpg.connect(await asyncio.to_thread(embedded_postgres.start, folder))

        assert await connection.fetchval("select one from kept") == 1
        await connection.close()
    finally:
        assert embedded_postgres.stop(folder)
    assert not embedded_postgres.status(folder).running


def test_five_processes_that_start_at_once_share_one_server(state_dir: Path) -> None:
    folder = state_dir.parent / "shared"
    code = (
        "import sys, pathlib; from tasks.warehouse.embedded_postgres import start; "
        "print(start(pathlib.Path(sys.argv[1])))"
    )

    def begin(_: int) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    try:
        with ThreadPoolExecutor(5) as pool:
            urls = set(pool.map(begin, range(5)))
        assert len(urls) == 1
    finally:
        embedded_postgres.stop(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_root_in_a_private_folder_gets_a_server_elsewhere(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    try:
        embedded_postgres.start(private / "state")
        found = embedded_postgres.status(private / "state")
        assert found.running
        assert not found.home.is_relative_to(private)
        assert private.stat().st_mode & 0o777 == 0o700
    finally:
        embedded_postgres.stop(private / "state")


def test_password_file_is_for_its_owner_alone(state_dir: Path, postgres_dsn: str) -> None:
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("the tests run on another server (TEST_DATABASE_URL)")
    password = embedded_postgres.status(state_dir).home / "password"

    assert password.stat().st_mode & 0o777 == 0o600
    assert password.read_text() in postgres_dsn


@pytest.mark.sessions
async def test_migrating_twice_and_at_once_is_harmless(settings: Settings) -> None:
    assert settings.database_url
    connections = [await asyncpg.connect(settings.database_url.get_secret_value()) for _ in range(4)]

    reports = await asyncio.gather(*(migrate(connection, settings) for connection in connections))

    applied = [name for report in reports for name in report.applied]
    assert sorted(applied) == [migration.name for migration in find_migrations()]
    assert (await migrate(connections[0], settings)).applied == []
    for connection in connections:
        await connection.close()


async def test_other_schema_names_hold_everything(settings: Settings) -> None:
    assert settings.database_url
    names = {"stage_schema": "s1", "quality_schema": "q1", "core_schema": "c1", "features_schema": "f1"}
    connection = await asyncpg.connect(settings.database_url.get_secret_value())

    await migrate(connection, settings.model_copy(update=names))

    assert await connection.fetchval("select to_regnamespace('features_staging') is null")
    found = await connection.fetch(
        "select distinct table_schema from information_schema.tables "
        "where table_schema not in ('pg_catalog', 'information_schema')"
    )
    # Where the aggregates are continuous, dbt alone fills the schema of its views.
    assert {"s1", "q1", "c1", "f1"} == {
        row["table_schema"] for row in found if not row["table_schema"].startswith(("_timescaledb", "timescaledb"))
    } - {"f1_staging"}
    assert await connection.fetchval("select to_regnamespace('f1_staging') is not null")
    await connection.close()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda url: url.replace("@127.0.0.1:", "@127.0.0.1:1"), TransientError),
        (lambda url: url.rpartition("/")[0] + "/nothing_here", TerminalError),
        (lambda url: "postgresql://nobody:s3cret-word@" + url.rpartition("@")[2], TerminalError),
    ],
    ids=["unreachable", "no_such_database", "wrong_password"],
)
async def test_failed_connection_is_one_line_without_the_password(
    postgres_dsn: str, change: object, kind: type[DataopsError]
) -> None:
    url = change(postgres_dsn)  # type: ignore[operator]
    if kind is TransientError:
        url = url.replace(url.rpartition("@")[2].split("/")[0], "127.0.0.1:1")

    with pytest.raises(kind) as caught:
        async with connect(SecretStr(url)):
            pass

    password = url.split("://")[1].split("@")[0].partition(":")[2]
    assert password
    assert password not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_every_metric_and_kind_is_known_to_the_database_with_its_unit(pipeline: PipelineHarness) -> None:
    connection = pipeline.connection
    meter = await pipeline.add_meter("M")

    await connection.execute("select quality.ensure_partitions('measurements', 1, 'UTC', array['2025-04-30'::date])")
    await connection.execute(
        "insert into core.measurements (time, meter_id, metric, quality, value, load_id) "
        "select '2025-04-30 12:00+00', $1, name::core.metric, 0, 1, gen_random_uuid() from unnest($2::text[]) as name",
        meter,
        list(METRICS),
    )

    units = await connection.fetch("select metric, unit from core.readings")
    kinds = await connection.fetch("select kind, title from quality.meter_kinds")
    expected = await connection.fetch("select kind, metric from quality.expected_metrics")
    assert dict(map(tuple, units)) == {name: metric.unit for name, metric in METRICS.items()}
    assert dict(map(tuple, kinds)) == {name: kind.title for name, kind in METER_KINDS.items()}
    assert sorted(map(tuple, expected)) == sorted(
        (name, metric) for name, kind in METER_KINDS.items() for metric in kind.expected
    )


async def test_metrics_that_are_added_or_changed_reach_the_database_and_none_is_dropped(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, settings = pipeline.connection, pipeline.settings
    known = await connection.fetchval("select enum_range(null::core.metric)::text[]")
    kept = METRICS["T1"].model_copy(update={"description": "Hot"})
    monkeypatch.setitem(METRICS, "steam_pressure", METRICS["pressure_supply"])
    monkeypatch.setitem(METRICS, "T1", kept)
    monkeypatch.delitem(METRICS, "battery_level")
    heat = METER_KINDS["heat"].model_copy(update={"expected": ["steam_pressure"]})
    monkeypatch.setitem(METER_KINDS, "heat", heat)

    first, second = await migrate(connection, settings), await migrate(connection, settings)

    rows = await connection.fetch("select metric, description from quality.metrics")
    described = dict(map(tuple, rows))
    expected = await connection.fetch("select metric from quality.expected_metrics where kind = 'heat'")
    assert [change.partition(": ")[2] for change in first.changes] == ["T1, steam_pressure, heat"]
    assert second.changes == []
    assert await connection.fetchval("select enum_range(null::core.metric)::text[]") == [*known, "steam_pressure"]
    assert (described["T1"], "battery_level" in described) == ("Hot", True)
    assert [row["metric"] for row in expected] == ["steam_pressure"]


async def test_metrics_are_texts_for_readers(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 01:00,M,T1,50", "2025-04-30 01:00,M,T2,40"))
    await pipeline.run()
    await pipeline.refresh_all()

    for relation in ("core.readings", "quality.reading_lineage", "features.meter_hourly", "features.meter_daily"):
        found = await pipeline.connection.fetchval(
            f"select count(*) from {relation} as r join (values ('T1'::text)) as wanted (metric) "
            "on r.metric = wanted.metric where r.metric like 'T%'"
        )
        assert found == 1
    types = await pipeline.connection.fetchval(
        "select array_agg(distinct a.atttypid::regtype::text) from pg_attribute as a join pg_class as c "
        "on a.attrelid = c.oid where c.relkind = 'v' and a.attname = 'metric' "
        "and c.relnamespace in ('core'::regnamespace, 'quality'::regnamespace, 'stage'::regnamespace)"
    )
    assert types == ["text"]


async def test_status_says_how_to_connect_and_never_the_password(
    state_dir: Path, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("the tests run on another server (TEST_DATABASE_URL)")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    embedded = Settings(_env_file=None, state_dir=state_dir)

    facts = await describe(Warehouse(settings=embedded, dsn=SecretStr(postgres_dsn)))

    home = embedded_postgres.status(state_dir).home
    password = (home / "password").read_text()
    assert (facts["host"], facts["user"], facts["database name"]) == ("127.0.0.1", "dataops", "dataops")
    assert facts["port"] == embedded_postgres.status(state_dir).port
    assert (facts["data folder"], facts["password file"]) == (str(home / "data"), str(home / "password"))
    assert (facts["core made by"], facts["migrations"]) == ("nobody yet", [])
    assert password not in str(facts)


async def test_no_reading_counts_twice_where_somebody_left_a_place_open(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("OTHER", itp="J", building="C")
    await pipeline.add_meter("M", itp="I", building="B")
    await pipeline.add_period("M", itp="J")
    await pipeline.add_period("M", itp="I", installed="2025-04-25 00:00+03")
    pipeline.put("a.csv", long_csv("2025-04-24 12:00,M,T1,1", "2025-04-25 12:00,M,T1,2"))
    await pipeline.run()

    rows = await pipeline.connection.fetch("select value, building_code from core.readings order by time")

    assert [tuple(row) for row in rows] == [(1, "C"), (2, "B")]
    assert await pipeline.connection.fetchval("select count(*) from quality.meter_placements") == 3


async def test_readings_name_the_building_that_their_meter_was_in_then(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("OTHER", itp="J", building="C")
    await pipeline.add_meter("M", itp="I", building="B")
    await pipeline.add_period("M", itp="J", installed="2025-04-10 00:00+03", removed="2025-04-20 12:00+03")
    await pipeline.add_period("M", itp="I", installed="2025-04-25 00:00+03")
    lines = [f"2025-04-{day:02} 12:00,{meter},T1,{day}" for day in (9, 10, 19, 20, 26) for meter in ("M", "OTHER")]
    pipeline.put("a.csv", long_csv(*lines))
    await pipeline.run()

    rows = await pipeline.connection.fetch(
        "select meter_code, extract(day from time)::int as day, building_code, itp_code from core.readings"
        " order by meter_code, time"
    )

    assert [tuple(row) for row in rows] == [
        *[("M", day, *place) for day, place in ((9, (None, None)), (10, ("C", "J")), (19, ("C", "J")))],
        *[("M", day, *place) for day, place in ((20, (None, None)), (26, ("B", "I")))],
        *[("OTHER", day, "C", "J") for day in (9, 10, 19, 20, 26)],
    ]
