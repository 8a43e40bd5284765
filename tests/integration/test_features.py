"""Features by dbt over what changed."""

from __future__ import annotations

import asyncio
import csv
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from schemas.errors import TerminalError
from schemas.problems import StepProblem
from schemas.settings import Settings
from schemas.windows import Window
from tasks.transform import feature_statements, run_dbt, transform_changes
from tasks.transform.build_features import build_features
from tasks.transform.feature_statements import FeatureStatements, compiled_statements, statements_file
from tasks.transform.find_targets import find_targets
from tasks.transform.refresh_aggregates import refresh
from tasks.transform.run_dbt import (
    DBT_FOLDER,
    SEEDS,
    DbtError,
    check_data,
    invoke_quietly,
    set_up_project,
    variables_of,
    write_calendar,
    write_docs,
)
from tasks.transform.track_changes import record_rebuild
from tasks.warehouse.connection import Connection
from tasks.warehouse.environment import environment
from tasks.warehouse.migrate import migrate
from tasks.warehouse.statements import SHARED
from tests.harness import DAY, PipelineHarness, long_csv

# dbt's runner starts a server of its own if there is none, and its threads hold several transactions open at once.
pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.sessions]

# Of the features of test_incremental_features_equal_a_full_build; change it only with what the features mean.
SAME_ON_EVERY_SERVER = [
    "680bf5662e81b8d460260867073fd6a2",
    "8a6bbb0f8102f11069adb0e11f483ad2",
    "9755206f7233ab93118013e1023046e7",
    "e5342418e8a58adb12e45a87b9b92b89",
    "494653c2d5e0838fac23adc1ba83a2e5",
]
DROP_INTERMEDIATE = (
    "drop view features_staging.int_building_hours, features_staging.int_register_steps,"
    " features_staging.int_meter_instants, features_staging.int_changed_meters"
)
FEATURES = (
    *("time_attributes", "ml_hourly_by_building", "ml_daily_by_building", "ml_hourly_by_district"),
    "ml_daily_by_district",
)
LAGS = ("ml_hourly_lags_by_building", "ml_daily_lags_by_building")


async def build_all(pipeline: PipelineHarness) -> None:
    """Build the features of all days on tables that hold none."""
    await pipeline.connection.execute(f"truncate {', '.join('features.' + name for name in FEATURES)}")
    await pipeline.connection.execute("update quality.transform_state set fingerprint = 'other settings'")
    assert (await pipeline.transform()).full


async def digest(pipeline: PipelineHarness) -> list[str]:
    """Give a digest of every feature table."""
    return [
        await pipeline.connection.fetchval(
            """select md5(coalesce(string_agg(t::text, E'\\n' order by t::text collate "C"), '')) from features."""
            f"{table} as t"
        )
        for table in FEATURES
    ]


async def city(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("C", kind="cold_water")
    await pipeline.add_meter("H", kind="hot_water")


def cold(hour: int, value: float, day: date = DAY) -> str:
    return f"{day} {hour:02d}:00,C,consumption_period,{value}"


async def build_an_hour(pipeline: PipelineHarness) -> list[str]:
    """Load an hour of the cold meter and build its features; returns their digest."""
    await city(pipeline)
    pipeline.put("a.csv", long_csv(cold(5, 1)))
    await pipeline.run()
    await pipeline.transform()
    return await digest(pipeline)


async def test_dbt_unit_tests_hold(pipeline: PipelineHarness) -> None:
    await pipeline.transform()
    assert pipeline.settings.database_url

    with environment(variables_of(pipeline.settings.database_url, pipeline.settings)):
        done = await asyncio.to_thread(invoke_quietly, ["test", "--select", "test_type:unit"], pipeline.settings)
    assert {item.node.name: item.message for item in done.result if item.status != "pass"} == {}
    yml = [file.read_text(encoding="utf-8") for file in DBT_FOLDER.rglob("models/**/*.yml")]
    assert len([*done.result]) == sum(text.count("    overrides:") for text in yml)


async def test_dbt_data_tests_hold(pipeline: PipelineHarness) -> None:
    """Those too that no build runs; a reading under a meter that nobody knows is found by one of them."""
    await city(pipeline)
    pipeline.put("a.csv", long_csv(*(cold(hour, 1) for hour in range(24)), f"{DAY} 00:00,H,T1,60"))
    await pipeline.run()
    await pipeline.transform()
    assert pipeline.settings.database_url

    await asyncio.to_thread(check_data, pipeline.settings.database_url, pipeline.settings)
    await pipeline.connection.execute("update core.measurements set meter_id = 99 where value = 60")

    with pytest.raises(TerminalError, match="relationships_stg_core__readings_meter_id"):
        await asyncio.to_thread(check_data, pipeline.settings.database_url, pipeline.settings)


async def test_register_at_the_next_midnight_ends_the_last_hour_of_a_day_whenever_it_comes_or_goes(
    pipeline: PipelineHarness,
) -> None:
    await city(pipeline)
    used = "select hot_consumption_m3 from features.ml_{}_by_building where local_date = $1 order by ts desc limit 1"
    lines = [f"{DAY} {hour:02d}:00,H,consumption_cumulative,{100 + hour / 4}" for hour in range(24)]
    pipeline.put("day.csv", long_csv(*lines))
    await pipeline.run()
    await pipeline.transform()

    async def found() -> tuple[float | None, ...]:
        return tuple([await pipeline.connection.fetchval(used.format(table), DAY) for table in ("hourly", "daily")])

    assert await found() == (None, None)
    next_day = DAY + timedelta(days=1)
    pipeline.put("next.csv", long_csv(f"{next_day} 00:00,H,consumption_cumulative,106.5"), day=next_day)
    (log,) = await pipeline.run(next_day)
    assert (await pipeline.transform()).building_days == 2
    assert await found() == (0.75, 6.5)

    await pipeline.rollback(log["load_id"])
    await pipeline.transform()
    assert await found() == (None, None)


async def test_day_before_is_built_again_only_for_meters_that_sent_registers_alone(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    both = [f"{metric},{value}" for metric, value in (("consumption_period", 1), ("consumption_cumulative", 5))]
    pipeline.put("day.csv", long_csv(*(f"{DAY} {hour:02d}:00,C,{reading}" for hour in (0, 23) for reading in both)))
    await pipeline.run()
    await pipeline.transform()
    next_day = DAY + timedelta(days=1)
    pipeline.put("next.csv", long_csv(*(f"{next_day} 00:00,C,{reading}" for reading in both)), day=next_day)
    await pipeline.run(next_day)

    assert (await pipeline.transform()).building_days == 1


async def test_incremental_features_equal_a_full_build(pipeline: PipelineHarness) -> None:
    """Days far apart, in the wrong order, meters of all intervals, a correction, a day that a rollback takes away."""
    await city(pipeline)
    await pipeline.add_meter("half-hourly", kind="hot_water", building="B2", itp="I2")
    await pipeline.add_meter("daily", kind="cold_water", building="B2", itp="I2")
    await pipeline.connection.execute(
        "update core.meters set interval_minutes = case external_code when 'daily' then 1440 else 30 end "
        "where external_code in ('daily', 'half-hourly')"
    )
    hot = (
        f"{DAY} {hour:02d}:{minute},{meter},{metric},{round(base + hour / 7, 3)}"
        for hour in range(24)
        for meter, minute in (("H", "00"), ("half-hourly", "00"), ("half-hourly", "30"))
        for metric, base in (("T1", 61), ("T2", 42), ("flow_supply", 3), ("flow_return", 1), ("consumption_period", 2))
    )
    rows = (*(cold(hour, hour / 10) for hour in range(24)), cold(0, 5, date(2025, 4, 28)), *hot)
    pipeline.put("a.csv", long_csv(*rows, f"{DAY} 00:00,daily,consumption_period,7.7"))
    pipeline.put("gone.csv", long_csv(cold(7, 7, date(2025, 5, 2)), cold(7, 7)))
    await pipeline.run()
    gone = await pipeline.connection.fetchval(
        "select load_id from quality.quality_load_log where source_file like '%gone.csv'"
    )
    await pipeline.transform()
    pipeline.put("b.csv", long_csv(cold(3, 99), cold(1, 7, date(2023, 1, 29))))
    await pipeline.run()
    await pipeline.rollback(gone)
    await pipeline.transform()
    incremental = await digest(pipeline)

    await build_all(pipeline)

    assert await digest(pipeline) == incremental
    assert incremental == SAME_ON_EVERY_SERVER, incremental
    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 0
    changed = await pipeline.connection.fetchval(
        "select cold_consumption_m3 from features.ml_hourly_by_building where cold_consumption_m3 > 50"
    )
    assert changed == 99
    of_day_meter = "select cold_consumption_m3 from features.ml_daily_by_building where building_code = 'B2'"
    assert await pipeline.connection.fetchval(of_day_meter) == 7.7
    days = await pipeline.connection.fetch("select distinct local_date from features.time_attributes order by 1")
    assert [str(row["local_date"]) for row in days] == ["2023-01-29", "2025-04-28", "2025-04-30"]


async def test_views_are_made_again_only_for_another_project(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    # dbt makes another and swaps.
    view = "select oid from pg_class where oid = 'features_staging.stg_core__meters'::regclass"
    oids = []

    async def load_and_transform(hour: int) -> None:
        pipeline.put(f"{hour}.csv", long_csv(cold(hour, 1)))
        await pipeline.run()
        await pipeline.transform()
        oids.append(await pipeline.connection.fetchval(view))

    await load_and_transform(0)
    await load_and_transform(1)
    assert oids[1] == oids[0]

    await pipeline.connection.execute("update quality.transform_state set project = 'another'")
    await load_and_transform(2)
    assert oids[2] != oids[1]


async def test_build_tests_the_changed_days_alone(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    pipeline.put("a.csv", long_csv(cold(5, 1, date(2025, 4, 28))))
    await pipeline.run()
    await pipeline.transform()
    await pipeline.connection.execute("update features.ml_hourly_by_building set readings_present = 99")
    pipeline.put("b.csv", long_csv(cold(5, 1)))
    await pipeline.run()

    await pipeline.transform()

    assert pipeline.settings.database_url
    with pytest.raises(TerminalError, match="readings_within_expected_ml_hourly_by_building"):
        await asyncio.to_thread(check_data, pipeline.settings.database_url, pipeline.settings)


IN_FEATURES = """
    select array_agg(relname::text order by relname) from pg_class
    where relnamespace = 'features'::regnamespace and relkind in ('r', 'p', 'v', 'm') and not relispartition
"""
STAGED = (
    *(
        "view features_staging." + name
        for name in (
            "stg_core__meters",
            "stg_core__readings",
            "stg_quality__changed_days",
        )
    ),
    "table features_staging.public_holidays",
)


async def test_schema_features_holds_what_readers_are_meant_to_see(pipeline: PipelineHarness) -> None:
    await pipeline.transform()

    found = await pipeline.connection.fetchval(IN_FEATURES)

    assert found == sorted([*FEATURES, *LAGS, "meter_hourly", "meter_daily", "meter_last_reading"])


async def test_views_and_seeds_of_an_older_version_leave_features_and_the_features_stay(
    pipeline: PipelineHarness,
) -> None:
    await city(pipeline)
    pipeline.put("a.csv", long_csv(*(cold(hour, hour) for hour in range(24)), cold(3, 1, date(2025, 4, 28))))
    await pipeline.run()
    await pipeline.transform()
    tables = "select array_agg(oid order by oid) from pg_class where relname = any($1)"
    before = await digest(pipeline), await pipeline.connection.fetchval(tables, FEATURES)
    await pipeline.connection.execute(DROP_INTERMEDIATE)
    for name in STAGED:
        await pipeline.connection.execute(f"alter {name} set schema features")
    await pipeline.connection.execute(
        "drop view features_staging.stg_quality__expected_metrics, features_staging.stg_quality__metrics;"
        "drop table features_staging.working_weekends"
    )
    await pipeline.connection.execute("drop schema features_staging cascade")
    await pipeline.connection.execute("delete from quality.schema_migrations where version = 7")

    report = await migrate(pipeline.connection, pipeline.settings)

    assert report.applied == ["0007_features.sql"]
    assert (await digest(pipeline), await pipeline.connection.fetchval(tables, FEATURES)) == before
    assert len(await pipeline.connection.fetchval(IN_FEATURES)) == len(FEATURES + LAGS) + 3
    assert await pipeline.connection.fetchval("select project from quality.transform_state") is None
    pipeline.put("b.csv", long_csv(cold(3, 99)))
    await pipeline.run()
    await pipeline.transform()
    incremental = await digest(pipeline)
    assert incremental != before[0]
    await build_all(pipeline)
    assert await digest(pipeline) == incremental


async def test_aggregates_are_dropped_with_the_views_on_them_and_all_comes_again(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    pipeline.put("a.csv", long_csv(*(cold(hour, hour) for hour in range(24))))
    await pipeline.run()
    await pipeline.transform()
    before = await digest(pipeline)

    await pipeline.connection.execute(SHARED.text("drop_aggregates", pipeline.settings))
    await migrate(pipeline.connection, pipeline.settings)
    await pipeline.transform()

    assert await digest(pipeline) == before


async def test_what_somebody_else_has_put_on_a_view_of_an_older_version_is_named(pipeline: PipelineHarness) -> None:
    await pipeline.transform()
    await pipeline.connection.execute(DROP_INTERMEDIATE)
    await pipeline.connection.execute("alter view features_staging.stg_core__meters set schema features")
    await pipeline.connection.execute("create view public.of_the_engineer as table features.stg_core__meters")
    await pipeline.connection.execute("delete from quality.schema_migrations where version = 7")

    with pytest.raises(TerminalError, match=r"of_the_engineer depends on .*now in features_staging"):
        await migrate(pipeline.connection, pipeline.settings)

    await pipeline.connection.execute("drop view public.of_the_engineer")
    assert (await migrate(pipeline.connection, pipeline.settings)).applied == ["0007_features.sql"]


async def test_hours_that_have_not_begun_have_no_row_until_the_day_is_over(pipeline: PipelineHarness) -> None:
    now = datetime.now(pipeline.settings.zone)
    await city(pipeline)
    await pipeline.transform()
    pipeline.put("a.csv", long_csv(cold(0, 1, now.date()), cold(5, 1)))
    await pipeline.run()
    await pipeline.transform()
    of_today = "select max(hour) from features.{} where local_date = $1"

    last = [
        await pipeline.connection.fetchval(of_today.format(table), now.date())
        for table in ("ml_hourly_by_building", "ml_hourly_by_district", "time_attributes")
    ]
    again = await pipeline.transform()
    waiting = await pipeline.connection.fetchrow("select local_date, not_before from quality.changed_days")
    await pipeline.connection.execute("update quality.changed_days set not_before = now()")
    over = await pipeline.transform()

    assert set(last) <= {now.hour, datetime.now(pipeline.settings.zone).hour}
    assert again.building_days == 0
    assert waiting
    assert waiting["local_date"] == now.date()
    assert waiting["not_before"].astimezone(pipeline.settings.zone).date() == now.date() + timedelta(days=1)
    assert over.building_days == 1
    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 1


async def test_zero_is_a_value_and_a_missing_hour_is_none(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    pipeline.put("a.csv", long_csv(*(cold(hour, 0) for hour in range(23))))
    await pipeline.run()

    await pipeline.transform()

    rows = await pipeline.connection.fetch(
        "select hour, cold_consumption_m3, readings_present from features.ml_hourly_by_building order by ts"
    )
    assert [row["cold_consumption_m3"] for row in rows] == [0] * 23 + [None]
    assert await pipeline.connection.fetchval("select cold_consumption_m3 from features.ml_daily_by_building") is None


async def test_day_start_and_zone_decide_the_attributes(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    pipeline.put("a.csv", long_csv(cold(5, 1)))
    await pipeline.run()
    await pipeline.transform()
    moscow = await pipeline.connection.fetch("select hour from features.time_attributes where day_night = 'day'")
    changed = pipeline.settings.model_copy(update={"day_start": 5, "day_end": 6, "default_tz": "Asia/Yekaterinburg"})

    await migrate(pipeline.connection, changed)
    await PipelineHarness(pipeline.connection, changed).transform()

    ural = await pipeline.connection.fetch("select hour from features.time_attributes where day_night = 'day'")
    assert sorted(row["hour"] for row in moscow) == list(range(7, 22))
    assert [row["hour"] for row in ural] == [5]


async def test_failing_build_names_the_node_and_keeps_the_record_of_changes(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    pipeline.put("a.csv", long_csv(cold(5, 1)))
    await pipeline.run()
    await pipeline.transform()
    pipeline.put("b.csv", long_csv(cold(6, 1)))
    await pipeline.run()
    await pipeline.connection.execute("drop view features_staging.stg_core__meters cascade")

    with pytest.raises(TerminalError, match=r"int_changed_meters.*stg_core__meters"):
        await pipeline.transform()

    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 1
    await pipeline.transform()  # after one that failed everything is made again, the view as well
    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 0
    assert await pipeline.connection.fetchval("select readings_present from features.ml_daily_by_building") == 2


async def test_no_reader_sees_half_of_a_day(pipeline: PipelineHarness) -> None:
    """The last model fails: neither the models before it nor the record of changes have changed."""
    before = await build_an_hour(pipeline)
    await pipeline.connection.execute(
        "alter table features.ml_hourly_by_district add constraint only_one check (cold_consumption_m3 <= 1)"
    )
    pipeline.put("b.csv", long_csv(cold(5, 2)))
    await pipeline.run()

    with pytest.raises(DbtError, match=r"ml_hourly_by_district: .*only_one"):
        await pipeline.transform()

    assert await digest(pipeline) == before
    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 1
    await pipeline.connection.execute("alter table features.ml_hourly_by_district drop constraint only_one")
    await pipeline.transform()
    assert (
        await pipeline.connection.fetchval("select max(cold_consumption_m3) from features.ml_hourly_by_district") == 2
    )


async def test_dbt_is_not_run_while_project_and_settings_stay(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("dbt was run")

    await city(pipeline)
    await pipeline.transform()
    monkeypatch.setattr(run_dbt, "_invoke", refuse)
    pipeline.put("a.csv", long_csv(cold(5, 1)))
    await pipeline.run()

    await pipeline.transform()

    assert (
        await pipeline.connection.fetchval("select sum(cold_consumption_m3) from features.ml_hourly_by_building") == 1
    )


async def test_rebuild_of_all_days_that_was_interrupted_goes_on_with_the_next_transform(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await city(pipeline)
    days = [date(2023, 1, 29), date(2024, 4, 28), DAY]
    pipeline.put("a.csv", long_csv(*(cold(5, 1, day) for day in days)))
    await pipeline.run()
    await pipeline.transform()
    before = await digest(pipeline)
    await pipeline.connection.execute("update features.ml_daily_by_building set readings_present = 99")
    await pipeline.connection.execute("update quality.transform_state set fingerprint = 'other settings'")

    async def fail_in_the_past(
        connection: Connection, statements: FeatureStatements, window: Window, settings: Settings, *, role: str | None
    ) -> None:
        if window.first < date(2024, 1, 1):
            raise ConnectionError("gone")
        await build_features(connection, statements, window, settings, role=role)

    with monkeypatch.context() as patched:
        patched.setattr(transform_changes, "build_features", fail_in_the_past)
        with pytest.raises(ConnectionError, match="gone"):
            await pipeline.transform()

    done = (
        "select array_agg(local_date order by local_date) from features.ml_daily_by_building where readings_present = 1"
    )
    assert await pipeline.connection.fetchval(done) == days[1:]
    assert not (await pipeline.transform()).full
    assert await digest(pipeline) == before


async def test_features_are_rebuilt_for_days_and_a_building_by_hand(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    await pipeline.add_meter("C2", kind="cold_water", building="B2", itp="I2")
    rows = [f"{day} 05:00,{meter},consumption_period,1" for day in ("2025-04-28", DAY) for meter in ("C", "C2")]
    pipeline.put("a.csv", long_csv(*rows))
    await pipeline.connection.execute("delete from quality.transform_state")
    with pytest.raises(TerminalError, match=r"no features yet: `dataops run`"):
        await record_rebuild(pipeline.connection, pipeline.settings, first=None, last=None, building=None)
    await pipeline.run()
    await pipeline.transform()
    before = await digest(pipeline)
    await pipeline.connection.execute("update features.ml_hourly_by_building set cold_consumption_m3 = 7")
    steps: list[tuple[int, int]] = []

    await record_rebuild(pipeline.connection, pipeline.settings, first=DAY, last=DAY, building="B2")
    done = await pipeline.transform(lambda built, of: steps.append((built, of)))

    wrong = (
        "select distinct local_date, building_code from features.ml_hourly_by_building where cold_consumption_m3 = 7"
    )
    left = await pipeline.connection.fetch(wrong)
    assert {(str(row["local_date"]), row["building_code"]) for row in left} == {
        ("2025-04-28", "B"),
        ("2025-04-28", "B2"),
        (str(DAY), "B"),
    }
    assert (done.building_days, steps) == (1, [(1, 1)])
    with pytest.raises(TerminalError, match="no building has the code 'B3'"):
        await record_rebuild(pipeline.connection, pipeline.settings, first=None, last=None, building="B3")
    await record_rebuild(pipeline.connection, pipeline.settings, first=None, last=None, building=None)
    await pipeline.transform()
    assert await digest(pipeline) == before


async def test_table_of_an_older_version_gets_the_columns_of_the_model(pipeline: PipelineHarness) -> None:
    before = await build_an_hour(pipeline)
    await pipeline.connection.execute(
        "alter table features.ml_daily_by_building drop column season, add column gone integer;"
        "create index ml_daily_by_building_of_old on features.ml_daily_by_building (month);"
        "update quality.transform_state set project = 'older', fingerprint = 'older'"
    )

    await pipeline.transform()

    columns = "select array_agg(column_name::text) from information_schema.columns where table_name = $1"
    found = await pipeline.connection.fetchval(columns, "ml_daily_by_building")
    assert ("season" in found, "gone" in found) == (True, False)
    indexes = "select count(*) from pg_indexes where tablename = $1 and indexname like '%of\\_old'"
    assert await pipeline.connection.fetchval(indexes, "ml_daily_by_building") == 0
    assert await digest(pipeline) == before  # season is the last column, before and after


async def test_readers_by_building_code_read_an_index(pipeline: PipelineHarness) -> None:
    """Over a filled table: a day, a month, and the last hours of a building that has long been silent."""
    await pipeline.transform()
    for table, step, days in (("ml_hourly_by_building", "1 hour", 120), ("ml_daily_by_building", "1 day", 720)):
        await pipeline.connection.execute(
            f"""
            insert into features.{table} (ts, building_id, building_code, district_id, local_date)
            select ts, building, 'B' || building, 'd', ts::date
            from generate_series(1, 100) as building
            cross join generate_series(
                '2025-01-01'::timestamptz,
                '2025-01-01'::timestamptz + make_interval(days => case building when 1 then 3 else {days} end),
                '{step}'
            ) as ts;
            analyze features.{table}
            """
        )
        for asked in (
            "building_code = 'B7' and ts >= '2025-02-03' and ts < '2025-02-04'",
            "building_code = 'B7' and ts >= '2025-02-01' and ts < '2025-03-01'",
            "building_code = 'B1' order by ts desc limit 24",
        ):
            plan = await pipeline.connection.fetch(f"explain select * from features.{table} where {asked}")
            text = "\n".join(row[0] for row in plan)
            assert f"{table}_building_code_ts" in text, text
            assert "Index Cond: ((building_code" in text or "Index Cond: (building_code" in text, text


async def test_statements_are_compiled_once_for_a_project_and_its_settings(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipeline.transform()
    assert pipeline.settings.database_url
    compiled = compiled_statements(pipeline.settings.database_url, pipeline.settings)
    asked: list[Settings] = []

    def compile_project(_: object, settings: Settings) -> list[object]:
        asked.append(settings)
        raise DbtError(StepProblem.FAILED, error="asked")

    monkeypatch.setattr(feature_statements, "compile_project", compile_project)

    assert compiled_statements(pipeline.settings.database_url, pipeline.settings) == compiled
    for change in ({"day_start": 3}, {"default_tz": "Asia/Omsk"}, {"core_schema": "kern"}):
        other = pipeline.settings.model_copy(update=change)
        with pytest.raises(DbtError, match="asked"):
            compiled_statements(pipeline.settings.database_url, other)
    statements_file(pipeline.settings).write_text("{ half")
    with pytest.raises(DbtError, match="asked"):
        compiled_statements(pipeline.settings.database_url, pipeline.settings)
    assert len(asked) == 4
    assert {test.name.partition("_ml_")[0] for test in compiled.tests} == {
        *("every_local_hour", "readings_within_expected", "register_agrees_with_consumption"),
    }
    names = [model.name for model in compiled.models]
    assert names[0] == "ml_hourly_by_building", "the others read it"
    assert sorted(names[1:]) == [
        *("ml_daily_by_building", "ml_daily_by_district", "ml_hourly_by_district", "time_attributes"),
    ]
    assert all(":first_day::date" in model.query for model in compiled.models)


async def test_materialised_view_is_refreshed_and_a_plain_view_left_as_it_is(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    await pipeline.connection.execute(
        "create materialized view features.of_the_engineer as select count(*) from core.measurements;"
        "create unique index on features.of_the_engineer (count)"
    )
    pipeline.put("a.csv", long_csv(cold(5, 1)))
    await pipeline.run()
    settings = pipeline.settings.model_copy(update={"refresh_objects": ("core.readings", "features.of_the_engineer")})

    targets = await find_targets(pipeline.connection, settings)
    await refresh(pipeline.connection, targets, [Window(DAY, DAY)], settings)

    assert [target.kind for target in targets if not target.is_own] == ["view", "materialized_view"]
    assert await pipeline.connection.fetchval("select count from features.of_the_engineer") == 1


async def test_unknown_object_to_refresh_is_named(pipeline: PipelineHarness) -> None:
    wrong = pipeline.settings.model_copy(update={"refresh_objects": ("features.meter_hourly", "core.nothing")})

    with pytest.raises(TerminalError, match=r"REFRESH_OBJECTS: core\.nothing:"):
        await find_targets(pipeline.connection, wrong)


async def test_static_docs_are_one_page(pipeline: PipelineHarness) -> None:
    await pipeline.transform()
    assert pipeline.settings.database_url

    page = await asyncio.to_thread(write_docs, pipeline.settings.database_url, pipeline.settings)

    assert "ml_hourly_by_building" in page.read_text(encoding="utf-8")


def test_what_ends_dbt_before_it_builds_is_one_line(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    tmp_path.joinpath("dbt").mkdir()
    tmp_path.joinpath("dbt", "target").write_text("a file where the folder should be")

    with pytest.raises(DbtError, match=r"^\[Errno \d+\] Not a directory: '[^']*partial_parse\.msgpack'$"):
        set_up_project(SecretStr("postgresql://u:p@127.0.0.1:1/x"), settings)


def test_calendar_is_what_the_library_says(tmp_path: Path) -> None:
    write_calendar(tmp_path)

    found = {}
    for name, column in (("public_holidays", "holiday_date"), ("working_weekends", "working_date")):
        made = tmp_path / f"{name}.csv"
        assert made.read_text(encoding="utf-8") == (SEEDS / f"{name}.csv").read_text(encoding="utf-8")
        with made.open(encoding="utf-8") as file:
            found[name] = {row[column] for row in csv.DictReader(file)}
    assert {"2025-05-09", "2026-01-01"} <= found["public_holidays"]
    assert {"2024-04-27", "2025-11-01"} <= found["working_weekends"]


async def test_working_saturday_is_a_workday_and_a_holiday_is_none(pipeline: PipelineHarness) -> None:
    await city(pipeline)
    days = {
        date(2025, 11, 1): True,  # a Saturday on which people worked
        date(2025, 11, 3): False,  # a Monday off in its place
        date(2025, 11, 5): True,
        date(2025, 11, 8): False,
    }
    pipeline.put("a.csv", long_csv(*(cold(5, 1, day) for day in days)))
    await pipeline.run()
    await pipeline.transform()

    for table in FEATURES:
        found = await pipeline.connection.fetch(f"select distinct local_date, is_workday from features.{table}")
        assert {row["local_date"]: row["is_workday"] for row in found} == days


def test_password_reaches_dbt_only_as_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    found = variables_of(SecretStr("postgresql://u:p%40ss@h:5/d"), Settings())

    assert [name for name, value in found.items() if "p@ss" in value] == ["DBT_ENV_SECRET_PASSWORD"]
