"""Write a city's days: a folder a day, day-sheets by building, and two csv files."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from tasks.operate.generate_samples.account import ExpectedFile, Sample
from tasks.operate.generate_samples.city import DEMO_BUILDINGS, Building, Hours, make_city, simulate, write_reference
from tasks.operate.generate_samples.day_sheets import (
    COLD_FILE,
    HOT_FILE,
    Row,
    cold_rows,
    hot_rows,
    write_cold_sheet,
    write_hot_sheet,
)
from tasks.operate.generate_samples.faults import (
    copy_beside,
    spoil_cold_rows,
    spoil_hot_rows,
    spoil_long_rows,
    truncate,
)
from tasks.operate.generate_samples.long_files import long_table, write_contract_csv, write_russian_csv

LEAST_BUILDINGS = 4
"""The faults lie in files of three different buildings, and a fourth one delivers all days at once."""


def generate(folder: Path, *, days: Sequence[dt.date], buildings: int, seed: int, faults: bool) -> Sample:
    """Write the raw files of `days` below `folder`; the same arguments give the same bytes.

    Each day holds two day-sheets a building and two csv files with as many other buildings. On the last
    day one building's hot-water sheet repeats all the days before it, as real monthly files do. With
    `faults` the last day holds one of each kind: three files with bad rows, a broken one and a copy.

    Raises:
        ValueError: fewer than LEAST_BUILDINGS buildings, or no day.

    """
    if buildings < LEAST_BUILDINGS or not days:
        raise ValueError(f"at least {LEAST_BUILDINGS} buildings and one day")
    files: list[ExpectedFile] = []
    for day in days:
        is_last = day == days[-1]
        files += _write_sheets(folder, days, day, buildings, seed, faults=faults and is_last)
        files += _write_csv_files(folder, day, buildings, seed, faults=faults and is_last)
    _back_date(folder / file.source_file for file in files)
    reference = folder / "reference" if buildings > DEMO_BUILDINGS else None
    if reference:
        write_reference(reference, buildings)
    return Sample(folder=folder, reference=reference, files=files)


def _write_sheets(
    folder: Path, days: Sequence[dt.date], day: dt.date, buildings: int, seed: int, *, faults: bool
) -> list[ExpectedFile]:
    hours = {one: simulate(buildings, one, seed=seed, stream=0) for one in ([day] if day != days[-1] else days)}
    files: list[ExpectedFile] = []
    for place, building in enumerate(make_city(buildings).sheets):
        home = folder / day.isoformat() / building.code
        home.mkdir(parents=True, exist_ok=True)
        covered = list(hours) if place == buildings - 1 else [day]
        hot = [row for one in covered for row in hot_rows(hours[one], place, one)]
        cold = cold_rows(hours[day], place, day)
        expected = _expect(folder, home / HOT_FILE, hot), _expect(folder, home / COLD_FILE, cold)
        if faults and place == 0:
            spoil_hot_rows(hot, expected[0])
        if faults and place == 1:
            spoil_cold_rows(cold, expected[1])
        write_hot_sheet(home / HOT_FILE, hot)
        write_cold_sheet(home / COLD_FILE, cold)
        if faults and place == 2:
            truncate(home / COLD_FILE)
            copy = copy_beside(home / HOT_FILE)
            files.append(ExpectedFile(source_file=_name(folder, copy), status="skipped"))
            expected = expected[0], ExpectedFile(source_file=expected[1].source_file, status="failed")
        files += expected
    return files


def _expect(folder: Path, path: Path, rows: Sequence[Row]) -> ExpectedFile:
    return ExpectedFile(source_file=_name(folder, path), raw_rows=len(rows), read=sum(len(row.cells) for row in rows))


def _write_csv_files(folder: Path, day: dt.date, buildings: int, seed: int, *, faults: bool) -> list[ExpectedFile]:
    home = folder / day.isoformat() / "long"
    home.mkdir(parents=True, exist_ok=True)
    hours, half = simulate(buildings, day, seed=seed, stream=1), buildings // 2
    city = make_city(buildings).long
    contract = _rows(city[:half], Hours(*(values[:half] for values in hours)), day)
    russian = _rows(city[half:], Hours(*(values[half:] for values in hours)), day)
    paths = home / "показания.csv", home / "показания_cp1251.csv"
    expected = [
        ExpectedFile(source_file=_name(folder, path), raw_rows=len(rows), read=len(rows))
        for path, rows in zip(paths, (contract, russian), strict=True)
    ]
    if faults:
        spoil_long_rows(contract, expected[0])
    write_contract_csv(paths[0], contract)
    write_russian_csv(paths[1], russian)
    return expected


def _rows(buildings: Sequence[Building], hours: Hours, day: dt.date) -> list[list[object]]:
    return [list(row.values()) for row in long_table(buildings, hours, day).to_pylist()]


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _back_date(paths: Iterable[Path]) -> None:
    """Make files a minute old: a fresh one might still be growing, and the next run would wait."""
    for path in paths:
        written = path.stat().st_mtime
        os.utime(path, (written - 60, written - 60))
