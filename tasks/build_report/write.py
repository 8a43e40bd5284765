"""Write a report as one self-contained HTML page and as JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from schemas.report import HourCurve, Report
from schemas.settings import Settings

_STATUS_NAMES = {
    "success": "загружен",
    "partial": "загружен, есть отклонённые",
    "failed": "не загружен",
    "skipped": "пропущен",
    "running": "не закончен",
}
_CHART = (640, 180)


class Written(NamedTuple):
    """Where the report lies."""

    html: Path
    json: Path


class Line(NamedTuple):
    """One line of a chart: SVG path data, its highest and last value."""

    path: str
    top: float


def write(report: Report, settings: Settings) -> Written:
    """Write `report.html` and `report.json` into the day's folder; a reader never sees half of one."""
    folder = settings.artifacts_dir / "quality_reports" / report.day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    written = Written(folder / "report.html", folder / "report.json")
    for path, text in ((written.html, render(report, settings)), (written.json, report.model_dump_json(indent=2))):
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    return written


def render(report: Report, settings: Settings) -> str:
    """Render the page; whatever a file or a code is called, it is text there, never markup."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["visible"] = _visible
    return environment.get_template("report.html.j2").render(
        report=report,
        zone=settings.zone,
        status_names=_STATUS_NAMES,
        water=_lines(report.curves, ("cold_m3", "hot_m3")),
        heat=_lines(report.curves, ("t1_degc", "t2_degc")),
        width=_CHART[0],
        height=_CHART[1],
    )


def _visible(text: object) -> str:
    """Escape control and direction characters: a file's name must not rearrange the page."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text))


def _lines(curves: Sequence[HourCurve], names: Sequence[str]) -> dict[str, Line]:
    """Draw the named values as SVG paths of one scale; a missing hour is a gap."""
    values = {name: [getattr(hour, name) for hour in curves] for name in names}
    known = [value for line in values.values() for value in line if value is not None]
    top = max(known, default=0) or 1
    return {name: Line(_path(line, top), top) for name, line in values.items() if any(v is not None for v in line)}


def _path(values: Sequence[float | None], top: float) -> str:
    width, height = _CHART
    step = width / max(len(values) - 1, 1)
    parts, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{place * step:.1f} {height - value / top * height:.1f}")
        pen = "L"
    return " ".join(parts)
