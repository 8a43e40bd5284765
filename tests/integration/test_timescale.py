"""What only a server with TimescaleDB shows; the rest of the database suite runs there too."""

from __future__ import annotations

import pytest

from tasks.refresh_objects import find_targets, refresh
from tasks.show_status import show_status
from tests.world import DAY, World, long_csv

pytestmark = pytest.mark.timescale


async def test_core_is_a_hypertable_and_loads_replace_values(world: World) -> None:
    await world.add_meter("M", kind="cold_water")
    for extra in (0, 1):
        rows = (f"2025-04-30 {hour:02d}:00,M,consumption_period,{hour + extra}" for hour in range(24))
        world.put("a.csv", long_csv(*rows))
        (log,) = await world.run()

    assert (await show_status(world.connection, world.settings)).measurements_are == "hypertable"
    assert (log["status"], log["rows_updated"]) == ("success", 24)


async def test_continuous_aggregate_follows_the_window_of_the_load(world: World) -> None:
    await world.add_meter("M", kind="cold_water")
    world.put("a.csv", long_csv("2025-04-30 00:00,M,consumption_period,1", "2025-04-30 23:00,M,consumption_period,2"))
    await world.run()

    targets = await find_targets(world.connection, world.settings)
    await refresh(world.connection, targets, DAY, DAY, world.settings)

    assert {target.kind for target in targets} == {"materialized_view", "continuous_aggregate"}
    hours = await world.connection.fetch("select value_sum from features.meter_hourly order by hour_start")
    assert [row["value_sum"] for row in hours] == [1, 2]
