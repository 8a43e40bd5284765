"""Files to measure with."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xlsxwriter

from schemas.settings import PROJECT_ROOT
from tasks.operate.generate_samples import write_long_csv

READINGS_OF_A_BUILDING = 7 * 24
HOURS_OF_A_SHEET = 30 * 24
METRICS_OF_A_SHEET = 5

_SHEET_HEADINGS = ("Подача", "Обратка", "Потребление за период", "Т1 гвс", "Т2 гвс")
_SHEET = """\
layout: day-sheet
date: Дата
hour: Время суток, ч
columns:
  Подача: {metric: flow_supply, unit: м3}
  Обратка: {metric: flow_return, unit: м3}
  Потребление за период: {metric: consumption_period, unit: м3}
  Т1 гвс: {metric: T1, unit: оС}
  Т2 гвс: {metric: T2, unit: оС}
"""
_MAPPINGS = f"""\
name: sheet-of-a-building
match: ["sheet.*"]
{_SHEET}
identity:
  path: '(?P<building>D-\\d+)/[^/]+$'
  building: "{{building}}"
  itp: "{{building}}-ITP"
  meter: "{{building}}-GVS"
---
name: sheet-of-a-city
match: ["city.xlsx"]
{_SHEET}
identity:
  meter: {{column: Счётчик}}
---
name: one-a-line
match: ["one-a-line.csv"]
layout: long
interval_minutes: 15
---
name: hours-one-a-line
match: ["hours-one-a-line.csv"]
layout: long
---
name: intervals-side-by-side
match: ["intervals.csv"]
layout: day-sheet
date: day
interval_minutes: 15
intervals: {{headings: '(?P<start>\\d\\d:\\d\\d)'}}
value: {{metric: flow_supply}}
identity:
  meter: {{column: meter}}
---
name: meters-side-by-side
match: ["meters.csv"]
layout: day-sheet
timestamp: time
columns: {{'DMA (?P<meter>\\S+)': {{metric: flow_supply}}}}
identity:
  meter: "{{meter}}"
"""


def write_sources(folder: Path) -> Path:
    """Write the product's mappings, and those of the files below."""
    shutil.copytree(PROJECT_ROOT / "schemas" / "sources", folder)
    (folder / "benchmark.yaml").write_text(_MAPPINGS, encoding="utf-8")
    return folder


def write_city_csv(path: Path, day: date, readings: int) -> int:
    """Write about this many readings of one day in the data contract's format; returns their number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_long_csv(path, day, readings // READINGS_OF_A_BUILDING)


def spoil(path: Path, share: float) -> int:
    """Make a share of a csv's values negative, which a rule rejects; returns their number."""
    return _edit_values(path, share, lambda value: f"-{value}1")


def change(path: Path, share: float) -> int:
    """Change a share of a csv's values; returns their number."""
    return _edit_values(path, share, lambda value: f"{float(value) + 0.001:.3f}")


def touch(path: Path) -> None:
    """Give a csv another checksum with the same readings."""
    with path.open("a", encoding="utf-8") as file:
        file.write("\n")


def sheet_rows(first: date, hours: int) -> Iterator[list[str | float]]:
    """Yield the rows of a day-sheet: date, hour, five values."""
    random = np.random.default_rng(1)
    water = np.round(random.gamma(2, 1, hours), 2)
    t1 = np.round(60 + random.random(hours), 1)
    for index in range(hours):
        day, hour = divmod(index, 24)
        supply = float(water[index])
        values = [round(supply * 2, 2), supply, supply, float(t1[index]), round(float(t1[index]) - 19.5, 1)]
        yield [f"{first + timedelta(days=day):%d.%m.%Y}", f"{hour}-{hour + 1}", *values]


def write_small_csvs(folder: Path, first: date, files: int, hours: int = HOURS_OF_A_SHEET) -> int:
    """Write a month's day-sheet of each building as csv, each in the building's folder; returns the readings."""
    head = ";".join(["Дата", "Время суток, ч", *_SHEET_HEADINGS])
    lines = [";".join(str(cell) for cell in row) for row in sheet_rows(first, hours)]
    for number in range(1, files + 1):
        # The number makes each file another one; the readings differ by meter already.
        last = lines[-1].rpartition(";")[0] + f";{40 + number / 1_000_000:.6f}"
        _put(folder, number, "sheet.csv", "\n".join([head, *lines[:-1], last, ""]).encode())
    return files * hours * METRICS_OF_A_SHEET


def write_small_workbooks(folder: Path, first: date, files: int, hours: int = HOURS_OF_A_SHEET) -> int:
    """Write the same day-sheets as xlsx."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Дата", "Время суток, ч", *_SHEET_HEADINGS])
        for index, row in enumerate(sheet_rows(first, hours), start=1):
            page.write_row(index, 0, row)
    for number in range(1, files + 1):
        with zipfile.ZipFile(stream, "a") as archive:
            archive.comment = f"{number:06d}".encode()  # another checksum, the same sheet
        _put(folder, number, "sheet.xlsx", stream.getvalue())
    return files * hours * METRICS_OF_A_SHEET


def break_files(folder: Path, every: int) -> int:
    """Break each so-manieth file below a folder, so that it cannot be read; returns their number."""
    chosen = sorted(file for file in folder.rglob("*") if file.is_file())[every // 2 :: every]
    for number, file in enumerate(chosen):
        file.write_bytes(b"PK\3\4 broken %d" % number)
    return len(chosen)


def write_city_workbook(path: Path, first: date, rows: int) -> int:
    """Write one sheet with a month of many meters; returns the readings."""
    path.parent.mkdir(parents=True, exist_ok=True)
    month = list(sheet_rows(first, HOURS_OF_A_SHEET))
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Счётчик", "Дата", "Время суток, ч", *_SHEET_HEADINGS])
        for index in range(rows):
            meter, hour = divmod(index, HOURS_OF_A_SHEET)
            page.write_row(index + 1, 0, [f"D-{meter + 1:04d}-GVS", *month[hour]])
    return rows * METRICS_OF_A_SHEET


class Wide(NamedTuple):
    """The same readings twice."""

    wide: Path
    long: Path
    readings: int


def write_wide_intervals(folder: Path, day: date, meters: int) -> Wide:
    """Write a day of quarters of an hour: a row a meter, and a row a reading."""
    clock = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in range(96)]
    values = np.round(np.random.default_rng(1).gamma(2, 1, (meters, len(clock))), 3).tolist()
    codes = [_code(number) for number in range(meters)]
    wide = [f"{code},{day}," + ",".join(map(str, row)) for code, row in zip(codes, values, strict=True)]
    lines = [
        (f"{day} {time}", code, row[at])
        for code, row in zip(codes, values, strict=True)
        for at, time in enumerate(clock)
    ]
    return _write_wide(folder, ("intervals", ",".join(["meter", "day", *clock]), wide), "one-a-line", lines)


def write_wide_meters(folder: Path, day: date, meters: int) -> Wide:
    """Write a day of hours: a column a meter, and a row a reading."""
    times = [f"{day} {hour:02}:00" for hour in range(24)]
    values = np.round(np.random.default_rng(1).gamma(2, 1, (len(times), meters)), 3).tolist()
    codes = [_code(number) for number in range(meters)]
    wide = [",".join([time, *map(str, row)]) for time, row in zip(times, values, strict=True)]
    lines = [(time, code, row[at]) for at, code in enumerate(codes) for time, row in zip(times, values, strict=True)]
    head = ",".join(["time", *(f"DMA {code}" for code in codes)])
    return _write_wide(folder, ("meters", head, wide), "hours-one-a-line", lines)


def _code(number: int) -> str:
    return f"D-{number + 1:04d}-GVS"


def _write_wide(folder: Path, wide: tuple[str, str, list[str]], long: str, lines: list[tuple[str, str, float]]) -> Wide:
    name, head, rows = wide
    files = Wide(folder / f"{name}.csv", folder / f"{long}.csv", len(lines))
    files.wide.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    readings = [f"{time},{code},flow_supply,{value},м3/ч" for time, code, value in lines]
    files.long.write_text("\n".join(["timestamp,meter_code,metric,value,unit", *readings, ""]), encoding="utf-8")
    return files


def _put(folder: Path, building: int, name: str, content: bytes) -> None:
    path = folder / f"D-{building:04d}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _edit_values(path: Path, share: float, edit: Callable[[str], str]) -> int:
    every = round(1 / share)
    with path.open(encoding="utf-8") as file:
        head, *lines = file
    column = head.rstrip().replace('"', "").split(",").index("value")
    for number in range(0, len(lines), every):
        cells = lines[number].split(",")
        cells[column] = edit(cells[column])
        lines[number] = ",".join(cells)
    path.write_text("".join([head, *lines]), encoding="utf-8")
    return len(range(0, len(lines), every))
