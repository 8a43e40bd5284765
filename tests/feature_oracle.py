"""The features once more, from core's readings and the descriptions of their columns, without any SQL."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from itertools import accumulate, pairwise
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd


class Quantity(NamedTuple):
    """What readings measure: of meters of some kinds one metric, added up, as the volume of a flow, or as a mean."""

    kinds: tuple[str, ...]
    metric: str
    how: Literal["sum", "volume", "mean"]


QUANTITIES = {
    "cold": Quantity(("cold_water",), "consumption_period", "sum"),
    "hot": Quantity(("hot_water",), "consumption_period", "sum"),
    "supply": Quantity(("hot_water",), "flow_supply", "volume"),
    "return": Quantity(("hot_water",), "flow_return", "volume"),
    "t1": Quantity(("hot_water",), "T1", "mean"),
    "t2": Quantity(("hot_water",), "T2", "mean"),
    "heat": Quantity(("heat",), "heat_energy", "sum"),
    "heat_mass_supply": Quantity(("heat",), "mass_supply", "sum"),
    "heat_mass_return": Quantity(("heat",), "mass_return", "sum"),
    "heat_volume_supply": Quantity(("heat",), "volume_supply", "sum"),
    "heat_volume_return": Quantity(("heat",), "volume_return", "sum"),
    "heat_flow_supply": Quantity(("heat",), "flow_supply", "volume"),
    "heat_flow_return": Quantity(("heat",), "flow_return", "volume"),
    "heat_t1": Quantity(("heat",), "T1", "mean"),
    "heat_t2": Quantity(("heat",), "T2", "mean"),
    "pump": Quantity(("cold_water", "hot_water", "heat"), "pump_runtime_hours", "sum"),
}
COLUMNS = {
    "cold_consumption_m3": "cold",
    "hot_consumption_m3": "hot",
    "supply_m3": "supply",
    "return_m3": "return",
    "t1_degc": "t1",
    "t2_degc": "t2",
    "heat_gcal": "heat",
    "heat_mass_supply_t": "heat_mass_supply",
    "heat_mass_return_t": "heat_mass_return",
    "heat_volume_supply_m3": "heat_volume_supply",
    "heat_volume_return_m3": "heat_volume_return",
    "heat_t1_degc": "heat_t1",
    "heat_t2_degc": "heat_t2",
    "pump_runtime_hours": "pump",
}
"""Column → the quantity that it has the value of."""
PARTED = ("cold_consumption_m3", "hot_consumption_m3", "supply_m3", "return_m3", "heat_gcal")
"""What is added up over the hours of the day and of the night."""
REGISTERS = {
    "cold_register_start_m3": ("cold_water", "consumption_cumulative"),
    "hot_register_start_m3": ("hot_water", "consumption_cumulative"),
    "heat_register_start_gcal": ("heat", "heat_energy_cumulative"),
}
COMPLETE = {
    "cold_consumption_m3": "cold_completeness",
    "hot_consumption_m3": "hot_completeness",
    "supply_m3": "supply_completeness",
    "return_m3": "return_completeness",
    "t1_degc": "t1_completeness",
    "t2_degc": "t2_completeness",
    "heat_gcal": "heat_completeness",
}
"""What is expected of meters, and its completeness."""
BY_FLOW = {"t1": "supply", "t2": "return"}
COUNTS = ("readings_expected", "readings_present", "readings_suspect", "readings_surplus")


@dataclass(frozen=True, eq=False)
class City:
    """What the features are made from.

    `meters`: meter_id, kind, interval_minutes, building_code, district_id, since, until, register_digits,
    register_step: a row for each time in which a meter was at one place. `buildings`: building_code, district_id,
    since, until. `readings`: time (UTC), meter_id, metric, value, quality. `expected`: kind → metrics. `any_time`:
    metrics that have no intervals.
    """

    zone: ZoneInfo
    meters: pd.DataFrame
    buildings: pd.DataFrame
    readings: pd.DataFrame
    expected: Mapping[str, Sequence[str]]
    any_time: frozenset[str]
    registers: Mapping[str, str]
    holidays: frozenset[dt.date]
    working_weekends: frozenset[dt.date]
    day_hours: range
    """The local hours that are day and not night."""
    now: dt.datetime


class Meter(NamedTuple):
    """A row of `City.meters`: a meter at one place."""

    place: int
    meter_id: int
    kind: str
    interval_minutes: int
    building_code: str
    district_id: str
    since: dt.datetime
    until: dt.datetime
    register_digits: float
    register_step: float

    def is_there(self, time: dt.datetime) -> bool:
        """Return True if the meter was at this place."""
        return self.since <= time < self.until

    def slots(self, hour: dt.datetime, minutes: int) -> int:
        """Return how often it is read in an hour, if at least by the hour."""
        return minutes // self.interval_minutes if self.is_there(hour) else 0


class Reading(NamedTuple):
    """A reading, and the hour that it counts in."""

    hour: dt.datetime
    time: dt.datetime
    place: int
    metric: str
    value: float
    is_suspect: bool


class Step(NamedTuple):
    """What a register has moved on by in an hour, or else on a day, where the meter sent no readings of intervals."""

    hour: dt.datetime | None
    place: int
    quantity: str
    value: float
    slots: int
    """How many readings of intervals it stands for."""


@dataclass
class Tally:
    """What the readings of a building come to in an hour or on a day. Keys are quantities."""

    counts: Counter[str] = field(default_factory=Counter)
    expected: Counter[str] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)
    """How many there should be of what nobody expects: what reports on a day does so all day."""
    minutes: Counter[str] = field(default_factory=Counter)
    totals: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    weighted: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Temperatures times volumes."""
    weights: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    with_surplus: set[str] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)
    """Of which an hour tells nothing."""
    sums: Counter[str] = field(default_factory=Counter)
    """Of readings_expected and the like, and of those of heat meters."""

    def add(self, other: Tally) -> None:
        """Add what another hour of the day comes to."""
        for name in ("counts", "expected", "reported", "totals", "minutes", "weighted", "weights", "sums"):
            for key, number in getattr(other, name).items():
                getattr(self, name)[key] += number
        self.with_surplus |= other.with_surplus

    def features(self) -> dict[str, Any]:
        """Return the columns that follow from it."""
        row: dict[str, Any] = {column: self._value(name) for column, name in COLUMNS.items()}
        for side in ("supply", "return"):
            if np.isnan(row[f"heat_volume_{side}_m3"]):
                row[f"heat_volume_{side}_m3"] = self._value(f"heat_flow_{side}")
        for name, flow in BY_FLOW.items():
            is_known = not {name, flow} & self.with_surplus and not {name, flow} & self.slow and self.weights[name]
            row[f"{name}_flow_weighted_degc"] = self.weighted[name] / self.weights[name] if is_known else np.nan
        for name in ("cold", "hot", "supply", "return", "t1", "t2"):
            row[f"{name}_completeness"] = _share(self.counts[name], self.expected[name])
        row["heat_completeness"] = _share(self.sums["heat_present"], self.sums["heat_expected"])
        cold, hot = row["cold_consumption_m3"], row["hot_consumption_m3"]
        row["loss_m3"] = row["supply_m3"] - row["return_m3"] - hot
        row["delta_t"] = row["t1_degc"] - row["t2_degc"]
        row["hot_cold_mismatch"] = (cold - hot) / cold if cold else np.nan
        return row | {name: self.sums[name] for name in COUNTS}

    def _value(self, name: str) -> float:
        if not self.counts[name] or name in self.with_surplus | self.slow:
            return np.nan
        how = QUANTITIES[name].how
        if how == "mean":
            return float(self.totals[name] / self.minutes[name])
        is_whole = self.counts[name] >= (self.expected[name] or self.reported[name])
        return float(self.totals[name] / (60 if how == "volume" else 1)) if is_whole else np.nan


def _share(present: int, expected: int) -> float:
    return float(np.float32(min(present, expected) / expected)) if expected else np.nan


@lru_cache(1)
def hourly(city: City) -> pd.DataFrame:
    """Recompute ml_hourly_by_building."""
    rows = []
    for meters, day, readings, steps in _building_days(city):
        for hour, tally in _tallies_of_hours(city, meters, day, readings, steps).items():
            if hour <= max(city.now, max(reading.hour for reading in readings)):
                place = _place(city, meters, hour)
                rows.append({**place, **tally.features(), **_attributes(city, day, hour), "ts": hour})
    return pd.DataFrame(rows)


def daily(city: City) -> pd.DataFrame:
    """Recompute ml_daily_by_building."""
    hours = hourly(city)
    is_complete = hours["readings_present"] >= hours["readings_expected"]
    complete = is_complete.groupby([hours["building_code"], hours["local_date"]]).sum().to_dict()
    of_building = hours.groupby(["building_code", "local_date"])
    rows = []
    for meters, day, readings, steps in _building_days(city):
        tally = Tally()
        for of_hour in _tallies_of_hours(city, meters, day, readings, steps).values():
            tally.add(of_hour)
        of_day = [step for step in steps if step.hour is None]
        tally.add(_tally_of_slow_meters(city, meters, day, readings, of_day))
        _add_steps(city, tally, _fast(meters), of_day)
        starts = [*hours_of(day, city.zone)]
        attributes, place = _attributes(city, day, starts[0]), _place(city, meters, starts[0])
        del attributes["hour"], attributes["day_night"]
        counts = {"hours_expected": len(starts), "hours_complete": complete[place["building_code"], day]}
        parts = _parts(city, of_building.get_group((place["building_code"], day)), starts)
        registers = _registers(city, meters, readings, midnight(day, city.zone))
        rows.append({**place, **tally.features(), **attributes, **counts, **parts, **registers, "ts": starts[0]})
    return pd.DataFrame(rows)


def _parts(city: City, hours: pd.DataFrame, starts: Sequence[dt.datetime]) -> dict[str, float]:
    """Add up the hours of the day and of the night, where none of them lacks a value."""
    parts = {}
    for name in PARTED:
        kind, _, unit = name.replace("_consumption", "").partition("_")
        for part in ("day", "night"):
            wanted = sum((start.astimezone(city.zone).hour in city.day_hours) == (part == "day") for start in starts)
            values = hours[hours["day_night"] == part][name].dropna()
            parts[f"{kind}_{part}_{unit}"] = values.sum() if len(values) == wanted > 0 else np.nan
    return parts


def _registers(
    city: City, meters: Sequence[Meter], readings: Sequence[Reading], moment: dt.datetime
) -> dict[str, float]:
    """Add up the registers of each kind of meter, where all that are there told theirs of the moment."""
    told = {(reading.place, reading.metric): reading.value for reading in readings if reading.time == moment}
    registers = {}
    for column, (kind, metric) in REGISTERS.items():
        values = [
            told.get((meter.place, metric), np.nan) for meter in meters if meter.kind == kind and meter.is_there(moment)
        ]
        registers[column] = sum(values) if values else np.nan
    return registers


def time_attributes(city: City) -> pd.DataFrame:
    """Recompute time_attributes."""
    days = sorted({time.astimezone(city.zone).date() for time in city.readings["time"]})
    hours = [(day, hour) for day in days for hour in hours_of(day, city.zone)]
    return pd.DataFrame([{**_attributes(city, day, hour), "ts": hour} for day, hour in hours if hour <= city.now])


def by_district(city: City) -> pd.DataFrame:
    """Recompute ml_hourly_by_district."""
    rows = []
    for (district, hour), group in hourly(city).groupby(["district_id", "ts"]):
        is_there = (city.meters["since"] <= hour) & (hour < city.meters["until"])
        rows.append(_of_district(city, district, group, is_there) | {"ts": hour})
        for name in ("hour", "day_night"):
            rows[-1][name] = group[name].iloc[0]
    return pd.DataFrame(rows)


def daily_by_district(city: City) -> pd.DataFrame:
    """Recompute ml_daily_by_district."""
    rows = []
    for (district, _), group in daily(city).groupby(["district_id", "local_date"]):
        day = group["local_date"].iloc[0]
        begins, ends = midnight(day, city.zone), midnight(day + dt.timedelta(days=1), city.zone)
        is_there = (city.meters["since"] < ends) & (begins < city.meters["until"])
        rows.append(_of_district(city, district, group, is_there) | {"ts": group["ts"].iloc[0]})
        for name in group.columns[group.columns.str.contains("_day_(?:m3|gcal)|_night_", regex=True)]:
            rows[-1][name] = group[name].sum(min_count=1)
    return pd.DataFrame(rows)


def _of_district(city: City, district: object, group: pd.DataFrame, is_there: pd.Series) -> dict[str, Any]:
    """Give the columns of a district, of the rows of its buildings."""
    row: dict[str, Any] = {"district_id": district}
    for name in ("cold_consumption_m3", "hot_consumption_m3", "supply_m3", "return_m3", "loss_m3", "heat_gcal"):
        row[name] = group[name].sum(min_count=1)
        row[f"{name.rpartition('_')[0]}_buildings"] = group[name].count()
    for name in ("t1_degc", "t2_degc", "delta_t"):
        row[name] = group[name].mean()
    both = group.dropna(subset=["cold_consumption_m3", "hot_consumption_m3"])
    cold, hot = both["cold_consumption_m3"].sum(), both["hot_consumption_m3"].sum()
    row["hot_cold_mismatch"] = (cold - hot) / cold if cold else np.nan
    row["readings_expected"] = group["readings_expected"].sum()
    row["readings_present"] = group["readings_present"].sum()
    row["buildings_expected"] = city.meters[is_there & (city.meters["district_id"] == district)][
        "building_code"
    ].nunique()
    row["buildings_reporting"] = (group["readings_present"] > 0).sum()
    for name in ("local_date", "day_of_week", "is_weekend", "is_holiday", "is_workday", "month", "season"):
        row[name] = group[name].iloc[0]
    return row


def hourly_lags(city: City) -> pd.DataFrame:
    """Recompute ml_hourly_lags_by_building."""
    hours = {(row["building_code"], row["ts"]): row for row in hourly(city).to_dict("records")}
    rows = []
    for (building, hour), of_hour in hours.items():
        row = {"building_code": building, "ts": hour, "local_date": of_hour["local_date"]}
        for lag in (24, 168):
            earlier = hours.get((building, hour - dt.timedelta(hours=lag)), {})
            row |= {f"{name}_lag_{lag}h": earlier.get(name, np.nan) for name in (*COMPLETE, *COMPLETE.values())}
        rows.append(row)
    return pd.DataFrame(rows)


def daily_lags(city: City) -> pd.DataFrame:
    """Recompute ml_daily_lags_by_building."""
    days = {(row["building_code"], row["local_date"]): row for row in daily(city).to_dict("records")}
    rows = []
    for (building, day), of_day in days.items():
        row = {"building_code": building, "local_date": day, "ts": of_day["ts"]}
        for count in (7, 28):
            earlier = [days.get((building, day - dt.timedelta(days=back)), {}) for back in range(1, count + 1)]
            for name, completeness in COMPLETE.items():
                values = pd.Series([of_day.get(name, np.nan) for of_day in earlier])
                row[f"{name}_mean_{count}d"] = values.mean()
                row[f"{completeness}_{count}d"] = float(np.float32(values.count() / count))
        after = days.get((building, day + dt.timedelta(days=1)), {})
        row |= {name.replace("start", "end"): after.get(name, np.nan) for name in REGISTERS}
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
def hours_of(day: dt.date, zone: ZoneInfo) -> dict[dt.datetime, int]:
    """Return when the hours of a local day begin, and their minutes: some are shorter where clocks change by half."""
    instant, quarters = midnight(day, zone), Counter[dt.datetime]()
    while instant < midnight(day + dt.timedelta(days=1), zone):
        quarters[_hour_of(instant, zone)] += 1
        instant += dt.timedelta(minutes=15)
    return {hour: quarters[hour] * 15 for hour in sorted(quarters)}


def _hour_of(instant: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    local = instant.astimezone(zone)
    return instant - dt.timedelta(minutes=local.minute, seconds=local.second)


@lru_cache(1)
def _building_days(city: City) -> list[tuple[list[Meter], dt.date, list[Reading], list[Step]]]:
    """Return each building-day that has a reading: the meters of the building, the day, its readings and steps."""
    places: dict[int, list[Meter]] = defaultdict(list)
    by_building: dict[str, list[Meter]] = defaultdict(list)
    for number, row in enumerate(city.meters[[*Meter._fields[1:]]].itertuples(index=False)):
        meter = Meter(number, *row)
        places[meter.meter_id].append(meter)
        by_building[meter.building_code].append(meter)
    by_place_day: dict[tuple[int, dt.date], list[Reading]] = defaultdict(list)
    registers: dict[tuple[int, str], list[tuple[dt.datetime, float]]] = defaultdict(list)
    for time, meter_id, metric, value, quality in city.readings.sort_values("time").itertuples(index=False):
        for meter in places[meter_id]:
            if meter.is_there(time):
                reading = Reading(_hour_of(time, city.zone), time, meter.place, metric, value, quality == 1)
                by_place_day[meter.place, time.astimezone(city.zone).date()].append(reading)
            if meter.is_there(time) or time == meter.until:
                registers[meter.place, metric].append((time, value))
    days = sorted({day for _, day in by_place_day})
    return [
        (meters, day, readings, _steps(city, meters, day, readings, registers))
        for meters in by_building.values()
        for day in days
        if (readings := [reading for meter in meters for reading in by_place_day.get((meter.place, day), ())])
    ]


def _steps(
    city: City,
    meters: Sequence[Meter],
    day: dt.date,
    readings: Sequence[Reading],
    registers: Mapping[tuple[int, str], Sequence[tuple[dt.datetime, float]]],
) -> list[Step]:
    """Give the steps of the registers of a building-day, each of an hour; what the day has beyond them is of none."""
    hours = hours_of(day, city.zone)
    begins = [
        midnight(day, city.zone) + dt.timedelta(minutes=passed) for passed in accumulate(hours.values(), initial=0)
    ]
    steps: list[Step] = []
    for meter in meters:
        part = max(begins[0], meter.since), min(begins[-1], meter.until)
        sent = {reading.metric for reading in readings if reading.place == meter.place}
        for name, quantity in QUANTITIES.items():
            register = registers.get((meter.place, city.registers.get(quantity.metric, "")), ())
            if meter.kind not in quantity.kinds or quantity.metric in sent or part[0] >= part[1]:
                continue
            of_hours = [
                Step(hour, meter.place, name, value, max(minutes // meter.interval_minutes, 1))
                for (hour, minutes), (since, until) in zip(hours.items(), pairwise(begins), strict=True)
                if meter.interval_minutes <= 60 and (value := _moved_on(meter, register, since, until)) is not None
            ]
            steps += of_hours
            of_day = _moved_on(meter, register, *part)
            slots = _slots_of_day(hours, meter, city.zone) - sum(step.slots for step in of_hours)
            if of_day is not None and (slots > 0 or part != (begins[0], begins[-1])):
                steps.append(Step(None, meter.place, name, of_day - sum(step.value for step in of_hours), slots))
    return steps


def _moved_on(
    meter: Meter, register: Sequence[tuple[dt.datetime, float]], since: dt.datetime, until: dt.datetime
) -> float | None:
    """Return by how much a register has moved on, if it was read at both ends and did not fall in between."""
    read = [(time, value) for time, value in register if since <= time <= until]
    if not read or (read[0][0], read[-1][0]) != (since, until):
        return None
    full = 10.0**meter.register_digits
    moved_on = 0.0
    for (_, before), (_, after) in pairwise(read):
        if before >= 0.9 * full and after < 0.1 * full:
            moved_on += full
        elif after < before - np.nan_to_num(meter.register_step) / 2:
            return None
        moved_on += after - before
    return moved_on


def _slots_of_day(hours: Mapping[dt.datetime, int], meter: Meter, zone: ZoneInfo) -> int:
    if meter.interval_minutes <= 60:
        return sum(meter.slots(hour, minutes) for hour, minutes in hours.items())
    return sum(
        meter.is_there(start) and _begins_interval(start, meter.interval_minutes, min(hours), zone) for start in hours
    )


def _begins_interval(time: dt.datetime, interval: int, day_start: dt.datetime, zone: ZoneInfo) -> bool:
    return time == day_start or (interval < 1440 and _since_midnight(time, zone) % (interval * 60) == 0)


def _fast(meters: Sequence[Meter]) -> list[Meter]:
    return [meter for meter in meters if meter.interval_minutes <= 60]


def _place(city: City, meters: Sequence[Meter], hour: dt.datetime) -> dict[str, Any]:
    buildings = city.buildings[city.buildings["building_code"] == meters[0].building_code]
    (district,) = buildings[(buildings["since"] <= hour) & (hour < buildings["until"])]["district_id"]
    return {"building_code": meters[0].building_code, "district_id": district}


def _tallies_of_hours(
    city: City, meters: Sequence[Meter], day: dt.date, readings: Sequence[Reading], steps: Sequence[Step]
) -> dict[dt.datetime, Tally]:
    """Tally each hour of a building-day, of the meters that are read at least by the hour."""
    fast, slow = _fast(meters), [meter for meter in meters if meter.interval_minutes > 60]
    tallies = {}
    for hour, minutes in hours_of(day, city.zone).items():
        tally = _tally(
            city,
            fast,
            [reading for reading in readings if reading.hour == hour],
            [step for step in steps if step.hour == hour],
            slots=partial(Meter.slots, hour=hour, minutes=minutes),
            is_on_grid=lambda reading, interval: _since_midnight(reading.time, city.zone) % (interval * 60) == 0,
            length=lambda interval: interval,
        )
        tally.slow = {
            name
            for kind in {meter.kind for meter in slow if meter.is_there(hour)}
            for name, quantity in QUANTITIES.items()
            if kind in quantity.kinds and quantity.metric in city.expected.get(kind, ())
        }
        tallies[hour] = tally
    for name in QUANTITIES:
        most = max(tally.counts[name] for tally in tallies.values())
        for hour, minutes in hours_of(day, city.zone).items():
            tallies[hour].reported[name] = most * minutes // 60
    return tallies


def _tally_of_slow_meters(
    city: City, meters: Sequence[Meter], day: dt.date, readings: Sequence[Reading], steps: Sequence[Step]
) -> Tally:
    """Tally a building-day, of the meters that are read less often than by the hour."""
    hours = hours_of(day, city.zone)
    return _tally(
        city,
        [meter for meter in meters if meter.interval_minutes > 60],
        readings,
        steps,
        slots=lambda meter: _slots_of_day(hours, meter, city.zone),
        is_on_grid=lambda reading, interval: _begins_interval(reading.time, interval, min(hours), city.zone),
        length=lambda interval: sum(hours.values()) if interval == 1440 else interval,
    )


def _since_midnight(time: dt.datetime, zone: ZoneInfo) -> int:
    """Return the seconds that the clock on the wall shows since midnight."""
    local = time.astimezone(zone)
    return (local.hour * 60 + local.minute) * 60 + local.second


def _tally(
    city: City,
    meters: Sequence[Meter],
    readings: Sequence[Reading],
    steps: Sequence[Step],
    *,
    slots: Callable[[Meter], int],
    is_on_grid: Callable[[Reading, int], bool],
    length: Callable[[int], int],
) -> Tally:
    """Tally readings: a meter has `slots`, each stands for a `length` in minutes of its interval."""
    tally, any_time, any_time_expected = Tally(), 0, 0
    for meter in meters:
        kind, interval, expected_slots = meter.kind, meter.interval_minutes, slots(meter)
        expected = city.expected.get(kind, ())
        names = {quantity.metric: name for name, quantity in QUANTITIES.items() if kind in quantity.kinds}
        for metric in expected:
            any_time_expected += expected_slots if metric in city.any_time else 0
            tally.sums["readings_expected"] += expected_slots
            tally.sums["heat_expected"] += expected_slots if kind == "heat" else 0
            if metric in names:
                tally.expected[names[metric]] += expected_slots
        at: dict[tuple[dt.datetime, str], float] = {}
        for reading in readings:
            if reading.place != meter.place:
                continue
            tally.sums["readings_suspect"] += reading.is_suspect
            if reading.metric not in (*expected, *names):
                continue
            if reading.metric not in city.any_time and not is_on_grid(reading, interval):
                tally.sums["readings_surplus"] += 1
                tally.with_surplus |= {names[reading.metric]} if reading.metric in names else set()
            elif reading.metric in expected:
                any_time += reading.metric in city.any_time
                tally.sums["readings_present"] += reading.metric not in city.any_time
                tally.sums["heat_present"] += kind == "heat"
            at[reading.time, reading.metric] = reading.value
            if (name := names.get(reading.metric)) and (
                reading.metric in city.any_time or is_on_grid(reading, interval)
            ):
                tally.counts[name] += 1
                tally.minutes[name] += length(interval)
                tally.totals[name] += reading.value * (1 if QUANTITIES[name].how == "sum" else length(interval))
        of_steps = {step.quantity for step in steps if step.place == meter.place}
        for name in of_steps | {names[metric] for _, metric in at if metric in names} if interval > 60 else ():
            tally.reported[name] += expected_slots
        for name, flow in BY_FLOW.items() if kind == "hot_water" else ():
            for (time, metric), degrees in at.items():
                volume = at.get((time, QUANTITIES[flow].metric), 0) * length(interval)
                if metric == QUANTITIES[name].metric and volume > 0:
                    tally.weighted[name] += degrees * volume
                    tally.weights[name] += volume
    tally.sums["readings_present"] += min(any_time, any_time_expected)
    _add_steps(city, tally, meters, steps)
    return tally


def _add_steps(city: City, tally: Tally, meters: Sequence[Meter], steps: Sequence[Step]) -> None:
    kinds = {meter.place: meter.kind for meter in meters}
    for step in steps:
        if kind := kinds.get(step.place):
            tally.counts[step.quantity] += step.slots
            tally.totals[step.quantity] += step.value
            is_expected = QUANTITIES[step.quantity].metric in city.expected.get(kind, ())
            tally.sums["readings_present"] += step.slots * is_expected
            tally.sums["heat_present"] += step.slots * (is_expected and kind == "heat")


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
