"""Write a report as `report.html` and `report.json`; a reader never sees half a file."""

from __future__ import annotations

import datetime as dt
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from schemas.report import Completeness, Curves, MeterLine, Report
from tasks.report import wording
from tasks.report.charts import Chart, Series, line_chart

_TEMPLATES = Path(__file__).parent / "templates"


class Written(NamedTuple):
    """Where the report lies."""

    html: Path
    json: Path


class Cell(NamedTuple):
    """A cell of the heat map: CSS class, what stands in it, and what it says in words."""

    style: str
    text: str
    title: str


def write(report: Report, folder: Path) -> Written:
    """Write both files into a folder, each in one step over the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    written = Written(folder / "report.html", folder / "report.json")
    _replace(written.json, report.model_dump_json(indent=2) + "\n")
    _replace(written.html, render(report))
    return written


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def render(report: Report) -> str:
    """Give the HTML: one file, no script, no request to anywhere; every foreign word is escaped."""
    zone = ZoneInfo(report.time_zone)
    water, heat = _charts(report.curves)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            verdict=wording.verdict_in_words(report.verdict, report.totals),
            water=water,
            heat=heat,
            hour_rows=_hour_rows(report.completeness) if report.completeness else [],
            day_rows=_day_rows(report.completeness) if report.completeness else [],
            local=lambda moment: _local(moment, zone),
            span=lambda first, last: _span(first, last, zone),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Escaping is not enough: a right-to-left mark turns the rest of the line around.
        finalize=lambda value: wording.visible(value) if type(value) is str else value,
    )
    environment.filters |= {"number": wording.number, "reason": wording.reason_in_words}
    environment.globals |= {"STATUS": wording.STATUS, "KIND": wording.KIND}
    return environment


def _local(moment: dt.datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d.%m.%Y %H:%M}"


def _span(first: dt.datetime, last: dt.datetime, zone: ZoneInfo) -> str:
    start, end = first.astimezone(zone), last.astimezone(zone)
    same_day = start.date() == end.date()
    return f"{start:%d.%m.%Y %H:%M} – {end:%H:%M}" if same_day else f"{_local(first, zone)} – {_local(last, zone)}"


def _charts(curves: Curves | None) -> tuple[Chart | None, Chart | None]:
    if curves is None:
        return None, None
    labels = [column.label for column in curves.hour_columns]
    water = [Series("ХВС", "cold", curves.cold_m3), Series("ГВС", "hot", curves.hot_m3)]
    heat = [Series("T1", "hot", curves.t1_degc), Series("T2", "cold", curves.t2_degc)]
    return line_chart(water, labels, from_zero=True), line_chart(heat, labels, from_zero=False)


def _hour_rows(found: Completeness) -> list[tuple[MeterLine, list[Cell]]]:
    return [
        (
            meter,
            [
                _hour_cell(meter, place, present, f"{column.label}:00", is_over=column.hours > 0)
                for place, (column, present) in enumerate(zip(found.hour_columns, meter.hours, strict=True))
            ],
        )
        for meter in found.meters
    ]


def _hour_cell(meter: MeterLine, place: int, present: int, label: str, *, is_over: bool) -> Cell:
    if present and present >= meter.metrics:
        return Cell("full", "", f"{label}: есть")
    if present:
        return Cell("part", str(present), f"{label}: показателей {present} из {meter.metrics}")
    if not is_over:
        return Cell("later", "", f"{label}: ещё не наступил")
    if place * 60 % meter.interval_minutes and meter.interval_minutes > 60:
        return Cell("later", "", f"{label}: счётчик передаёт реже")
    return Cell("none", "0", f"{label}: нет")


def _day_rows(found: Completeness) -> list[tuple[MeterLine, list[Cell]]]:
    return [
        (
            meter,
            [
                _day_cell(present, column.hours * 60 // max(meter.interval_minutes, 60), column.label)
                for column, present in zip(found.day_columns, meter.days, strict=True)
            ],
        )
        for meter in found.meters
        if meter.days
    ]


def _day_cell(present: int, expected: int, label: str) -> Cell:
    style = "full" if present >= expected else "part" if present else "none"
    return Cell("later" if not expected else style, str(present), f"{label}: часов {present} из {expected}")
