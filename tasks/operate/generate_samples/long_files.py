"""Write csv files of the data contract (source mapping `long`): one reading a row."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tasks.operate.generate_samples.city import Building, Hours, make_city, simulate

COLUMNS = ("timestamp", "building_code", "itp_code", "meter_code", "metric", "value", "unit")
_RUSSIAN_COLUMNS = ("дата_время", "здание", "итп", "счётчик", "показатель", "значение", "ед")
_RUSSIAN_METRICS = {
    "flow_supply": "Подача",
    "flow_return": "Обратка",
    "consumption_period": "Потребление за период",
    "consumption_cumulative": "Потребление накопленным итогом",
    "T1": "Т1",
    "T2": "Т2",
}
_HOT = (
    ("flow_supply", "м3/ч"),
    ("flow_return", "м3/ч"),
    ("consumption_period", "м3"),
    ("T1", "°C"),
    ("T2", "°C"),
)
_COLD = (("consumption_cumulative", "м3"), ("consumption_period", "м3"))
READINGS_PER_HOUR = len(_HOT) + len(_COLD)
_CHUNK_BUILDINGS = 1_000


def long_table(buildings: Sequence[Building], hours: Hours, day: dt.date) -> pa.Table:
    """Return a day's readings of all metrics; `hours` holds these buildings' rows, in order."""
    count = len(buildings)
    values = np.stack([hours.supply, hours.returned, hours.hot, hours.t1, hours.t2, hours.register, hours.cold], axis=2)
    building_index = pa.array(np.repeat(np.arange(count), 24 * READINGS_PER_HOUR))
    metric_index = pa.array(np.tile(np.arange(READINGS_PER_HOUR), count * 24))
    stamps = [f"{day.isoformat()}T{hour:02d}:00" for hour in range(24)]
    is_hot = pc.less(metric_index, len(_HOT))
    columns = (
        pa.array(stamps).take(pa.array(np.tile(np.repeat(np.arange(24), READINGS_PER_HOUR), count))),
        pa.array([building.code for building in buildings]).take(building_index),
        pa.array([building.itp_code for building in buildings]).take(building_index),
        pc.if_else(
            is_hot,
            pa.array([building.hot_meter for building in buildings]).take(building_index),
            pa.array([building.cold_meter for building in buildings]).take(building_index),
        ),
        pa.array([name for name, _ in (*_HOT, *_COLD)]).take(metric_index),
        pa.array(np.round(values, 3).reshape(-1)),
        pa.array([unit for _, unit in (*_HOT, *_COLD)]).take(metric_index),
    )
    return pa.table(dict(zip(COLUMNS, columns, strict=True)))


def write_long_csv(path: Path, day: dt.date, buildings: int, *, seed: int = 0) -> int:
    """Write a day of L-0001 … as one csv and return the number of readings; a million takes seconds."""
    hours, city = simulate(buildings, day, seed=seed, stream=1), make_city(buildings).long
    with path.open("wb") as file:
        for start in range(0, buildings, _CHUNK_BUILDINGS):
            chunk = slice(start, start + _CHUNK_BUILDINGS)
            table = long_table(city[chunk], Hours(*(values[chunk] for values in hours)), day)
            # `needed`: only texts that require quotes have them, as in most exports.
            options = pa.csv.WriteOptions(include_header=start == 0, quoting_style="needed")
            pa.csv.write_csv(table, file, options)
    return buildings * 24 * READINGS_PER_HOUR


def write_contract_csv(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write rows (cells in the order of COLUMNS) with the contract's own headings, UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


def write_russian_csv(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write rows as a Russian Excel saves them: cp1251, `;`, decimal comma, Russian headings and dates."""
    with path.open("w", encoding="cp1251", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(_RUSSIAN_COLUMNS)
        for stamp, building, itp, meter, metric, value, unit in rows:
            timestamp = dt.datetime.fromisoformat(str(stamp))
            name, number = _RUSSIAN_METRICS[str(metric)], str(value).replace(".", ",")
            writer.writerow([f"{timestamp:%d.%m.%Y %H:%M}", building, itp, meter, name, number, unit])
