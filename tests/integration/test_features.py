"""Features by dbt over what changed."""

from __future__ import annotations

import asyncio
import csv
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.build_features import (
    HOLIDAYS_SEED,
    Window,
    build,
    fingerprint,
    unit_test,
    write_docs,
    write_holidays,
)
from tasks.connect_warehouse import connector
from tasks.refresh_objects import find_targets, refresh
from tasks.track_changes import finish_changes, take_changes
from tests.world import DAY, World, long_csv

pytestmark = pytest.mark.usefixtures("prefect_api")  # dbt's runner starts a server of its own if there is none

FEATURES = ("time_attributes", "ml_hourly_by_building", "ml_daily_by_building", "ml_hourly_by_district")


async def transform(world: World, *, full: bool = False) -> None:
    """Do what the flow does after the commit."""
    assert world.settings.database_url
    async with connector(world.settings.database_url) as warehouse:
        changes = await take_changes(warehouse, world.settings)
        window = None if full or not (changes.first and changes.last) else Window(changes.first, changes.last)
        is_first = changes.built_with != fingerprint(world.settings)
        await asyncio.to_thread(
            build, world.settings.database_url, world.settings, window=window, full=full or is_first
        )
        await finish_changes(warehouse, fingerprint(world.settings), world.settings)


async def digest(world: World) -> list[str]:
    """Give a digest of every feature table."""
    return [
        await world.connection.fetchval(
            f"select md5(coalesce(string_agg(t::text, E'\n' order by t::text), '')) from features.{table} as t"
        )
        for table in FEATURES
    ]


async def city(world: World) -> None:
    await world.add_meter("C", kind="cold_water")
    await world.add_meter("H", kind="hot_water")


def cold(hour: int, value: float, day: date = DAY) -> str:
    return f"{day} {hour:02d}:00,C,consumption_period,{value}"


async def test_dbt_unit_tests_hold(world: World) -> None:
    await transform(world)
    assert world.settings.database_url

    await asyncio.to_thread(unit_test, world.settings.database_url, world.settings)


async def test_incremental_features_equal_a_full_build(world: World) -> None:
    await city(world)
    world.put("a.csv", long_csv(*(cold(hour, hour) for hour in range(24)), cold(0, 5, date(2025, 4, 28))))
    await world.run()
    await transform(world)
    world.put("b.csv", long_csv(cold(3, 99), cold(1, 7, date(2025, 4, 29))))
    await world.run()
    await transform(world)
    incremental = await digest(world)

    await transform(world, full=True)

    assert await digest(world) == incremental
    assert await world.connection.fetchval("select count(*) from quality.changed_days") == 0
    changed = await world.connection.fetchval(
        "select cold_consumption_m3 from features.ml_hourly_by_building where cold_consumption_m3 > 50"
    )
    assert changed == 99


async def test_zero_is_a_value_and_a_missing_hour_is_none(world: World) -> None:
    await city(world)
    world.put("a.csv", long_csv(*(cold(hour, 0) for hour in range(23))))
    await world.run()

    await transform(world)

    rows = await world.connection.fetch(
        "select hour, cold_consumption_m3, readings_present from features.ml_hourly_by_building order by ts"
    )
    assert [row["cold_consumption_m3"] for row in rows] == [0] * 23 + [None]
    assert await world.connection.fetchval("select cold_consumption_m3 from features.ml_daily_by_building") is None


async def test_day_start_and_zone_decide_the_attributes(world: World) -> None:
    await city(world)
    world.put("a.csv", long_csv(cold(5, 1)))
    await world.run()
    await transform(world)
    moscow = await world.connection.fetch("select hour from features.time_attributes where day_night = 'day'")
    changed = world.settings.model_copy(update={"day_start": 5, "day_end": 6, "default_tz": "Asia/Yekaterinburg"})

    await transform(World(world.connection, changed))

    ural = await world.connection.fetch("select hour from features.time_attributes where day_night = 'day'")
    assert sorted(row["hour"] for row in moscow) == list(range(7, 22))
    assert [row["hour"] for row in ural] == [5]


async def test_failing_build_names_the_node_and_keeps_the_record_of_changes(world: World) -> None:
    await city(world)
    world.put("a.csv", long_csv(cold(5, 1)))
    await world.run()
    await transform(world)
    world.put("b.csv", long_csv(cold(6, 1)))
    await world.run()
    await world.connection.execute("alter table core.meters rename column kind to kind_of_meter")

    with pytest.raises(TerminalError, match="stg_core__meters"):
        await transform(world)

    assert await world.connection.fetchval("select count(*) from quality.changed_days") == 1


async def test_refresh_makes_the_view_current_and_an_unknown_object_is_named(world: World) -> None:
    await city(world)
    world.put("a.csv", long_csv(cold(5, 1)))
    await world.run()

    targets = await find_targets(world.connection, world.settings)
    await refresh(world.connection, targets, DAY, DAY, world.settings)

    last = await world.connection.fetchval("select max(last_time) from features.meter_last_reading")
    assert last is not None
    wrong = world.settings.model_copy(update={"refresh_objects": ("features.meter_last_reading", "core.nothing")})
    with pytest.raises(TerminalError, match=r"core\.nothing"):
        await find_targets(world.connection, wrong)


async def test_plain_view_is_left_as_it_is(world: World) -> None:
    settings = world.settings.model_copy(update={"refresh_objects": ("core.readings",)})

    (target,) = await find_targets(world.connection, settings)
    await refresh(world.connection, [target], DAY, DAY, settings)

    assert target.kind == "view"


async def test_static_docs_are_one_page(world: World) -> None:
    await transform(world)
    assert world.settings.database_url

    page = await asyncio.to_thread(write_docs, world.settings.database_url, world.settings)

    assert "ml_hourly_by_building" in page.read_text(encoding="utf-8")


def test_holidays_seed_is_what_the_library_says(tmp_path: Path) -> None:
    made = tmp_path / "public_holidays.csv"

    write_holidays(made)

    assert made.read_text(encoding="utf-8") == HOLIDAYS_SEED.read_text(encoding="utf-8")
    with made.open(encoding="utf-8") as file:
        assert {"2025-05-09", "2026-01-01"} <= {row["holiday_date"] for row in csv.DictReader(file)}


def test_password_reaches_dbt_only_as_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.build_features import _variables

    found = _variables(SecretStr("postgresql://u:p%40ss@h:5/d"), Settings(), None, role=None)

    assert [name for name, value in found.items() if "p@ss" in value] == ["DBT_ENV_SECRET_PASSWORD"]
