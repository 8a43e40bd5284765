"""How core is split by time on plain PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.harness import PipelineHarness, long_csv

_BOUNDS = """
    select regexp_matches(pg_get_expr(relpartbound, oid), '\\(''(.+?)''\\)', 'g') as bound
    from pg_class where oid in (select inhrelid from pg_inherits where inhparent = 'core.measurements'::regclass)
    order by oid, bound
"""


@pytest.fixture(autouse=True)
async def _is_partitioned(pipeline: PipelineHarness) -> None:
    kind = await pipeline.connection.fetchval("select relkind from pg_class where oid = 'core.measurements'::regclass")
    if kind != b"p":
        pytest.skip("chunks are TimescaleDB's own business")


async def bounds(pipeline: PipelineHarness) -> list[datetime]:
    return sorted(datetime.fromisoformat(row["bound"][0]) for row in await pipeline.connection.fetch(_BOUNDS))


async def ensure(pipeline: PipelineHarness, days: list[date], zone: str) -> int:
    created = await pipeline.connection.fetchval(
        "select quality.ensure_partitions('measurements', 1, $2, $1)", days, zone
    )
    return int(created)


async def test_partitions_are_local_days_and_a_far_off_date_makes_none_in_between(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 23:00,M,T1,60", "1999-01-01 00:00,M,T1,60"))

    (log,) = await pipeline.run()

    midnights = [datetime(*day, tzinfo=ZoneInfo("Europe/Moscow")) for day in ((1999, 1, 1), (2025, 4, 30))]
    assert log["rows_inserted"] == 3
    assert await bounds(pipeline) == [bound for day in midnights for bound in (day, day + timedelta(days=1))]


async def test_after_a_change_of_zone_every_hour_has_one_partition(pipeline: PipelineHarness) -> None:
    days = [date(2025, 3, 29) + timedelta(days=number) for number in range(4)]  # clocks change in Berlin

    assert await ensure(pipeline, days[1:3], "Europe/Moscow") == 2
    assert await ensure(pipeline, days, "Europe/Berlin") == 3
    assert await ensure(pipeline, days, "Europe/Berlin") == 0

    found = await bounds(pipeline)
    assert found[1:-1:2] == found[2::2]  # each begins where the one before ends
    assert (found[0], found[-1]) == (
        datetime(2025, 3, 29, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2025, 4, 2, tzinfo=ZoneInfo("Europe/Berlin")),
    )


async def test_new_width_takes_what_is_free_and_cuts_none_that_is_there(pipeline: PipelineHarness) -> None:
    day = date(2025, 4, 9)
    assert await ensure(pipeline, [day], "Europe/Moscow") == 1

    wide = await pipeline.connection.fetchval(
        "select quality.ensure_partitions('measurements', 30, 'Europe/Moscow', $1)", [day - timedelta(1), day]
    )

    found = await bounds(pipeline)
    assert wide == 1
    assert (found[1] - found[0], found[1]) == (
        timedelta(days=14),
        datetime(2025, 4, 9, tzinfo=ZoneInfo("Europe/Moscow")),
    )


async def test_as_of_a_moment_only_the_partition_and_the_meter_that_are_asked_for_are_read(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-29 00:00,M,T1,60", "2025-04-30 00:00,M,T1,60", "2025-05-01 00:00,M,T1,60"))
    await pipeline.run()
    await pipeline.connection.execute("set enable_seqscan = off; set plan_cache_mode = force_custom_plan")
    await pipeline.connection.execute(
        "prepare bounded as select * from core.readings_as_of($1)"
        " where meter_code = $2 and time >= '2025-04-30 00:00+03' and time < '2025-05-01 00:00+03'"
    )

    plan = await pipeline.connection.fetch("explain execute bounded (now(), 'M')")

    lines = [row["QUERY PLAN"].strip() for row in plan]
    read = [line.rpartition(" on ")[2].split()[0] for line in lines if "measurement" in line and " on " in line]
    assert set(read) == {"measurement_revisions", "measurements_20250429t2100z"}
    conditions = [line for line in lines if "Index Cond" in line and "meter_id = " in line and '"time" >= ' in line]
    assert len(conditions) == 2, "\n".join(lines)
