"""Write day-sheets like the real ones: text and Excel dates in one column, chains of formulas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

from tasks.operate.generate_samples.city import Hours

HOT_FILE = "Посуточная ведомость ОДПУ ГВС.xlsx"
COLD_FILE = "Посуточная ведомость водосчетчика ХВС ИТП.xlsx"

_HOT_SHEET = "ОДПУ ГВС"
_HOT_HEADINGS = (
    *("Дата", "Время суток, ч", "Подача, м3", "Обратка, м3"),
    *("Потребление за период, м3", "Т1 гвс, оС", "Т2 гвс, оС"),
)
_COLD_SHEET = "Водосчетчик ИТП ХВС"
_COLD_HEADINGS = ("Дата", "Время суток, ч", "Потребление накопленным итогом, м3", "Потребление за период, м3")
_EPOCH = dt.date(1899, 12, 30)


@dataclass
class Row:
    """One hour of a sheet; a cell is a number, a text where a number should be, or None."""

    date: dt.date
    hour: int
    cells: list[float | str | None]


def hot_rows(hours: Hours, building: int, day: dt.date) -> list[Row]:
    """Return the rows of ОДПУ ГВС: supply, return, consumption, T1, T2."""
    columns = [values[building] for values in (hours.supply, hours.returned, hours.hot, hours.t1, hours.t2)]
    return [Row(day, hour, [float(values[hour]) for values in columns]) for hour in range(24)]


def cold_rows(hours: Hours, building: int, day: dt.date) -> list[Row]:
    """Return the rows of ХВС: register at the hour's start, consumption."""
    register, cold = hours.register[building], hours.cold[building]
    return [Row(day, hour, [float(register[hour]), float(cold[hour])]) for hour in range(24)]


def write_hot_sheet(path: Path, rows: Sequence[Row]) -> None:
    """Write a sheet whose dates are formulas: `=A2` on the first day, `=A2+1` on the next ones."""
    with _workbook(path) as book:
        sheet, date_format = _sheet(book, _HOT_SHEET, _HOT_HEADINGS)
        sheet.write_string(1, 0, _as_text(rows[0].date))
        for index, row in enumerate(rows[1:], start=2):
            if row.date == rows[0].date:
                sheet.write_formula(index, 0, f"=A{index}", None, _as_text(row.date))
            else:
                sheet.write_formula(index, 0, f"=A{index - 23}+1", date_format, (row.date - _EPOCH).days)
        _write_cells(sheet, rows)


def write_cold_sheet(path: Path, rows: Sequence[Row]) -> None:
    """Write a sheet whose dates are text until noon and Excel dates afterwards."""
    with _workbook(path) as book:
        sheet, date_format = _sheet(book, _COLD_SHEET, _COLD_HEADINGS)
        for index, row in enumerate(rows, start=1):
            if row.hour < 12:
                sheet.write_string(index, 0, _as_text(row.date))
            else:
                sheet.write_datetime(index, 0, row.date, date_format)
        _write_cells(sheet, rows)


def _as_text(date: dt.date) -> str:
    return f"{date:%d.%m.%Y}"


def _workbook(path: Path) -> xlsxwriter.Workbook:
    book = xlsxwriter.Workbook(str(path), {"in_memory": True})
    # With the time of writing in it, the same sample would have another checksum each time.
    book.set_properties({"created": dt.datetime(2025, 1, 1, tzinfo=dt.UTC)})
    return book


def _sheet(
    book: xlsxwriter.Workbook, name: str, headings: Sequence[str]
) -> tuple[xlsxwriter.worksheet.Worksheet, xlsxwriter.format.Format]:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(headings) - 1, 14)
    sheet.write_row(0, 0, headings, book.add_format({"bold": True, "text_wrap": True}))
    return sheet, book.add_format({"num_format": "dd.mm.yyyy"})


def _write_cells(sheet: xlsxwriter.worksheet.Worksheet, rows: Sequence[Row]) -> None:
    for index, row in enumerate(rows, start=1):
        sheet.write_string(index, 1, f"{row.hour}-{row.hour + 1}")
        for column, cell in enumerate(row.cells, start=2):
            if isinstance(cell, str):
                sheet.write_string(index, column, cell)
            elif cell is not None:
                sheet.write_number(index, column, cell)
