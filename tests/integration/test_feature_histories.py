"""Features after any order of loads, rollbacks, changes of the reference tables and transforms equal a full build."""

from __future__ import annotations

import asyncio
import re
from uuid import UUID

import asyncpg
import hypothesis
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from schemas.settings import Settings
from tests.harness import PipelineHarness, long_csv
from tests.integration.test_features import FEATURES, build_all, digest

pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.sessions]

METERS = {"C": "cold_water", "H": "hot_water", "H2": "hot_water"}
ITPS = {"I1": "B1", "I2": "B1", "I3": "B2"}
EMPTY = """
    select format('truncate %s', string_agg(format('%I.%I', schemaname, tablename), ', ')) from pg_tables
    where
        schemaname in ('stage', 'quality', 'core', 'features')
        and tablename not in ('schema_migrations', 'transform_state', 'metrics', 'meter_kinds', 'expected_metrics')
"""
CHANGES = {
    "move": (
        "update core.meters set itp_id = (select id from core.itp where external_code = $2) where external_code = $1"
    ),
    "move_itp": (
        "update core.itp set building_id ="
        " (select id from core.buildings where external_code = $2 or external_code = 'B3' and $2 = 'B1')"
        " where external_code = $1"
    ),
    "district": "update core.buildings set district_id = nullif($2, '') where external_code = $1",
    "rename": "update core.buildings set external_code = $2 where external_code = $1",
    "interval": "update core.meters set interval_minutes = $2::text::integer where external_code = $1",
    "kind": "update core.meters set kind = $2 where external_code = $1",
}
PERIODS = {
    "exchange": [
        "delete from quality.meter_periods where meter_id = (select id from core.meters where external_code = $1)",
        (
            "insert into quality.meter_periods select meters.id, itp.id, null, $3::text::timestamptz, null, null"
            " from core.meters as meters, core.itp as itp"
            " where meters.external_code = $1 and itp.external_code = 'I1' and $2::text is not null"
        ),
        (
            "insert into quality.meter_periods select meters.id, itp.id, $3::text::timestamptz, null, 1, null"
            " from core.meters as meters, core.itp as itp where meters.external_code = $1 and itp.external_code = $2"
        ),
    ],
    "remove": [
        "delete from quality.meter_periods where meter_id = (select id from core.meters where external_code = $1)",
        (
            "insert into quality.meter_periods select id, null, null, $2::text::timestamptz, 1, null"
            " from core.meters where external_code = $1"
        ),
    ],
    "district_since": [
        (
            "delete from quality.district_periods"
            " where building_id = (select id from core.buildings where external_code = $1)"
        ),
        (
            "insert into quality.district_periods select id, null, district_id"
            " from core.buildings where external_code = $1 and $2::text is not null"
        ),
        (
            "insert into quality.district_periods select id, $3::text::timestamptz, $2"
            " from core.buildings where external_code = $1"
        ),
    ],
}
"""Statements of a step, all with its arguments."""

moments = st.sampled_from([f"2025-04-{text}+03" for text in ("29 00:00", "29 12:00", "30 00:00", "30 00:30")])
midnights = st.sampled_from(["2025-04-29 00:00+03", "2025-04-30 00:00+03"])
meters = st.sampled_from(sorted(METERS))
buildings = st.sampled_from(["B1", "B2"])
metrics = st.sampled_from(["consumption_period", "consumption_period", "consumption_cumulative"])
hours = st.sampled_from([0, 1, 2, 23])
readings = st.tuples(meters, metrics, st.integers(29, 30), hours, st.sampled_from([0, 30]), st.integers(1, 9))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.lists(readings, min_size=1, max_size=4)),
        st.tuples(st.just("rollback"), st.integers(0, 9)),
        st.tuples(st.just("move"), meters, st.sampled_from(sorted(ITPS))),
        st.tuples(st.just("move_itp"), st.sampled_from(sorted(ITPS)), buildings),
        st.tuples(st.just("district"), buildings, st.sampled_from(["", "North", "South"])),
        st.tuples(st.just("rename"), st.just("B1"), st.just("B3")),
        st.tuples(st.just("interval"), meters, st.sampled_from(["30", "60", "1440"])),
        st.tuples(st.just("kind"), meters, st.sampled_from(["cold_water", "hot_water"])),
        st.tuples(st.just("exchange"), meters, st.sampled_from(sorted(ITPS)), moments),
        st.tuples(st.just("remove"), meters, moments),
        st.tuples(st.just("district_since"), buildings, st.sampled_from(["North", "South"]), midnights),
        st.tuples(st.just("transform")),
    ),
    min_size=4,
    max_size=12,
)
HOUR: tuple[object, ...] = (
    "load",
    [("C", "consumption_period", 30, 0, 0, 5), ("H", "consumption_period", 30, 0, 0, 3)],
)
LAST_HOUR: tuple[object, ...] = ("load", [("C", "consumption_cumulative", 29, 23, 0, 5)])
MIDNIGHT: tuple[object, ...] = ("load", [("C", "consumption_cumulative", 30, 0, 0, 7)])


async def live_through(settings: Settings, history: list[tuple[object, ...]]) -> None:
    assert settings.database_url
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    await connection.execute("set synchronous_commit = off")
    await connection.execute(await connection.fetchval(EMPTY))
    pipeline = PipelineHarness(connection, settings)
    for code, kind in METERS.items():
        await pipeline.add_meter(code, kind=kind, building="B1", itp="I1")
    for itp, building in ITPS.items():
        await pipeline.add_meter(f"none-{itp}", kind="heat", building=building, itp=itp)
    await connection.execute("delete from core.meters where external_code like 'none%'")
    loads: list[UUID] = []
    for number, (step, *arguments) in enumerate(history):
        if step == "load":
            rows = {row[:5]: row for row in arguments[0]}.values()  # type: ignore[attr-defined]
            lines = [
                f"2025-04-{day} {hour:02}:{minute:02},{meter},{metric},{value},{number}"
                for meter, metric, day, hour, minute, value in rows
            ]
            path = pipeline.put(f"{number}.csv", long_csv(*lines).replace("value", "value,comment", 1))
            loads += [row["load_id"] for row in await pipeline.run()]
            path.unlink()
        elif step == "rollback":
            if loads:
                await pipeline.rollback(loads.pop(int(str(arguments[0])) % len(loads)))
        elif step == "transform":
            await pipeline.transform()
        elif step in PERIODS:
            async with connection.transaction():
                for statement in PERIODS[str(step)]:
                    last = max(int(number) for number in re.findall(r"\$(\d)", statement))
                    await connection.execute(statement, *arguments[:last])
        else:
            await connection.execute(CHANGES[str(step)], *arguments)
    await pipeline.transform()
    kept_up_to_date = await digest(pipeline)

    await build_all(pipeline)

    assert await digest(pipeline) == kept_up_to_date
    assert await connection.fetchval("select count(*) from quality.changed_days") == 0
    await connection.close()


# Hypothesis calls a test without its event loop: the database is made by a fixture, each history has a loop of its own.
def test_features_after_any_history_equal_a_full_build(pipeline: PipelineHarness, settings: Settings) -> None:
    is_long = hypothesis.settings.get_current_profile_name() == "fuzz"

    @hypothesis.settings(
        max_examples=500 if is_long else 10,
        deadline=None,
        derandomize=not is_long,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @example([HOUR, ("transform",), ("move", "C", "I3")])
    @example([HOUR, ("transform",), ("move", "H2", "I3")])
    @example([HOUR, ("transform",), ("move_itp", "I1", "B2")])
    @example([HOUR, ("transform",), ("move", "C", "I3"), ("rollback", 0)])
    @example([HOUR, ("move", "C", "I3"), ("rollback", 0), HOUR, ("move", "C", "I1")])
    @example([HOUR, ("transform",), ("district", "B1", "North"), ("transform",), ("district", "B1", "South")])
    @example([HOUR, ("transform",), ("district", "B1", "North"), ("move", "H", "I3")])
    @example([HOUR, ("transform",), ("kind", "H", "cold_water"), ("transform",), ("interval", "C", "30")])
    @example([HOUR, ("transform",), ("rename", "B1", "B3"), ("move", "H2", "I3")])
    @example([LAST_HOUR, ("transform",), MIDNIGHT, ("transform",), ("rollback", 1)])
    @example([HOUR, ("transform",), ("exchange", "C", "I3", "2025-04-30 00:00+03")])
    @example([HOUR, ("transform",), ("exchange", "C", "I3", "2025-04-29 12:00+03"), ("transform",), ("rollback", 0)])
    @example([HOUR, ("remove", "C", "2025-04-30 00:00+03"), ("transform",), HOUR, ("rollback", 0)])
    @example([HOUR, ("transform",), ("district_since", "B1", "North", "2025-04-30 00:00+03"), ("move", "H", "I3")])
    @example(
        [
            *(LAST_HOUR, ("move", "C", "I3"), ("exchange", "C", "I3", "2025-04-30 00:00+03"), ("transform",)),
            *(MIDNIGHT, ("transform",), ("rollback", 1)),
        ]
    )
    @given(steps)
    def holds(history: list[tuple[object, ...]]) -> None:
        asyncio.run(live_through(settings, history))

    holds()


async def test_corrected_readings_of_a_meter_that_moved_count_where_it_is_now(pipeline: PipelineHarness) -> None:
    connection = pipeline.connection
    await pipeline.add_meter("C", kind="cold_water", building="A", itp="IA")
    await pipeline.add_meter("C2", kind="cold_water", building="B", itp="IB")
    day = [f"2025-04-29 {hour:02}:00,{meter},consumption_period,1" for hour in range(24) for meter in ("C", "C2")]
    pipeline.put("a.csv", long_csv(*day))
    await pipeline.run()
    await pipeline.transform()
    totals = "select building_code, sum(cold_consumption_m3) from features.ml_hourly_by_building group by 1 order by 1"
    assert [tuple(row) for row in await connection.fetch(totals)] == [("A", 24), ("B", 24)]

    await connection.execute(CHANGES["move"], "C", "IB")
    pipeline.put("b.csv", long_csv("2025-04-29 05:00,C,consumption_period,3"))
    await pipeline.run()
    changed = (await pipeline.transform()).building_days

    assert changed == 2
    assert [tuple(row) for row in await connection.fetch(totals)] == [("B", 50)]
    assert (await pipeline.transform()).building_days == 0


async def test_full_build_leaves_nothing_of_a_district_that_is_gone(pipeline: PipelineHarness) -> None:
    connection = pipeline.connection
    await pipeline.add_meter("C", kind="cold_water")
    await connection.execute(CHANGES["district"], "B", "North")
    pipeline.put("a.csv", long_csv("2025-04-29 05:00,C,consumption_period,3"))
    await pipeline.run()
    await pipeline.transform()
    await connection.execute(CHANGES["district"], "B", "South")
    await connection.execute("update quality.transform_state set fingerprint = 'other settings'")

    assert (await pipeline.transform()).full

    for table in FEATURES[1:]:
        districts = await connection.fetchval(f"select array_agg(distinct district_id) from features.{table}")
        assert districts == ["South"]
