"""What only TimescaleDB has: hypertable, continuous aggregates, columnstore, retention."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest

from schemas.errors import TerminalError
from schemas.settings import Settings
from schemas.windows import Window
from tasks.warehouse import migrate as migrate_database
from tasks.warehouse.connection import fetch_one
from tasks.warehouse.migrate import estimate_conversion, migrate, read_storage_layout
from tasks.warehouse.migrate.hypertable import make_hypertable, measure_conversion
from tests.harness import DAY, PipelineHarness, long_csv
from tests.integration.test_aggregates import day_of, wrong

pytestmark = pytest.mark.timescale


async def test_new_core_is_a_hypertable_with_its_key_alone_and_continuous_aggregates(pipeline: PipelineHarness) -> None:
    layout = await read_storage_layout(pipeline.connection, pipeline.settings)
    indexes = await pipeline.connection.fetchval(
        "select array_agg(indexname::text) from pg_indexes where schemaname = 'core' and tablename = 'measurements'"
    )

    assert layout == ("hypertable", "continuous aggregates", 1, None, None, [])
    assert indexes == ["measurements_pkey"]


@pytest.mark.sessions
async def test_filled_partitioned_core_becomes_a_hypertable_only_when_asked_and_keeps_all_it_has(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    await connection.execute("drop extension if exists timescaledb")
    with monkeypatch.context() as patched:
        patched.setattr(migrate_database, "_create_timescale", _do_nothing)
        await migrate(connection, settings)
    pipeline = PipelineHarness(connection, settings)
    await pipeline.add_meter("M")
    await day_of(pipeline, "a.csv", DAY)
    await day_of(pipeline, "b.csv", date(2024, 1, 10), value=3)
    await connection.execute(
        "create view core.of_a_user as select meter_id, value from core.measurements;"
        "comment on view core.of_a_user is 'kept'; grant select on core.measurements to pg_monitor;"
        "grant select on core.of_a_user to pg_monitor"
    )
    before, views = await pipeline.digest(), await connection.fetchval(KEPT)

    report = await migrate(connection, settings)

    assert report.changes == []
    estimate = await estimate_conversion(connection, settings)
    assert estimate
    assert estimate.rows == 12
    assert (await read_storage_layout(connection, settings)).measurements == "partitioned table"
    await day_of(pipeline, "c.csv", date(2024, 1, 11))
    before = await pipeline.digest()

    await migrate(connection, settings, convert=True)

    assert (await read_storage_layout(connection, settings))[:2] == ("hypertable", "continuous aggregates")
    assert await estimate_conversion(connection, settings) is None
    assert (await pipeline.digest(), await connection.fetchval(KEPT)) == (before, views)
    assert await connection.fetchval("select count(*) from core.of_a_user") == 18
    assert await connection.fetchval("select count(*) from quality.reading_lineage where source_file is not null") == 18
    await day_of(pipeline, "d.csv", date(2024, 1, 12))
    await pipeline.refresh_all()
    assert await wrong(pipeline) == []
    await connection.close()


async def test_partitioned_table_is_measured_and_becomes_a_hypertable_with_its_rows_view_and_grants(
    settings: Settings,
) -> None:
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    await connection.execute(
        """
        create schema core;
        create table core.measurements (
            time timestamptz not null, meter_id bigint, metric text, primary key (meter_id, time, metric)
        ) partition by range (time);
        create table core.of_2024 partition of core.measurements for values from ('2024-01-01') to ('2025-01-01');
        create table core.of_2025 partition of core.measurements for values from ('2025-01-01') to ('2026-01-01');
        insert into core.measurements
        select '2024-12-30 00:00+00'::timestamptz + n * interval '1 hour', 1, 'T1' from generate_series(0, 99) as n;
        comment on table core.measurements is 'kept';
        create view core.of_a_user as select meter_id from core.measurements;
        grant select on core.measurements to pg_monitor
        """
    )

    estimate = await measure_conversion(connection, settings)
    await make_hypertable(connection, settings, is_partitioned=True)

    kept = await fetch_one(
        connection,
        "select count(*), has_table_privilege('pg_monitor', 'core.measurements', 'select'),"
        " obj_description('core.measurements'::regclass) from core.of_a_user",
    )
    hypertables = "select hypertable_name, num_chunks from timescaledb_information.hypertables"
    assert estimate.rows == 100
    assert tuple(kept) == (100, True, "kept")
    assert [tuple(row) for row in await connection.fetch(hypertables)] == [("measurements", 5)]
    await connection.close()


async def test_materialised_view_on_readings_refuses_the_conversion(settings: Settings) -> None:
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    await connection.execute(
        "create schema core; create table core.measurements (time timestamptz not null, meter_id bigint)"
        " partition by range (time); create materialized view core.summary as table core.measurements"
    )

    with pytest.raises(TerminalError, match=r"core\.summary: materialised views that read core\.measurements"):
        await make_hypertable(connection, settings, is_partitioned=True)

    await connection.close()


KEPT = """
    select string_agg(concat_ws(' ', relname, relacl, obj_description(oid)), E'\n' order by relname)
    from pg_class where relnamespace = 'core'::regnamespace and relname in ('measurements', 'readings', 'of_a_user')
"""


async def _do_nothing(*_: object) -> None:
    """Stand in for a server without TimescaleDB."""


async def test_policies_come_and_go_with_the_settings(pipeline: PipelineHarness) -> None:
    on = pipeline.settings.model_copy(update={"compress_after_days": 30, "keep_months": 36, "chunk_days": 5})
    changed = on.model_copy(update={"compress_after_days": 60, "keep_months": None})

    for settings, expected in (
        (on, ("30 days", "3 years", 5)),
        (changed, ("60 days", None, 5)),
        (pipeline.settings, (None, None, 1)),
    ):
        assert (await migrate(pipeline.connection, settings)).changes
        layout = await read_storage_layout(pipeline.connection, settings)
        assert (layout.compress_after, layout.drop_after, layout.chunk_days) == expected
        assert (await migrate(pipeline.connection, settings)).changes == []


async def test_days_of_another_zone_rebuild_the_daily_aggregate(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await day_of(pipeline, "a.csv", DAY)
    await pipeline.follow()
    ural = pipeline.settings.model_copy(update={"default_tz": "Asia/Yekaterinburg"})

    await migrate(pipeline.connection, ural)
    await PipelineHarness(pipeline.connection, ural).refresh_all()

    starts = await pipeline.connection.fetch("select distinct bucket_start from features.meter_daily order by 1")
    assert [f"{row[0]:%d %H:%M}" for row in starts] == ["29 19:00", "30 19:00"]


async def test_zone_of_half_hours_gets_rollup_tables(pipeline: PipelineHarness) -> None:
    kolkata = pipeline.settings.model_copy(update={"default_tz": "Asia/Kolkata"})

    await migrate(pipeline.connection, kolkata)

    assert (await read_storage_layout(pipeline.connection, kolkata)).aggregates == "roll-up tables"


async def test_more_than_100000_readings_in_the_columnstore_are_corrected_and_rolled_back(
    pipeline: PipelineHarness,
) -> None:
    # As the policy sets it up, but without its job, which would compress when it likes.
    await pipeline.connection.execute(
        "alter table core.measurements set (timescaledb.compress, "
        "timescaledb.compress_segmentby = 'meter_id, metric', timescaledb.compress_orderby = 'time')"
    )
    meters = [f"M{number}" for number in range(100)]
    for meter in meters:
        await pipeline.add_meter(meter)
    hours = [f"2025-04-{day:02d} {hour:02d}:00" for day in range(1, 29) for hour in range(24)]

    def content(value: float, hours: list[str]) -> str:
        rows = (f"{hour},{meter},{metric},{value}" for meter in meters for hour in hours for metric in ("T1", "T2"))
        return long_csv(*rows)

    pipeline.put("a.csv", content(60, hours))
    await pipeline.run()
    before = await pipeline.digest()
    await pipeline.connection.fetch(
        "select compress_chunk(c, if_not_compressed => true) from show_chunks('core.measurements') as c"
    )

    pipeline.put("a.csv", content(61, [*hours, "2025-04-29 00:00"]))
    (correction,) = await pipeline.run()
    corrected = await pipeline.connection.fetchval("select min(value) from core.measurements")
    await pipeline.connection.fetch(
        "select compress_chunk(c, if_not_compressed => true) from show_chunks('core.measurements') as c"
    )
    await pipeline.rollback(correction["load_id"])

    assert (correction["rows_updated"], correction["rows_inserted"]) == (134_400, 200)
    assert corrected == 61
    assert await pipeline.digest() == before


async def test_window_that_retention_has_dropped_is_skipped_said_so_and_not_erased(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    await day_of(pipeline, "old.csv", date(2020, 1, 10))
    await day_of(pipeline, "new.csv", DAY)
    await pipeline.follow()
    settings = pipeline.settings.model_copy(update={"keep_months": 60})
    await migrate(pipeline.connection, settings)
    await pipeline.connection.fetch("select drop_chunks('core.measurements', '2020-06-01'::timestamptz)")
    windows = [Window(date(2020, 1, 10), date(2020, 1, 11)), Window(DAY, DAY)]

    kept = PipelineHarness(pipeline.connection, settings)
    skipped = await kept.refresh(windows)
    everything = await kept.refresh_all()

    assert (skipped, everything) == (windows[:1], [])
    days = await pipeline.connection.fetch("select bucket_start, readings from features.meter_daily order by 1")
    assert [(f"{row[0]:%Y-%m-%d}", row[1]) for row in days] == [("2020-01-09", 6), ("2025-04-29", 6)]


async def test_aggregate_of_the_engineer_by_months_is_refreshed_whole(pipeline: PipelineHarness) -> None:
    await pipeline.connection.execute(
        "create materialized view features.by_month with (timescaledb.continuous, timescaledb.materialized_only = true)"
        " as select time_bucket(interval '1 month', time, 'Europe/Moscow') as month, count(*) as readings"
        " from core.measurements group by 1 with no data"
    )
    await pipeline.add_meter("M")
    await day_of(pipeline, "a.csv", DAY)
    settings = pipeline.settings.model_copy(update={"refresh_objects": ("features.by_month",)})

    await PipelineHarness(pipeline.connection, settings).refresh([Window(DAY, DAY)])

    assert await pipeline.connection.fetchval("select sum(readings) from features.by_month") == 6
