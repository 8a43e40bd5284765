"""The example script reads a frame whose lags and gaps are those of the data, and the readings as of a moment."""

from __future__ import annotations

import asyncio
import datetime as dt
import runpy
import sys
from typing import Any

import pytest

from schemas.settings import PROJECT_ROOT
from tests.harness import DAY, PipelineHarness, long_csv

pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.sessions]

SCRIPT = PROJECT_ROOT / "docs" / "examples" / "training_frame.py"
YESTERDAY = DAY - dt.timedelta(days=1)


@pytest.fixture
async def district(pipeline: PipelineHarness) -> PipelineHarness:
    """Two days of a building of the district North, and one of another; an hour of the second day is missing."""
    await pipeline.add_meter("H", kind="hot_water")
    await pipeline.add_meter("X", kind="hot_water", building="other", itp="J")
    await pipeline.connection.execute("update core.buildings set district_id = 'North' where external_code = 'B'")
    for day, first in ((YESTERDAY, 100), (DAY, 200)):
        hours = [hour for hour in range(24) if (day, hour) != (DAY, 5)]
        rows = [f"{day} {hour:02}:00,{meter},consumption_period,{first + hour}" for meter in "HX" for hour in hours]
        pipeline.put("a.csv", long_csv(*rows), day=day)
        await pipeline.run(day)
    await pipeline.transform()
    return pipeline


async def test_lags_are_values_of_the_same_building_a_day_before_and_gaps_stay_gaps(district: PipelineHarness) -> None:
    script: dict[str, Any] = runpy.run_path(str(SCRIPT))
    until = DAY + dt.timedelta(days=1)

    frame = await script["read"](district.connection, script["FRAME"], district.settings, "North", DAY, until)

    assert frame["building_code"].unique().tolist() == ["B"]
    assert frame["hot_consumption_m3_lag_24h"].tolist() == [100 + hour for hour in range(24)]
    assert frame["hot_consumption_m3_lag_168h"].isna().all()
    assert frame["hot_consumption_m3_mean_7d"].tolist() == [24 * 100 + 23 * 12] * 24
    assert frame["hot_completeness_7d"].tolist() == pytest.approx([1 / 7] * 24)
    assert str(frame["hot_consumption_m3"].dtype) == "float64"
    assert frame["hour"][frame["hot_consumption_m3"].isna()].tolist() == [5]
    empty = await script["read"](district.connection, script["FRAME"], district.settings, "South", DAY, until)
    assert (len(empty), list(empty.columns)) == (0, list(frame.columns))


async def test_script_prints_shape_and_completeness_also_of_readings_as_of_a_moment(district: PipelineHarness) -> None:
    moment = await district.connection.fetchval("select clock_timestamp()")
    district.put("b.csv", long_csv(f"{DAY} 05:00,H,consumption_period,7"))
    await district.run()
    days = (str(YESTERDAY), str(DAY + dt.timedelta(days=1)))

    script = await asyncio.create_subprocess_exec(
        *(sys.executable, SCRIPT, "North", *days, "--as-of", moment.isoformat()),
        stdout=asyncio.subprocess.PIPE,
        cwd=PROJECT_ROOT,
    )
    output, _ = await script.communicate()

    frame, readings = output.decode().split("as of")
    assert frame.startswith("48 rows, 12 columns; known:\n")
    known = dict(line.split() for line in frame.splitlines()[1:])
    assert known["hot_consumption_m3"] == "0.979"
    assert f"{moment}: 47 rows, 6 columns; known:\n" in readings
