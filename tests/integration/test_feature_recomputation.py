"""Every cell of the features equals what pandas makes of the same readings, in a city of odd meters and clocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from schemas.meter_kinds import METER_KINDS
from schemas.metrics import METRICS
from tasks.transform import transform_changes
from tasks.transform.feature_statements import FeatureModel, FeatureStatements, WindowTable, compiled_statements
from tasks.transform.run_dbt import SEEDS, DbtError
from tests.feature_oracle import (
    QUANTITIES,
    City,
    by_district,
    daily,
    daily_by_district,
    daily_lags,
    hourly,
    hourly_lags,
    hours_of,
    midnight,
    time_attributes,
)
from tests.harness import PipelineHarness

pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.sessions]

# Code: kind, minutes of an interval, building, district.
METERS = {
    "C1": ("cold_water", 60, "A", "North"),
    "C2": ("cold_water", 60, "A", "North"),
    "H15": ("hot_water", 15, "A", "North"),
    "C30": ("cold_water", 30, "B", "North"),
    "H60": ("hot_water", 60, "B", "North"),
    "C120": ("cold_water", 120, "C", None),
    "H60b": ("hot_water", 60, "C", None),
    "C1440": ("cold_water", 1440, "D", None),
    "HEAT": ("heat", 60, "D", None),
    "SILENT": ("hot_water", 60, "D", None),
    "BAD": ("cold_water", 60, "E", "North"),
    "H120": ("hot_water", 120, "C", None),
    "H1440": ("hot_water", 1440, "F", "North"),
    "GAS": ("gas", 60, "G", "North"),
    "C60": ("cold_water", 60, "G", "North"),
}
REGISTERS = {
    "R60": ("cold_water", 60, "H", "North"),
    "R15": ("hot_water", 15, "H", "North"),
    "R120": ("cold_water", 120, "I", None),
    "R1440": ("cold_water", 1440, "J", None),
    "RHEAT": ("heat", 60, "J", None),
    "RDAILY": ("heat", 1440, "K", None),
}
"""Meters that send registers and no readings of intervals, or not on each day."""
ROLLING_OVER = {
    "PART": ("cold_water", 60, "L", None),
    "WHOLE": ("cold_water", 60, "M", None),
    "FALLS": ("cold_water", 60, "N", None),
}
"""Meters whose registers on the second day are told hour by hour."""
INSTALLED = 6.75
Moment = tuple[int, float] | None
"""The number of a day, and hours since its midnight."""
PERIODS: dict[str, list[tuple[str | None, Moment, Moment, int | None, float | None]]] = {
    "C2": [(None, (0, 10.5), (1, 6), None, None)],
    "H60": [("IB", None, (1, 13), None, None), ("IC", (1, 13), None, None, None)],
    "C120": [(None, None, (1, 7), None, None), (None, (1, 15), None, None, None)],
    "C1440": [(None, None, (1, 12), None, None)],
    "C60": [("IG", None, (1, 0), None, None), ("IA", (1, 0), None, None, None)],
    "HEAT": [("IK", None, (0, 22.25), None, None), ("ID", (0, 22.25), None, None, None)],
    "R60": [("IH", None, (1, 12), 3, None), ("IA", (1, 12), None, 3, None)],
    "R15": [(None, None, (1, 9.25), 3, None), (None, (1, 9.25), None, 3, None)],
    "RHEAT": [(None, None, None, 3, None)],
    "RDAILY": [(None, (0, 0), (1, 0), None, None), ("IJ", (1, 0), None, None, None)],
    "R120": [(None, None, None, None, 5000)],
    "PART": [(None, None, (1, INSTALLED), None, None), (None, (1, INSTALLED), None, 3, None)],
    "WHOLE": [(None, (1, INSTALLED), None, 3, 0.01)],
}
"""Code: ITP, installed, removed, digits and step of its registers, for each place or meter behind the code."""
DISTRICTS = {"A": "South", "B": None}
"""Where buildings are from the second day on."""
TOO_MUCH = {
    "cold_water": ["T1"],
    "heat": ["consumption_period", "heat_energy", "mass_supply", "mass_return", "volume_supply", "pump_runtime_hours"],
    "hot_water": ["pump_runtime_hours"],
}
"""Metrics that are reported though nobody expects them of the kind."""
DAYS = {
    "Europe/Moscow": ["2025-04-30", "2025-05-01", "2025-11-01"],
    "Europe/Berlin": ["2025-03-30", "2025-10-25", "2025-10-26"],
    "America/Havana": ["2025-03-09", "2025-11-01", "2025-11-02"],
    "Atlantic/Azores": ["2025-03-30", "2025-10-26"],
    "Australia/Lord_Howe": ["2025-04-05", "2025-04-06", "2025-10-05"],
}
ALWAYS_TRIED = ("Europe/Moscow", "Australia/Lord_Howe")
COLUMNS: dict[str, tuple[Callable[[City], pd.DataFrame], list[str]]] = {
    "ml_hourly_by_building": (hourly, ["building_code", "ts"]),
    "ml_daily_by_building": (daily, ["building_code", "ts"]),
    "ml_hourly_by_district": (by_district, ["district_id", "ts"]),
    "ml_daily_by_district": (daily_by_district, ["district_id", "ts"]),
    "ml_hourly_lags_by_building": (hourly_lags, ["building_code", "ts"]),
    "ml_daily_lags_by_building": (daily_lags, ["building_code", "ts"]),
    "time_attributes": (time_attributes, ["ts"]),
}


FIRST, LAST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
METER_ID = "select id from core.meters where external_code = $1"
ONE_HOUR_TWICE = """
    with moved as (
        delete from core.measurements
        where meter_id = $1 and extract(hour from time) in (12, 14) and metric = 'consumption_period' returning *
    )
    insert into core.measurements (time, meter_id, metric, quality, value, load_id)
    select time - interval '30 minutes', meter_id, metric, quality, value, load_id from moved
"""
"""As where rows state intervals of their own: an hour has two readings, and the next one none."""


ONE_HOUR_MORE = """
    insert into core.measurements (time, meter_id, metric, quality, value, load_id)
    select time + interval '30 minutes', meter_id, metric, quality, value, load_id
    from core.measurements
    where meter_id = $1 and extract(hour from time) = 10 and metric in ('T1', 'consumption_period')
"""


async def give_periods(pipeline: PipelineHarness, days: list[dt.date], zone: ZoneInfo) -> None:
    """Tell when meters came, went and moved, and buildings changed their district."""

    def instant(moment: Moment) -> dt.datetime | None:
        return moment and midnight(days[moment[0]], zone) + dt.timedelta(hours=moment[1])

    for code, periods in PERIODS.items():
        for itp, installed, removed, digits, step in periods:
            await pipeline.connection.execute(
                "insert into quality.meter_periods"
                " select id, (select id from core.itp where external_code = $2), $3, $4, $5, $6"
                " from core.meters where external_code = $1",
                *(code, itp, instant(installed), instant(removed), digits, step),
            )
    for building, district in DISTRICTS.items():
        await pipeline.connection.execute(
            "insert into quality.district_periods"
            " select id, null, district_id from core.buildings where external_code = $1"
            " union all select id, $2::timestamptz, $3 from core.buildings where external_code = $1",
            *(building, midnight(days[1], zone), district),
        )


async def fill(pipeline: PipelineHarness, days: list[dt.date], zone: ZoneInfo, seed: int) -> None:
    """Load readings of all meters: some are missing, some days are silent, some readings change later."""
    random = np.random.default_rng(seed)
    for code, (kind, minutes, building, district) in (METERS | REGISTERS | ROLLING_OVER).items():
        await pipeline.add_meter(code, kind=kind, building=building, itp=f"I{building}")
        await pipeline.connection.execute(
            "update core.meters set interval_minutes = $2 where external_code = $1", code, minutes
        )
        await pipeline.connection.execute(
            "update core.buildings set district_id = $2 where external_code = $1", building, district
        )
    lines = ["timestamp,meter_code,metric,value"]
    for code, (kind, minutes, *_) in METERS.items():
        for day in days:
            if code == "SILENT" or random.random() < 0.1:
                continue
            gaps = 0.7 if code == "BAD" else random.choice([0, 0, 0.02, 0.2])
            instant = midnight(day, zone)
            until = midnight(day + dt.timedelta(days=1), zone)
            while instant < until:
                stamp = instant.astimezone(zone).isoformat()
                lines += [
                    f"{stamp},{code},{metric},{round(random.uniform(0, 30), 3)}"
                    for metric in (*METER_KINDS[kind].expected, *TOO_MUCH.get(kind, ()))
                    if random.random() >= gaps
                ]
                instant = until if minutes == 1440 else instant + dt.timedelta(minutes=minutes)
    for code, (kind, minutes, *_) in REGISTERS.items():
        lines += [f"{line},{code},{rest}" for line, rest in register_lines(kind, minutes, days, zone, random)]
    lines += rolling_over_lines(days[1], zone)
    pipeline.put(f"{seed}.csv", "\n".join(lines) + "\n")
    (log,) = await pipeline.run()
    assert log["rows_loaded"] > 500
    await pipeline.connection.execute("update core.measurements set quality = 1 where value < 2")
    await pipeline.connection.execute(
        "update core.measurements set value = 0 where metric = 'flow_supply' and value < 4"
    )
    await pipeline.connection.execute(ONE_HOUR_TWICE, await pipeline.connection.fetchval(METER_ID, "C1"))
    await pipeline.connection.execute(ONE_HOUR_MORE, await pipeline.connection.fetchval(METER_ID, "H60b"))


def rolling_over_lines(day: dt.date, zone: ZoneInfo) -> list[str]:
    """Give registers that are installed in the morning and roll over.

    PART lacks an hour, and has sent an interval before; WHOLE falls by rounding; of FALLS nobody knows the digits.
    """
    start, end = midnight(day, zone), midnight(day + dt.timedelta(days=1), zone)
    installed = start + dt.timedelta(hours=INSTALLED)
    moments = [installed, *(hour for hour in hours_of(day, zone) if hour > installed), end]
    lines = [f"{[*hours_of(day, zone)][4].astimezone(zone).isoformat()},PART,consumption_period,4"]
    for number, moment in enumerate(moments):
        value = 990 + 0.7 * number - (1000 if number > 14 else 0)
        values = {"WHOLE": value - 0.704 * (number == 9), "FALLS": value / 2}
        if number != 4:
            values["PART"] = value
        stamp = moment.astimezone(zone).isoformat()
        lines += [f"{stamp},{code},consumption_cumulative,{shown:.3f}" for code, shown in values.items()]
    return lines


def register_lines(
    kind: str, minutes: int, days: list[dt.date], zone: ZoneInfo, random: np.random.Generator
) -> Iterator[tuple[str, str]]:
    """Give stamp, and metric with value, of registers that lack readings, have more, and fall once."""
    quantities = [quantity.metric for quantity in QUANTITIES.values() if kind in quantity.kinds]
    for register in (name for name, metric in METRICS.items() if metric.register_of in quantities):
        value = float(random.uniform(100, 900 if minutes == 1440 else 990))
        for day in days:
            gaps = random.choice([0, 0.1])
            instant, until = midnight(day, zone), midnight(day + dt.timedelta(days=1), zone)
            falls_at = instant + dt.timedelta(hours=int(random.integers(1, 100)))
            while instant <= until:
                is_of_next_day = instant == until and until.astimezone(zone).date() in days
                if random.random() >= gaps and not is_of_next_day:
                    yield instant.astimezone(zone).isoformat(), f"{register},{round(value, 3)}"
                if random.random() < 0.1 and instant < until:
                    off_grid = (instant + dt.timedelta(minutes=7)).astimezone(zone)
                    yield off_grid.isoformat(), f"{register},{round(value + 0.001, 3)}"
                if instant == until:
                    break
                instant = until if minutes == 1440 else instant + dt.timedelta(minutes=minutes)
                value = 1.5 if abs(instant - falls_at) < dt.timedelta(minutes=30) else value + random.uniform(0.01, 3)
        if random.random() < 0.3:
            metric = METRICS[register].register_of
            yield dt.datetime.combine(days[0], dt.time(5), zone).isoformat(), f"{metric},2.5"


async def city_of(pipeline: PipelineHarness) -> City:
    """Read what the features are made from."""

    async def table(query: str) -> pd.DataFrame:
        rows = await pipeline.connection.fetch(query)
        return pd.DataFrame([dict(row) for row in rows])

    def dates(seed: str) -> frozenset[dt.date]:
        return frozenset(pd.to_datetime(pd.read_csv(SEEDS / f"{seed}.csv").iloc[:, 0]).dt.date)

    def bounded(table: pd.DataFrame) -> pd.DataFrame:
        """Give infinite times as the first and the last that Python knows: so they can be compared."""
        for name, bound, infinite_year in (("since", FIRST, dt.MINYEAR), ("until", LAST, dt.MAXYEAR)):
            values = [bound if time.year == infinite_year else time for time in table[name]]
            table[name] = pd.to_datetime(values, utc=True)
        return table.astype({name: float for name in ("register_digits", "register_step") if name in table})

    settings = pipeline.settings
    return City(
        zone=ZoneInfo(settings.default_tz),
        meters=bounded(await table("select * from quality.meter_placements")),
        buildings=bounded(await table("select * from quality.building_districts")),
        readings=await table("select time, meter_id, metric::text, value, quality from core.measurements"),
        expected={name: kind.expected for name, kind in METER_KINDS.items()},
        registers={metric.register_of: name for name, metric in METRICS.items() if metric.register_of},
        any_time=frozenset(name for name, metric in METRICS.items() if metric.kind in ("register", "instantaneous")),
        holidays=dates("public_holidays"),
        working_weekends=dates("working_weekends"),
        day_hours=range(settings.day_start, settings.day_end),
        now=dt.datetime.now(dt.UTC),
    )


def recompute_all(city: City) -> dict[str, pd.DataFrame]:
    """Recompute every table of the features."""
    return {table: recompute(city) for table, (recompute, _) in COLUMNS.items()}


async def differences(pipeline: PipelineHarness, recomputed: Mapping[str, pd.DataFrame]) -> Mapping[str, object]:
    """Return table and column of each cell that pandas makes otherwise, with both values."""
    found: dict[str, object] = {}
    for table, expected in recomputed.items():
        keys = COLUMNS[table][1]
        rows = await pipeline.connection.fetch(f"select * from features.{table}")
        actual = pd.DataFrame([dict(row) for row in rows]).drop(columns="building_id", errors="ignore")
        assert sorted(actual.columns) == sorted(expected.columns), table
        both = actual.merge(expected, on=keys, how="outer", suffixes=("", "_expected"), indicator=True)
        if (lost := both[both["_merge"] != "both"]).size:
            found[table] = lost[[*keys, "_merge"]].head(3).to_dict("records")
        for column in [name for name in expected.columns if name not in keys]:
            left, right = both[column], both[f"{column}_expected"]
            if pd.api.types.is_float_dtype(right):
                is_same = np.isclose(left.astype(float), right, rtol=1e-9, atol=1e-8, equal_nan=True)
            else:
                is_same = left == right
            if not is_same.all():
                found[f"{table}.{column}"] = both[~is_same][[*keys, column, f"{column}_expected"]].iloc[0].to_dict()
    return found


@pytest.mark.parametrize(
    "zone", [zone if zone in ALWAYS_TRIED else pytest.param(zone, marks=pytest.mark.slow) for zone in DAYS]
)
async def test_every_cell_equals_its_recomputation(pipeline: PipelineHarness, zone: str) -> None:
    settings = pipeline.settings.model_copy(update={"default_tz": zone})
    pipeline = PipelineHarness(pipeline.connection, settings)
    days = [dt.date.fromisoformat(day) for day in DAYS[zone]]
    await fill(pipeline, days, ZoneInfo(zone), seed=1)
    if zone == "Europe/Moscow":  # once also without periods, and how they come into features that are built
        await pipeline.transform()
        assert await differences(pipeline, recompute_all(await city_of(pipeline))) == {}

    await give_periods(pipeline, days, ZoneInfo(zone))
    await pipeline.transform()

    assert await differences(pipeline, recompute_all(await city_of(pipeline))) == {}

    pipeline.put("correction.csv", f"timestamp,meter_code,metric,value\n{days[1]} 05:00,C1,consumption_period,77\n")
    await pipeline.run()
    await pipeline.transform()
    assert await differences(pipeline, recompute_all(await city_of(pipeline))) == {}


# Of each statement what is replaced in it, and by what: a boundary, a join, a weight, a zone, a null, …
MUTATIONS = {
    "int_meter_instants": {
        "and instants.read_at >= meters.since": "",
        "and instants.read_at < meters.until": "",
        "meters.interval_minutes > 60 and": "true and",
        "instants.read_at = days.day_start": "false",
        "quarters.clock + (instants.read_at - quarters.starts_at)": "instants.read_at at time zone 'UTC'",
        "'15 minutes', instants.read_at": "'1 hour', instants.read_at",
        "case when meters.interval_minutes = 1440 then days.minutes else meters.interval_minutes end": "60",
        "when placed.is_on_grid then kinds.known": "when true then kinds.known",
        "when placed.is_on_grid then 0": "when true then 0",
        "kinds.expected & ~kinds.any_time as expected_on_grid": "kinds.expected as expected_on_grid",
        "case when kind in ('hot_water') and surplus_metrics & 2 <> 0": "case when false",
        "bit_count((surplus_metrics)::bit(64))": "0 * bit_count((surplus_metrics)::bit(64))",
        "metrics.bit = 16) as t2": "metrics.bit = 8) as t2",
    },
    "int_register_steps": {
        "and meter_days.metrics & registers.bit = 0": "",
        "between register_days.part_start and register_days.part_end": "between register_days.part_start"
        " and register_days.part_end - interval '1 second'",
        "readings.read_at between register_days.part_start and": "readings.read_at <=",
        "group by meter_id, since, local_date": "group by meter_id, local_date, since having since <> since",
        "least(days.day_end, meter_days.until) as part_end": "days.day_end as part_end",
        "(slots > 0 or is_part)": "slots > 0",
        "last_value >= 0.9 * 10 ^ register_digits": "false",
        "- coalesce(register_step, 0) / 2": "",
        "and day_steps.since = of_hours.since": "",
        "and day_steps.since = slots.since": "",
        "or counted_falls.read_at = counted_falls.part_end": "",
        "counted_falls.read_at = hours.begins_at": "counted_falls.read_at = hours.ts",
        "and next_falls = falls": "",
        "and next_read_at = read_at + minutes * interval '1 minute'": "",
        "greatest(minutes / interval_minutes, 1)": "1",
        "having max(falls) = 0": "",
        "day_steps.value - coalesce(of_hours.value, 0)": "day_steps.value",
        "coalesce(slots.slots, 0) - coalesce(of_hours.slots, 0)": "coalesce(slots.slots, 0)",
    },
    "int_building_hours": {
        "case when interval_minutes <= 60 then kind end": "kind",
        "where steps.grain = 'hour'": "",
        "case when kind_metrics.is_expected then steps.slots else 0 end": "0",
        "sum(instants.flow_supply * instants.minutes) filter": "sum(instants.flow_supply) filter",
        "and instants.flow_supply > 0 and instants.t1 is not null": "and instants.flow_supply > 0",
        "filter (where instants.kind = 'heat')": "",
        "instants.kind in ('cold_water') and instants.consumption_period": "instants.consumption_period",
    },
    "ml_hourly_by_building": {
        "and spans.since < meters.until": "",
        "and hours.ts >= expected.since": "",
        "and measured.ts >= buildings.since": "",
        ">= coalesce(expected.cold_expected": "<> -1 - coalesce(expected.cold_expected",
        "| coalesce(expected.slow_quantities, 0)": "",
        "hour_lengths.minutes / meters.interval_minutes": "60 / meters.interval_minutes",
        "least(coalesce(counted.readings_any_time, 0), coalesce(expected.any_time_expected, 0))": "0",
        "and hours.minutes = expected.minutes": "",
        "building_days.pump_most * hours.minutes / 60": "0",
        "where starts_at < ends_at": "where starts_at < ends_at - interval '2 hours'",
        "measured.supply_m3 - measured.return_m3": "measured.supply_m3 + measured.return_m3",
        "::integer < 22": "::integer <= 22",
        "at time zone 'Australia/Lord_Howe')::integer as hour": "at time zone 'UTC')::integer as hour",
        "left join counted on": "inner join counted on",
    },
    "ml_daily_by_building": {
        "and hours.ts < intervals.until": "",
        "and meters.until = slots.until": "",
        "hours.minutes / intervals.interval_minutes": "60 / intervals.interval_minutes",
        "readings_present >= readings_expected": "readings_present > readings_expected",
        "bit_or(surplus_quantities)": "min(surplus_quantities)",
        "+ coalesce(counted_slow.readings_suspect, 0)": "",
        "coalesce(counted.heat_most, 0) * days.minutes / 60": "0",
        "filter (where is_hour) as heat_most": "as heat_most",
        "coalesce(reporting_slow.pump_expected, 0)": "0",
        "where steps.interval_minutes > 60 and steps.grain = 'day'": "where false",
        "sent_slow.metrics & kind_metrics.bit <> 0": "true",
        "where interval_minutes > 60\n    \n    union all": "union all",
        "where steps.grain = 'day'": "",
        "days.begins_at = instants.read_at": "days.day_end = instants.read_at",
        "building_days.supply_night_hours = days.hours - days.day_hours": "true",
        "days.begins_at >= meters.since": "true",
    },
    "ml_hourly_by_district": {
        "and spans.since < buildings.until": "",
        "and district_hours.ts < districts.until": "",
        "count(t1_degc)": "count(*)",
        "filter (where hot_consumption_m3 is not null)": "",
        "count(distinct buildings.building_id)": "count(*)",
        "count(supply_m3)": "count(*)",
    },
    "ml_daily_by_district": {
        "days.day_end > coalesce": "days.begins_at > coalesce",
        "days.begins_at < coalesce(meters.until": "days.day_end < coalesce(meters.until",
        "sum(heat_night_gcal)": "max(heat_night_gcal)",
    },
    "time_attributes": {"in (6, 7)": "in (7)"},
}


@pytest.mark.slow
async def test_every_mutation_of_the_models_is_seen(pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = "Australia/Lord_Howe"
    pipeline = PipelineHarness(pipeline.connection, pipeline.settings.model_copy(update={"default_tz": zone}))
    await fill(pipeline, [dt.date.fromisoformat(day) for day in DAYS[zone]], ZoneInfo(zone), seed=2)
    await give_periods(pipeline, [dt.date.fromisoformat(day) for day in DAYS[zone]], ZoneInfo(zone))
    await pipeline.transform()
    recomputed = recompute_all(await city_of(pipeline))
    assert await differences(pipeline, recomputed) == {}
    unseen = []
    for model, old, new in [(model, *change) for model, changes in MUTATIONS.items() for change in changes.items()]:

        def mutated(*arguments: Any, model: str = model, old: str = old, new: str = new) -> FeatureStatements:
            statements = compiled_statements(*arguments).model_copy(deep=True)
            everything: list[WindowTable | FeatureModel] = [*statements.window_tables, *statements.models]
            (of_model,) = (one for one in everything if one.name == model)
            assert old in of_model.query
            of_model.query = of_model.query.replace(old, new)
            return statements.model_copy(update={"tests": []})

        monkeypatch.setattr(transform_changes, "compiled_statements", mutated)
        try:
            assert (await pipeline.transform()).full
        except DbtError:
            continue  # an index has seen it
        if await differences(pipeline, recomputed) == {}:
            unseen.append((model, old))

    assert not unseen, "\n".join(map(str, unseen))
