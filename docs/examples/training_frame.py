"""Read a training frame: the hours of a district's buildings, each with what was used a day and a week before.

    .venv/bin/python docs/examples/training_frame.py Северный 2025-04-28 2025-05-01 --as-of '2025-05-02 09:00+03'

The database is that of `dataops` (DATABASE_URL, `.env`, or the embedded one); a member of the reader role may read it.
docs/data_dictionary.md describes the columns.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt

import pandas as pd

from flows.runtime.warehouse import open_warehouse
from schemas.settings import Settings, load_settings
from tasks.warehouse.connection import Connection

# Lags are by time and not by row: a building has no rows of a day on which it has no reading.
FRAME = """
    select
        hours.building_code,
        hours.ts,
        hours.hot_consumption_m3,
        lags.hot_consumption_m3_lag_24h,
        lags.hot_consumption_m3_lag_168h,
        means.hot_consumption_m3_mean_7d,
        means.hot_completeness_7d,
        hours.t1_degc,
        hours.hour,
        hours.day_of_week,
        hours.is_workday,
        hours.hot_completeness
    from {features}.ml_hourly_by_building as hours
    inner join {features}.ml_hourly_lags_by_building as lags
        on hours.building_id = lags.building_id and hours.ts = lags.ts
    inner join {features}.ml_daily_lags_by_building as means
        on hours.building_id = means.building_id and hours.local_date = means.local_date
    where hours.district_id = $1 and hours.local_date >= $2 and hours.local_date < $3
    order by hours.building_code, hours.ts
"""
# Features are those of today. What a model has learned from is made again of the readings as they stood in core then.
READINGS_AS_OF = """
    select
        readings.building_code,
        readings.meter_code,
        readings.time,
        readings.metric,
        readings.value,
        readings.quality
    from {core}.readings_as_of($4) as readings
    inner join {core}.buildings as buildings on readings.building_code = buildings.external_code
    where
        buildings.district_id = $1
        and readings.time >= $2::date::timestamp at time zone $5
        and readings.time < $3::date::timestamp at time zone $5
    order by readings.meter_code, readings.metric, readings.time
"""


async def read(connection: Connection, query: str, settings: Settings, *values: object) -> pd.DataFrame:
    """Run a query with bound parameters; the columns are there also where no row is."""
    # Names of schemas, which the settings have checked, cannot be bound.
    statement = await connection.prepare(query.format(features=settings.features_schema, core=settings.core_schema))
    rows = await statement.fetch(*values)
    columns = [attribute.name for attribute in statement.get_attributes()]
    return pd.DataFrame.from_records([tuple(row) for row in rows], columns=columns)


def describe(frame: pd.DataFrame) -> str:
    """Return the shape of a frame, and of each column the share of rows in which it is known."""
    return f"{len(frame)} rows, {len(frame.columns)} columns; known:\n{frame.notna().mean().round(3).to_string()}"


async def main(district: str, first: dt.date, until: dt.date, as_of: dt.datetime | None) -> None:
    """Print what the frame holds, and what the readings of it were at a moment."""
    settings = load_settings()
    warehouse = await open_warehouse(settings)
    async with warehouse.connect() as connection:
        print(describe(await read(connection, FRAME, settings, district, first, until)))
        if as_of:
            values = (district, first, until, as_of, settings.default_tz)
            readings = await read(connection, READINGS_AS_OF, settings, *values)
            print(f"as of {as_of}: {describe(readings)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("district")
    parser.add_argument("first", type=dt.date.fromisoformat, help="first local day")
    parser.add_argument("until", type=dt.date.fromisoformat, help="the local day after the last one")
    parser.add_argument("--as-of", type=dt.datetime.fromisoformat, help="a moment with its offset from UTC")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.district, arguments.first, arguments.until, arguments.as_of))
