"""Write a report as `report.html` and `report.json`; a reader never sees half a file."""

from __future__ import annotations

import datetime as dt
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from schemas.reasons import OF_FILES
from schemas.report import Curves, Report
from tasks.report import wording
from tasks.report.charts import Chart, Series, line_chart
from tasks.report.heat_map import day_rows, hour_rows
from tasks.warehouse.storage import LOCAL

_TEMPLATES = Path(__file__).parent / "templates"


class ReportFiles(NamedTuple):
    """The files of a report."""

    html: Path
    json: Path


def write(report: Report, folder: Path) -> ReportFiles:
    """Write both files into a folder, replacing each old one as a whole."""
    files = ReportFiles(folder / "report.html", folder / "report.json")
    LOCAL.write(files.json, f"{report.model_dump_json(indent=2)}\n".encode())
    LOCAL.write(files.html, render(report).encode())
    return files


def render(report: Report) -> str:
    """Return the HTML: one file without scripts or external requests; every text of the input is escaped."""
    zone = ZoneInfo(report.time_zone)
    water, heat = _charts(report.curves)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            day_state=wording.describe_day(report.verdict, report.totals, report.failed_steps),
            water=water,
            heat=heat,
            hour_rows=hour_rows(report.completeness) if report.completeness else [],
            day_rows=day_rows(report.completeness) if report.completeness else [],
            local=lambda timestamp: _local(timestamp, zone),
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
        # Escaping is not enough: a right-to-left mark reverses the rest of the line.
        finalize=lambda value: wording.visible(value) if type(value) is str else value,
    )
    environment.filters |= {"number": wording.number, "reason": wording.reason_in_words}
    environment.globals |= {"STATUS": wording.STATUS, "KIND": wording.KIND, "OF_FILES": OF_FILES}
    return environment


def _local(timestamp: dt.datetime, zone: ZoneInfo) -> str:
    return f"{timestamp.astimezone(zone):%d.%m.%Y %H:%M}"


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
