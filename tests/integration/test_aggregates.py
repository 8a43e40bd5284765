"""Hourly and daily aggregates follow what loads and rollbacks did, on whatever server the tests run."""

from __future__ import annotations

import asyncio
import json
from datetime import date

import asyncpg
import pytest

from tasks.transform.track_changes import start_changes
from tests.harness import DAY, PipelineHarness, long_csv

# Buckets in the aggregates that should not be there, and the other way round.
WRONG_BUCKETS = """
    with hourly as (
        select date_trunc('hour', time, 'Europe/Moscow') as bucket_start, meter_id, metric::text,
            round(sum(value)::numeric, 6), min(value), max(value), count(*), count(*) filter (where quality = 1)
        from core.measurements group by 1, 2, 3
    ), daily as (
        select date_trunc('day', time, 'Europe/Moscow') as bucket_start, meter_id, metric::text,
            round(sum(value)::numeric, 6), min(value), max(value), count(*), count(*) filter (where quality = 1),
            count(distinct date_trunc('hour', time, 'Europe/Moscow')) as hours
        from core.measurements group by 1, 2, 3
    ), kept_hourly as (
        select bucket_start, meter_id, metric, round(value_sum::numeric, 6), value_min, value_max, readings, suspect
        from features.meter_hourly
    ), kept_daily as (
        select bucket_start, meter_id, metric, round(value_sum::numeric, 6), value_min, value_max, readings, suspect,
            hours
        from features.meter_daily
    )
    select 'hourly', to_jsonb(a) from (table hourly except table kept_hourly) as a
    union all select 'hourly', to_jsonb(a) from (table kept_hourly except table hourly) as a
    union all select 'daily', to_jsonb(a) from (table daily except table kept_daily) as a
    union all select 'daily', to_jsonb(a) from (table kept_daily except table daily) as a
"""


async def day_of(pipeline: PipelineHarness, name: str, day: date, *, value: float = 1, meters: str = "M") -> None:
    """Load the first four hours and the last one of a local day, the last one twice an hour."""
    await pipeline.connection.execute("update core.meters set interval_minutes = 30")
    times = (*(f"{hour:02d}:00" for hour in range(4)), "23:00", "23:30")
    pipeline.put(name, long_csv(*(f"{day} {time},{code},T1,{value}" for time in times for code in meters)), day=day)
    assert {log["status"] for log in await pipeline.run(day)} <= {"success", "skipped"}


@pytest.fixture
async def city(pipeline: PipelineHarness) -> PipelineHarness:
    await pipeline.add_meter("M")
    await pipeline.add_meter("N", building="B2", itp="I2")
    await day_of(pipeline, "now.csv", DAY, meters="MN")
    await pipeline.follow()
    return pipeline


async def wrong(pipeline: PipelineHarness) -> list[asyncpg.Record]:
    return list(await pipeline.connection.fetch(WRONG_BUCKETS))


async def test_backfill_years_behind_reaches_the_aggregates(city: PipelineHarness) -> None:
    await day_of(city, "old.csv", date(2019, 3, 10))

    await city.follow()

    assert await wrong(city) == []
    first = await city.connection.fetchval("select min(bucket_start) from features.meter_daily")
    assert str(first) == "2019-03-09 21:00:00+00:00"


async def test_what_a_load_and_its_refresh_have_filled_has_statistics(city: PipelineHarness) -> None:
    await day_of(city, "next.csv", date(2025, 5, 20))

    await city.follow()

    # Partitions, and chunks. One that was never analysed says -1, one that was empty then 0.
    counts = await city.connection.fetch(
        "select c.oid::regclass::text as name, c.reltuples "
        "from pg_inherits as i join pg_class as c on i.inhrelid = c.oid "
        "where c.relkind = 'r' and pg_relation_size(c.oid) > 0 "
        "and c.relnamespace::regnamespace::text in ('core', 'features', 'features_staging', '_timescaledb_internal')"
    )
    assert len(counts) >= 6
    assert [row["name"] for row in counts if row["reltuples"] <= 0] == []


async def test_features_are_planned_with_the_changed_days_of_this_transform(city: PipelineHarness) -> None:
    await city.connection.execute(
        "insert into quality.changed_days (load_id, building_id, local_date) "
        "select gen_random_uuid(), id, '2025-05-20' from core.buildings cross join generate_series(1, 300)"
    )
    await city.connection.execute("analyze quality.changed_days")
    changes = await start_changes(city.connection, city.settings)

    await city.refresh(changes.windows)

    planned = await city.connection.fetchval("explain (format json) select from quality.changed_days where taken")
    (found,) = json.loads(planned)
    assert found["Plan"]["Plan Rows"] == await city.connection.fetchval(
        "select count(*) from quality.changed_days where taken"
    )


async def test_corrected_value_in_an_old_month_replaces_the_old_one(city: PipelineHarness) -> None:
    await day_of(city, "old.csv", date(2025, 1, 10))
    await city.follow()

    await day_of(city, "old.csv", date(2025, 1, 10), value=9)
    await city.follow()

    assert await wrong(city) == []
    assert await city.connection.fetchval("select max(value_max) from features.meter_daily") == 9


async def test_rolled_back_load_leaves_no_bucket_behind(city: PipelineHarness) -> None:
    await day_of(city, "old.csv", date(2025, 1, 10))
    await city.follow()
    load_id = await city.connection.fetchval(
        "select load_id from quality.quality_load_log where source_file like '%old.csv'"
    )

    await city.rollback(load_id)
    await city.follow()

    assert await wrong(city) == []
    assert await city.connection.fetchval("select count(*) from features.meter_daily") == 2


async def test_two_loads_at_once_are_both_followed(city: PipelineHarness) -> None:
    assert city.settings.database_url
    other = await asyncpg.connect(city.settings.database_url.get_secret_value())
    try:
        await asyncio.gather(
            day_of(city, "a.csv", date(2025, 3, 1), meters="MN"),
            day_of(PipelineHarness(other, city.settings), "b.csv", date(2025, 3, 2), meters="N"),
        )
    finally:
        await other.close()

    await city.follow()

    assert await wrong(city) == []


@pytest.mark.sessions
async def test_transform_killed_before_its_refresh_is_completed_by_the_next_and_a_load_meanwhile_is_included(
    city: PipelineHarness,
) -> None:
    await day_of(city, "a.csv", date(2025, 3, 1))
    await start_changes(city.connection, city.settings)  # and the transform dies here
    await day_of(city, "b.csv", date(2025, 3, 5))

    await city.follow()

    assert await wrong(city) == []
    assert await city.connection.fetchval("select count(*) from quality.changed_days") == 0


@pytest.mark.sessions
async def test_change_during_a_transform_waits_for_the_next_one(city: PipelineHarness) -> None:
    await day_of(city, "a.csv", date(2025, 3, 1))
    changes = await start_changes(city.connection, city.settings)
    await day_of(city, "b.csv", date(2025, 3, 1), value=5, meters="N")
    await city.refresh(changes.windows)
    await city.connection.execute("delete from quality.changed_days where taken")

    assert await city.connection.fetchval("select count(*) from quality.changed_days") == 1
    await city.follow()
    assert await wrong(city) == []


async def test_full_refresh_builds_everything_again(city: PipelineHarness) -> None:
    await day_of(city, "old.csv", date(2025, 1, 10))
    await city.connection.execute("delete from quality.changed_days")

    await city.refresh_all()

    assert await wrong(city) == []


async def hourly_meter(pipeline: PipelineHarness, *readings: str) -> None:
    await pipeline.add_meter("W", kind="cold_water", building="B3", itp="I3")
    pipeline.put("hourly.csv", long_csv(*readings))
    await pipeline.run()
    await pipeline.follow()


async def kept_hours(pipeline: PipelineHarness) -> int:
    return int(await pipeline.connection.fetchval("select count(*) from features_staging.meter_hour_sums"))


@pytest.mark.sessions
async def test_hour_of_one_reading_is_kept_once_and_only_the_sums_of_others_beside_it(
    pipeline: PipelineHarness,
) -> None:
    registers = (f"{DAY} 02:00,W,consumption_cumulative,7", f"{DAY} 02:40,W,consumption_cumulative,9")
    await hourly_meter(pipeline, *(f"{DAY} {hour:02}:00,W,consumption_period,{hour}" for hour in range(24)), *registers)

    assert await wrong(pipeline) == []
    assert await kept_hours(pipeline) == 1

    await pipeline.connection.execute("update core.meters set interval_minutes = 30")
    pipeline.put("half.csv", long_csv(f"{DAY} 05:30,W,consumption_period,2"))
    await pipeline.run()
    shown = "select count(*) from features.meter_hourly where metric = 'consumption_period'"
    assert await pipeline.connection.fetchval(shown) == 0, "a part of an hour would be taken for the whole"
    await pipeline.refresh_all()
    assert await wrong(pipeline) == []
    assert await kept_hours(pipeline) == 25


@pytest.mark.sessions
async def test_hours_of_a_day_are_read_from_its_partitions_alone(pipeline: PipelineHarness) -> None:
    await hourly_meter(pipeline, f"{DAY} 05:00,W,consumption_period,2", "2025-03-30 05:00,W,consumption_period,2")

    planned = await pipeline.connection.fetchval(
        "explain (format json) select * from features.meter_hourly "
        "where bucket_start >= '2025-04-30 00:00+03' and bucket_start < '2025-05-01 00:00+03'"
    )

    assert "measurements_20250429" in planned
    assert "measurements_20250329" not in planned


async def test_last_reading_of_each_meter_is_seen(city: PipelineHarness) -> None:
    await city.add_meter("silent")
    await city.refresh([])

    rows = await city.connection.fetch("select meter_code, last_time from features.meter_last_reading order by 1")

    assert [(row["meter_code"], str(row["last_time"])) for row in rows] == [
        ("M", "2025-04-30 20:00:00+00:00"),
        ("N", "2025-04-30 20:00:00+00:00"),
        ("silent", "None"),
    ]
