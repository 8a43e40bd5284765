"""Turn the presence of readings into the cells of a heat map; the template draws it."""

from __future__ import annotations

from typing import NamedTuple

from schemas.report import Completeness, MeterLine


class Cell(NamedTuple):
    """A cell of the heat map: its CSS class, its text, and its tooltip."""

    style: str
    text: str
    title: str


class Row(NamedTuple):
    """A meter and its cells."""

    meter: MeterLine
    cells: list[Cell]


def hour_rows(completeness: Completeness) -> list[Row]:
    """Return the hours of the day, meter by meter."""
    return [
        Row(
            meter,
            [
                _hour_cell(meter, index, present, f"{column.label}:00", is_over=column.hours > 0)
                for index, (column, present) in enumerate(zip(completeness.hour_columns, meter.hours, strict=True))
            ],
        )
        for meter in completeness.meters
    ]


def _hour_cell(meter: MeterLine, index: int, present: int, label: str, *, is_over: bool) -> Cell:
    if present and present >= meter.metrics:
        return Cell("full", "", f"{label}: есть")
    if present:
        return Cell("part", str(present), f"{label}: показателей {present} из {meter.metrics}")
    if not is_over:
        return Cell("later", "", f"{label}: ещё не наступил")
    if index * 60 % meter.interval_minutes and meter.interval_minutes > 60:
        return Cell("later", "", f"{label}: счётчик передаёт реже")
    return Cell("none", "0", f"{label}: нет")


def day_rows(completeness: Completeness) -> list[Row]:
    """Return the days of the period, meter by meter; none if the period is one day."""
    return [
        Row(
            meter,
            [
                _day_cell(present, column.hours * 60 // max(meter.interval_minutes, 60), column.label)
                for column, present in zip(completeness.day_columns, meter.days, strict=True)
            ],
        )
        for meter in completeness.meters
        if meter.days
    ]


def _day_cell(present: int, expected: int, label: str) -> Cell:
    style = "full" if present >= expected else "part" if present else "none"
    return Cell("later" if not expected else style, str(present), f"{label}: часов {present} из {expected}")
