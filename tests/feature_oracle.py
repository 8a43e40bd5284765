"""The features once more, from core's readings and the descriptions of their columns, without any SQL."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

SUMS = {
    "cold_consumption_m3": ("cold_water", "consumption_period"),
    "hot_consumption_m3": ("hot_water", "consumption_period"),
    "supply_m3": ("hot_water", "flow_supply"),
    "return_m3": ("hot_water", "flow_return"),
}
MEANS = {"t1_degc": ("hot_water", "T1"), "t2_degc": ("hot_water", "T2")}
FLOWS = ("flow_supply", "flow_return")


@dataclass(frozen=True)
class City:
    """What the features are made from.

    `meters`: meter_id, kind, interval_minutes, building_code, district_id. `readings`: time (UTC), meter_id, metric,
    value, quality. `expected`: kind → metrics.
    """

    zone: ZoneInfo
    meters: pd.DataFrame
    readings: pd.DataFrame
    expected: Mapping[str, Sequence[str]]
    holidays: frozenset[dt.date]
    working_weekends: frozenset[dt.date]
    day_hours: range
    """The local hours that are day and not night."""


class Reading(NamedTuple):
    """A reading, and the hour that it counts in."""

    hour: dt.datetime
    meter_id: int
    metric: str
    value: float
    is_suspect: bool


def hourly(city: City) -> pd.DataFrame:
    """Recompute ml_hourly_by_building."""
    rows = []
    for meters, day, readings in _building_days(city):
        by_hour = defaultdict(list)
        for reading in readings:
            by_hour[reading.hour].append(reading)
        for hour in hours_of(day, city.zone):
            values = _values(city, meters, by_hour[hour], None)
            rows.append({**values, **_attributes(city, day, hour), "ts": hour})
    return pd.DataFrame(rows)


def daily(city: City) -> pd.DataFrame:
    """Recompute ml_daily_by_building."""
    hours = hourly(city)
    hours["is_complete"] = hours["readings_present"] >= hours["readings_expected"]
    complete = hours.groupby(["building_code", "local_date"])["is_complete"].sum().to_dict()
    rows = []
    for meters, day, readings in _building_days(city):
        starts = hours_of(day, city.zone)
        values, attributes = _values(city, meters, readings, day), _attributes(city, day, starts[0])
        del attributes["hour"], attributes["day_night"]
        counts = {"hours_expected": len(starts), "hours_complete": complete[values["building_code"], day]}
        rows.append({**values, **attributes, **counts, "ts": starts[0]})
    return pd.DataFrame(rows)


def time_attributes(city: City) -> pd.DataFrame:
    """Recompute time_attributes."""
    days = sorted({time.astimezone(city.zone).date() for time in city.readings["time"]})
    hours = [(day, hour) for day in days for hour in hours_of(day, city.zone)]
    return pd.DataFrame([{**_attributes(city, day, hour), "ts": hour} for day, hour in hours])


def by_district(city: City) -> pd.DataFrame:
    """Recompute ml_hourly_by_district."""
    rows = []
    for (district, hour), group in hourly(city).groupby(["district_id", "ts"]):
        row: dict[str, Any] = {"district_id": district, "ts": hour}
        for name in (*SUMS, "loss_m3"):
            row[name] = group[name].sum(min_count=1)
        for name in (*MEANS, "delta_t"):
            row[name] = group[name].mean()
        both = group.dropna(subset=["cold_consumption_m3", "hot_consumption_m3"])
        cold, hot = both["cold_consumption_m3"].sum(), both["hot_consumption_m3"].sum()
        row["hot_cold_mismatch"] = (cold - hot) / cold if cold else np.nan
        row["readings_expected"] = group["readings_expected"].sum()
        row["readings_present"] = group["readings_present"].sum()
        row["buildings_expected"] = len(group)
        row["buildings_reporting"] = (group["readings_present"] > 0).sum()
        same = ["local_date", "hour", "day_of_week", "is_weekend", "is_holiday", "is_workday", "month", "season"]
        for name in (*same, "day_night"):
            row[name] = group[name].iloc[0]
        rows.append(row)
    return pd.DataFrame(rows)


@cache
def midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Return the first instant of a local day: the first minute whose date is that day."""
    instant = dt.datetime.combine(day, dt.time(), dt.UTC) - dt.timedelta(hours=16)
    while instant.astimezone(zone).date() < day:
        instant += dt.timedelta(minutes=15)
    return instant


@cache
def hours_of(day: dt.date, zone: ZoneInfo) -> list[dt.datetime]:
    """Return the instants at which the hours of a local day begin; one is shorter where clocks change by half of it."""
    instant, hours = midnight(day, zone), []
    while instant < midnight(day + dt.timedelta(days=1), zone):
        hours.append(_hour_of(instant, zone))
        instant += dt.timedelta(minutes=15)
    return sorted(set(hours))


def _hour_of(instant: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    return instant - dt.timedelta(minutes=instant.astimezone(zone).minute)


def _building_days(city: City) -> Iterator[tuple[pd.DataFrame, dt.date, list[Reading]]]:
    """Give each building-day that has a reading: the meters of the building, the day, and its readings."""
    by_meter_day: dict[tuple[int, dt.date], list[Reading]] = defaultdict(list)
    for time, meter, metric, value, quality in city.readings.itertuples(index=False):
        reading = Reading(_hour_of(time, city.zone), meter, metric, value, quality == 1)
        by_meter_day[meter, time.astimezone(city.zone).date()].append(reading)
    days = sorted({day for _, day in by_meter_day})
    for _, meters in city.meters.groupby("building_code"):
        for day in days:
            if readings := [reading for meter in meters["meter_id"] for reading in by_meter_day.get((meter, day), ())]:
                yield meters, day, readings


def _values(city: City, meters: pd.DataFrame, readings: list[Reading], day: dt.date | None) -> dict[str, object]:
    """Return what is measured in an hour (`day` is None), or on a day, of a building."""
    by_series: dict[tuple[int, str], list[Reading]] = defaultdict(list)
    for reading in readings:
        by_series[reading.meter_id, reading.metric].append(reading)
    complete: dict[tuple[str, str], bool] = {}
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    expected_readings = present = suspect = 0
    for meter_id, kind, interval in meters[["meter_id", "kind", "interval_minutes"]].to_numpy().tolist():
        expected = city.expected.get(kind, ())
        # A meter that is read less often than by the hour tells nothing of an hour.
        is_counted = interval <= 60 or day is not None
        for metric in {*expected, *(metric for own_id, metric in by_series if own_id == meter_id)}:
            own = by_series.get((meter_id, metric), [])
            needed = _needed(city, interval, day)
            if metric in expected:
                has_all = is_counted and len(own) >= needed and _has_all_hours(city, own, interval, day)
                complete[kind, metric] = complete.get((kind, metric), True) and has_all
                expected_readings += needed if is_counted else 0
            if is_counted:
                found[kind, metric] += [(reading.value, interval / 60) for reading in own]
                present += len(own)
                suspect += sum(reading.is_suspect for reading in own)
    values: dict[str, float] = {name: _sum(found[key], complete, key) for name, key in SUMS.items()}
    values |= {name: _mean(found[key]) for name, key in MEANS.items()}
    cold, hot = values["cold_consumption_m3"], values["hot_consumption_m3"]
    values["loss_m3"] = values["supply_m3"] - values["return_m3"] - hot
    values["delta_t"] = values["t1_degc"] - values["t2_degc"]
    values["hot_cold_mismatch"] = (cold - hot) / cold if cold else np.nan
    return {
        "building_code": meters["building_code"].iloc[0],
        "district_id": meters["district_id"].iloc[0],
        **values,
        "readings_expected": expected_readings,
        "readings_present": present,
        "readings_suspect": suspect,
    }


def _needed(city: City, interval: int, day: dt.date | None) -> int:
    """How many readings a meter should have of a metric."""
    if day is None:
        return 60 // interval
    length = midnight(day + dt.timedelta(days=1), city.zone) - midnight(day, city.zone)
    return max(int(length / dt.timedelta(minutes=1)) // interval, 1)


def _has_all_hours(city: City, readings: list[Reading], interval: int, day: dt.date | None) -> bool:
    return day is None or interval > 60 or {reading.hour for reading in readings} == {*hours_of(day, city.zone)}


def _sum(readings: list[tuple[float, float]], complete: Mapping[tuple[str, str], bool], key: tuple[str, str]) -> float:
    """Sum what is complete; of a flow its volume. `readings`: values, with their hours."""
    if not readings or not complete.get(key, True):
        return np.nan
    return float(sum(value * hours if key[1] in FLOWS else value for value, hours in readings))


def _mean(readings: list[tuple[float, float]]) -> float:
    return float(np.mean([value for value, _ in readings])) if readings else np.nan


def _attributes(city: City, day: dt.date, hour: dt.datetime) -> dict[str, object]:
    local = hour.astimezone(city.zone)
    is_weekend, is_holiday = day.isoweekday() > 5, day in city.holidays
    seasons = pairwise([0, 3, 6, 9, 12, 13])
    names = ["winter", "spring", "summer", "autumn", "winter"]
    season = next(name for name, (first, end) in zip(names, seasons, strict=True) if first <= day.month < end)
    return {
        "local_date": day,
        "hour": local.hour,
        "day_of_week": day.isoweekday(),
        "is_weekend": is_weekend,
        "is_holiday": is_holiday,
        "is_workday": not is_holiday and (not is_weekend or day in city.working_weekends),
        "month": day.month,
        "season": season,
        "day_night": "day" if local.hour in city.day_hours else "night",
    }
