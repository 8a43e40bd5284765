"""The city of the samples: its buildings, meters, and the water that they use in an hour."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from schemas.reference import COLUMNS

DEMO_BUILDINGS = 12
"""Buildings of each kind of file (day-sheets, csv) that `data/reference` holds."""

_STREETS = {
    "Аптекарский огород": "Северный",
    "Бережковая": "Заречный",
    "Водонапорная": "Центральный",
    "Гончарная слободка": "Заречный",
    "Дальние Сады": "Северный",
    "Ивовый спуск": "Заречный",
    "Колодезная": "Центральный",
    "Лодочный съезд": "Заречный",
    "Мятная": "Северный",
    "Ручейная": "Центральный",
}
_MONDAY = dt.date(2024, 1, 1)
_WEEKDAYS = np.array([1.0, 0.98, 1.0, 1.01, 1.04, 1.16, 1.12])
# Share of an hour in a day's water: an early and a late peak, as in the real day-sheets.
_HOURS = np.array(
    [30, 12, 13, 13, 16, 50, 34, 36, 54, 45, 44, 39, 39, 34, 30, 31, 34, 44, 78, 104, 88, 67, 54, 33],
    dtype=float,
)
_PEAK = 19


class Building(NamedTuple):
    """A building with one ITP, a hot-water meter (GVS) and a cold-water meter (HVS)."""

    code: str
    address: str
    district_id: str

    @property
    def itp_code(self) -> str:
        """The building's only ITP."""
        return f"{self.code}-ITP"

    @property
    def hot_meter(self) -> str:
        """ОДПУ ГВС: supply, return, consumption, T1 and T2."""
        return f"{self.code}-GVS"

    @property
    def cold_meter(self) -> str:
        """ХВС into the heater: register and consumption."""
        return f"{self.code}-HVS"


class City(NamedTuple):
    """Buildings that send day-sheets, and equally many whose readings come in csv files."""

    sheets: list[Building]
    long: list[Building]


class Hours(NamedTuple):
    """One day: arrays of shape (buildings, 24). Volumes м3, temperatures °C, register at the hour's start."""

    supply: np.ndarray
    returned: np.ndarray
    hot: np.ndarray
    t1: np.ndarray
    t2: np.ndarray
    cold: np.ndarray
    register: np.ndarray


def _building(prefix: str, number: int) -> Building:
    streets = list(_STREETS)
    # The factor only scatters neighbours over the streets.
    street = streets[(number * 7 + (prefix == "L") * 3) % len(streets)]
    return Building(f"{prefix}-{number:04d}", f"ул. {street}, д. {1 + number % 97}", _STREETS[street])


def make_city(buildings: int) -> City:
    """Make a city of `buildings` with day-sheets (D-0001 …) and equally many in csv files (L-0001 …)."""
    numbers = range(1, buildings + 1)
    return City([_building("D", number) for number in numbers], [_building("L", number) for number in numbers])


def write_reference(folder: Path, buildings: int = DEMO_BUILDINGS) -> None:
    """Write the city's three csv files, with D-0000 first: the building of the real day-sheets."""
    city = make_city(buildings)
    known = [_building("D", 0), *city.sheets, *city.long]
    itps = [(building.itp_code, building.code) for building in known]
    meters = [
        (meter_code, building.itp_code, kind, 60)
        for building in known
        for meter_code, kind in ((building.hot_meter, "hot_water"), (building.cold_meter, "cold_water"))
    ]
    folder.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Sequence[Iterable[object]]] = {"buildings": known, "itp": itps, "meters": meters}
    for table, rows in tables.items():
        _write_csv(folder / f"{table}.csv", [COLUMNS[table], *rows])


def _write_csv(path: Path, rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def simulate(buildings: int, day: dt.date, *, seed: int, stream: int) -> Hours:
    """Return a day's hours of the first `buildings` buildings of a stream (0: day-sheets, 1: csv).

    A day depends only on its date, building and seed: registers continue from day to day, and hot water is
    sometimes off for a whole day while cold water keeps flowing.
    """
    size = np.random.default_rng([seed, stream]).lognormal(0, 0.35, buildings)
    noise = np.random.default_rng([seed, stream, day.toordinal()])
    week = np.rint(size[:, None] * 1080 * _WEEKDAYS).astype(np.int64)  # hundredths of a м3 a day
    cold = _spread(week[:, day.weekday()], noise.normal(1, 0.12, (buildings, 24)))
    draw = np.random.default_rng([seed, stream, day.toordinal(), 1]).random((buildings, 4, 24))
    is_off = (np.arange(buildings) * 3 + day.toordinal()) % 11 == 0
    flowing = np.where(is_off, 0, 1)[:, None]
    hot = np.maximum(cold - np.rint(cold * 0.03 + draw[:, 0]).astype(np.int64), 1) * flowing
    supply = np.rint(hot * (1.7 + 0.5 * draw[:, 1])).astype(np.int64)
    # A pipe without flow is cooler, but not equally so everywhere, or two sheets would have the same content.
    t1 = np.round(np.where(is_off[:, None], 47, 59) + 2 * draw[:, 2, :1] + 0.8 * draw[:, 2], 1)
    t2 = np.round(t1 - np.where(is_off[:, None], 21.0, np.round(17.2 + 3.6 * draw[:, 3], 1)), 1)
    return Hours(
        supply=supply / 100,
        returned=supply / 100 - hot / 100,  # a float's noise, as in the real files
        hot=hot / 100,
        t1=t1,
        t2=t2,
        cold=cold / 100,
        register=(_register(size, week, day)[:, None] + np.cumsum(cold, axis=1) - cold) / 100,
    )


def _spread(days: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Spread each day's volume over its hours; the remainder of rounding goes to the evening's peak."""
    weights = _HOURS * np.clip(noise, 0.6, 1.4)
    hours: np.ndarray = np.floor(days[:, None] * weights / weights.sum(axis=1, keepdims=True)).astype(np.int64)
    hours[:, _PEAK] += days - hours.sum(axis=1)
    return hours


def _register(size: np.ndarray, week: np.ndarray, day: dt.date) -> np.ndarray:
    weeks, days = divmod((day - _MONDAY).days, 7)
    used: np.ndarray = week.sum(axis=1) * weeks + week[:, :days].sum(axis=1)
    return used + np.rint(size * 1_000_000).astype(np.int64)  # type: ignore[no-any-return]
