from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

from python_calamine import CalamineWorkbook

from tasks.operate.generate_samples.city import simulate
from tasks.operate.generate_samples.day_sheets import Row, cold_rows, hot_rows, write_cold_sheet, write_hot_sheet

DAY = dt.date(2025, 4, 30)


def cells(path: Path) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()]


def test_rows_hold_the_buildings_hours_in_the_order_of_the_columns() -> None:
    hours = simulate(2, DAY, seed=1, stream=0)

    hot, cold = hot_rows(hours, 1, DAY), cold_rows(hours, 1, DAY)

    assert [row.hour for row in hot] == [row.hour for row in cold] == list(range(24))
    assert hot[5].cells == [values[1, 5] for values in (hours.supply, hours.returned, hours.hot, hours.t1, hours.t2)]
    assert cold[5].cells == [hours.register[1, 5], hours.cold[1, 5]]


def test_hot_sheet_chains_its_dates_by_formulas_with_saved_values(tmp_path: Path) -> None:
    next_day = DAY + dt.timedelta(days=1)
    rows = [Row(day, hour, [1.5, None, "сбой", 60.0, 40.0]) for day in (DAY, next_day) for hour in range(24)]

    write_hot_sheet(tmp_path / "hot.xlsx", rows)

    rows_read = cells(tmp_path / "hot.xlsx")
    assert rows_read[0][:2] == ["Дата", "Время суток, ч"]
    assert [row[0] for row in rows_read[1:]] == ["30.04.2025"] * 24 + [next_day] * 24
    assert rows_read[24][1:] == ["23-24", 1.5, "", "сбой", 60, 40]
    with zipfile.ZipFile(tmp_path / "hot.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>A2</f>" in sheet
    assert "<f>A2+1</f>" in sheet


def test_cold_sheet_changes_from_text_to_excel_dates_at_noon(tmp_path: Path) -> None:
    write_cold_sheet(tmp_path / "cold.xlsx", [Row(DAY, hour, [1.0, 0.5]) for hour in range(24)])

    assert [row[0] for row in cells(tmp_path / "cold.xlsx")[1:]] == ["30.04.2025"] * 12 + [DAY] * 12


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    rows = [Row(DAY, hour, [1.0, 0.5]) for hour in range(24)]

    for name in ("a.xlsx", "b.xlsx"):
        write_cold_sheet(tmp_path / name, rows)

    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert b">2025-01-01T00:00:00Z<" in archive.read("docProps/core.xml")
