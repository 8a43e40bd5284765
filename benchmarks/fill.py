"""Readings of a city's past, made in the database: what a table holds before the measured load."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from benchmarks.environment import BenchEnvironment, check
from benchmarks.inputs import READINGS_OF_A_BUILDING

_PAST = UUID(int=1)
# One row per meter, hour and metric of the L-buildings, in the order of the key.
_FILL = """
insert into core.measurements (time, meter_id, metric, value, quality, load_id)
select
    hours.time, meters.id, metrics.metric,
    case metrics.metric
        when 'consumption_cumulative' then extract(epoch from hours.time) / 3600
        when 'consumption_period' then 1
        else 1 + (meters.id + extract(hour from hours.time)) % 50
    end,
    0, $4
from core.meters as meters
join core.itp as itp on meters.itp_id = itp.id
join core.buildings as buildings on itp.building_id = buildings.id
cross join generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') as hours (time)
cross join lateral unnest(
    case meters.kind
        when 'hot_water'
            then array['flow_supply', 'flow_return', 'consumption_period', 'T1', 'T2']::core.metric[]
        else array['consumption_cumulative', 'consumption_period']::core.metric[]
    end
) as metrics (metric)
where buildings.external_code like 'L-%' and substr(buildings.external_code, 3)::integer <= $3
order by meters.id, hours.time, metrics.metric
"""
_CHANGED = """
insert into quality.changed_days (load_id, building_id, local_date)
select $3, id, day::date
from core.buildings
cross join generate_series($1::date, $2::date - 1, interval '1 day') as day
where external_code like 'L-%' and substr(external_code, 3)::integer <= $4
"""


async def fill(bench: BenchEnvironment, first: date, until: date, buildings: int, *, changed: bool = False) -> int:
    """Fill core with the days from `first` up to `until` (local midnights); returns the readings.

    `changed`: leave the record of changed days that a load would leave.
    """
    zone = bench.pipeline.settings.zone
    await bench.add_city(buildings)
    days = [date.fromordinal(day) for day in range(first.toordinal(), until.toordinal())]
    await bench.connection.execute("select quality.ensure_partitions('measurements', 1, $2, $1)", days, zone.key)
    before = await bench.count()
    for day in days:
        since, to = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        await bench.connection.execute(_FILL, since, to, buildings, _PAST)
    if changed:
        await bench.connection.execute(_CHANGED, first, until, _PAST, buildings)
    await bench.connection.execute("analyze core.measurements")
    readings = (until - first).days * buildings * READINGS_OF_A_BUILDING
    check("filled", await bench.count() - before, readings)
    return readings


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
