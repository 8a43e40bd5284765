"""On a server with TimescaleDB, named by TIMESCALE_DSN: a database of its own is not needed, but an empty one is."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from schemas.settings import Settings
from tasks.migrate_database import migrate
from tasks.refresh_objects import find_targets, refresh
from tasks.show_status import show_status
from tests.world import DAY, World, long_csv

DSN = os.environ.get("TIMESCALE_DSN")
pytestmark = [
    pytest.mark.timescale,
    pytest.mark.skipif(not DSN, reason="no TimescaleDB server is named by TIMESCALE_DSN"),
]


@pytest.fixture
async def hyper(tmp_path: Path) -> AsyncIterator[World]:
    settings = Settings.model_validate(
        {"database_url": DSN, "raw_dir": tmp_path / "raw", "state_dir": tmp_path / "state", "file_settle_sec": 0}
    )
    connection = await asyncpg.connect(DSN, statement_cache_size=0)
    owner = "select checksum from quality.schema_migrations where version = 0"
    if await connection.fetchval("select to_regclass('quality.schema_migrations') is not null"):
        assert await connection.fetchval(owner) == "dataops"
        await connection.execute("drop schema stage, quality, core, features cascade")
    await migrate(connection, settings)
    yield World(connection, settings)
    await connection.close()


async def test_core_is_a_hypertable_and_loads_replace_values(hyper: World) -> None:
    await hyper.add_meter("M", kind="cold_water")
    for extra in (0, 1):
        rows = (f"2025-04-30 {hour:02d}:00,M,consumption_period,{hour + extra}" for hour in range(24))
        hyper.put("a.csv", long_csv(*rows))
        (log,) = await hyper.run()

    assert (await show_status(hyper.connection, hyper.settings)).measurements_are == "hypertable"
    assert (log["status"], log["rows_updated"]) == ("success", 24)


async def test_continuous_aggregate_follows_the_window_of_the_load(hyper: World) -> None:
    await hyper.add_meter("M", kind="cold_water")
    hyper.put("a.csv", long_csv("2025-04-30 00:00,M,consumption_period,1", "2025-04-30 23:00,M,consumption_period,2"))
    await hyper.run()

    targets = await find_targets(hyper.connection, hyper.settings)
    await refresh(hyper.connection, targets, DAY, DAY, hyper.settings)

    assert {target.kind for target in targets} == {"materialized_view", "continuous_aggregate"}
    hours = await hyper.connection.fetch("select value_sum from features.meter_hourly order by hour_start")
    assert [row["value_sum"] for row in hours] == [1, 2]
