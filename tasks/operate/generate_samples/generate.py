"""Write a city's days: a folder a day, day-sheets by building, and two csv files."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Sequence
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

MIN_BUILDINGS = 4
"""The faults are in files of three different buildings, and a fourth one delivers all days at once."""
_BAD_HOT_ROWS, _BAD_COLD_ROWS, _BAD_FILES = range(3)


def generate(folder: Path, *, days: Sequence[dt.date], buildings: int, seed: int, faults: bool) -> Sample:
    """Write the raw files of `days` below `folder`; the same arguments give the same bytes.

    Each day holds two day-sheets per building and two csv files with equally many other buildings. On the last
    day one building's hot-water sheet repeats all previous days, as real monthly files do. With `faults` the
    last day holds one of each kind: three files with bad rows, a broken one and a copy.

    Raises:
        ValueError: fewer than MIN_BUILDINGS buildings, or no day.

    """
    if buildings < MIN_BUILDINGS or not days:
        raise ValueError(f"at least {MIN_BUILDINGS} buildings and one day")
    files: list[ExpectedFile] = []
    for day in days:
        is_last = day == days[-1]
        files += _write_sheets(folder, days if is_last else [day], buildings, seed, faults=faults and is_last)
        files += _write_csv_files(folder, day, buildings, seed, faults=faults and is_last)
    _back_date(folder / file.source_file for file in files)
    reference = folder / "reference" if buildings > DEMO_BUILDINGS else None
    if reference:
        write_reference(reference, buildings)
    return Sample(folder=folder, reference=reference, files=files)


def _write_sheets(
    folder: Path, days: Sequence[dt.date], buildings: int, seed: int, *, faults: bool
) -> Iterator[ExpectedFile]:
    """Write the sheets of the last of the days; the last building's hot-water sheet holds all of the days."""
    day = days[-1]
    hours = {each: simulate(buildings, each, seed=seed, stream=0) for each in days}
    for index, building in enumerate(make_city(buildings).sheets):
        home = folder / day.isoformat() / building.code
        home.mkdir(parents=True, exist_ok=True)
        hot_days = days if index == buildings - 1 else [day]
        hot = [row for hot_day in hot_days for row in hot_rows(hours[hot_day], index, hot_day)]
        cold = cold_rows(hours[day], index, day)
        expected_hot, expected_cold = _expect(folder, home / HOT_FILE, hot), _expect(folder, home / COLD_FILE, cold)
        if faults and index == _BAD_HOT_ROWS:
            spoil_hot_rows(hot, expected_hot)
        if faults and index == _BAD_COLD_ROWS:
            spoil_cold_rows(cold, expected_cold)
        write_hot_sheet(home / HOT_FILE, hot)
        write_cold_sheet(home / COLD_FILE, cold)
        if faults and index == _BAD_FILES:
            yield ExpectedFile(source_file=_name(folder, copy_beside(home / HOT_FILE)), status="skipped")
            truncate(home / COLD_FILE)
            expected_cold = ExpectedFile(source_file=expected_cold.source_file, status="failed")
        yield from (expected_hot, expected_cold)


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
    """Make files a minute old: a run leaves very recent files for the next one, as they may still be growing."""
    for path in paths:
        written = path.stat().st_mtime
        os.utime(path, (written - 60, written - 60))
