from __future__ import annotations

import datetime as dt
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from schemas.report import (
    Column,
    Completeness,
    Curves,
    Example,
    FileLine,
    MeterLine,
    ReasonLine,
    Report,
    Totals,
)
from schemas.settings import PROJECT_ROOT
from tasks.report.wording import headline
from tasks.report.write import render, write

DAY = dt.date(2025, 4, 30)
MIDNIGHT = dt.datetime(2025, 4, 29, 21, tzinfo=dt.UTC)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
COUNTS = ("read", "loaded", "inserted", "updated", "unchanged", "rejected", "duplicate", "suspect")


def make_file(**changes: Any) -> FileLine:
    counts = dict.fromkeys((f"rows_{name}" for name in COUNTS), 0)
    fields = {
        "source_file": "2025-04-30/a.csv",
        "status": "success",
        "source": "long",
        "load_id": UUID(int=7),
        "in_this_run": True,
        "raw_rows": 24,
        "first_time": MIDNIGHT,
        "last_time": MIDNIGHT + dt.timedelta(hours=23),
        "message": None,
    }
    return FileLine.model_validate({**counts, **fields, **changes})


def make_totals(**changes: int) -> Totals:
    return Totals.model_validate({**dict.fromkeys(Totals.model_fields, 0), "files": 1, "success": 1, **changes})


def make_meter(**changes: Any) -> MeterLine:
    fields = {
        "meter_code": "M",
        "building_code": "B",
        "kind": "hot_water",
        "interval_minutes": 60,
        "missing_hours": 0,
        "hours": [2, 1, 0],
        "metrics": 2,
        "days": [],
    }
    return MeterLine.model_validate({**fields, **changes})


def make_report(**changes: Any) -> Report:
    columns = [Column(start=MIDNIGHT + dt.timedelta(hours=hour), label=f"{hour:02d}", hours=1) for hour in range(3)]
    fields = {
        "day": DAY,
        "generated_at": MIDNIGHT,
        "time_zone": "Europe/Moscow",
        "flow_run_id": None,
        "verdict": "loaded",
        "totals": make_totals(),
        "files": [make_file()],
        "files_not_shown": 0,
        "reasons": [],
        "completeness": Completeness(
            day=DAY,
            since=MIDNIGHT,
            until=MIDNIGHT + dt.timedelta(days=1),
            hour_columns=columns,
            day_columns=[],
            days_not_shown=0,
            meters=[make_meter()],
            meters_not_shown=0,
            meters_complete=0,
            meters_with_gaps=1,
            meters_silent=0,
            silent_examples=[],
        ),
        "curves": Curves(
            day=DAY,
            hour_columns=columns,
            cold_m3=[1.5, None, 2.5],
            hot_m3=[1.0, 1.0, 1.0],
            t1_degc=[60, 60, 60],
            t2_degc=[None, None, None],
        ),
    }
    return Report.model_validate({**fields, **changes})


class Page(HTMLParser):
    """Tags, attributes and text of a page, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def cells(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<td class="(full|part|none|later)"[^>]*>(.*?)</td>', page)


def test_hostile_names_codes_and_values_are_text_and_nothing_else() -> None:
    example = dict.fromkeys(Example.model_fields, HOSTILE) | {"row_num": 2}
    reason = ReasonLine(
        reason=HOSTILE,
        severity="rejected",
        count=9,
        advice=HOSTILE,
        examples=[Example.model_validate(example)],
    )
    completeness = make_report().completeness
    assert completeness
    report = make_report(
        files=[make_file(source_file=HOSTILE, message=HOSTILE, source=HOSTILE)],
        reasons=[reason],
        completeness=completeness.model_copy(
            update={
                "meters": [make_meter(meter_code=HOSTILE, building_code=HOSTILE, kind=HOSTILE)],
                "meters_silent": 1,
                "silent_examples": [HOSTILE],
            }
        ),
    )

    page = Page(render(report))

    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img"})
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name == "src"]
    assert page.text.count(HOSTILE) >= 12


def test_direction_and_control_characters_are_shown_not_obeyed() -> None:
    page = render(make_report(files=[make_file(source_file="счёт\u202egnp.csv\n\x1b")]))

    assert "счёт\\u202egnp.csv\\n\\x1b" in page
    assert "\u202e" not in page


def test_page_asks_nobody_for_anything() -> None:
    page = render(make_report())

    attributes = {name for _, attrs in Page(page).tags for name in attrs}
    assert attributes.isdisjoint({"src", "href", "srcset", "data", "action"})
    assert not re.search(r"https?:|url\(|@import", page)
    assert "default-src 'none'" in page


def test_heat_map_tells_full_partial_and_missing_hours() -> None:
    assert cells(render(make_report())) == [("full", ""), ("part", "1"), ("none", "0")]


def test_hours_to_come_and_hours_between_long_intervals_are_not_missed() -> None:
    report = make_report()
    assert report.completeness
    columns = [
        *report.completeness.hour_columns[:2],
        report.completeness.hour_columns[2].model_copy(update={"hours": 0}),
    ]
    meters = [make_meter(hours=[2, 0, 0]), make_meter(hours=[2, 0, 0], interval_minutes=120)]
    completeness = report.completeness.model_copy(update={"hour_columns": columns, "meters": meters})

    styles = [style for style, _ in cells(render(report.model_copy(update={"completeness": completeness})))]

    assert styles == ["full", "none", "later", "full", "later", "later"]


def test_a_missing_hour_breaks_the_line() -> None:
    page = Page(render(make_report()))

    lines = [attrs["points"] or "" for tag, attrs in page.tags if tag == "polyline"]
    assert [len(points.split()) for points in lines] == [1, 1, 3, 3]


@pytest.mark.parametrize(
    ("verdict", "totals", "words"),
    [
        ("loaded", make_totals(rows_loaded=5040), "Всё загружено: показаний: 5\u202f040, замечаний нет"),
        ("rejected", make_totals(rows_rejected=3), "Есть отклонённые показания: отклонено показаний: 3"),
        ("errors", make_totals(failed=2), "Есть ошибки: не загружено файлов: 2"),
        ("empty", make_totals(files=0), "Файлов нет: в папке дня не было ни одного файла"),
    ],
)
def test_headline_sums_the_day_up_in_one_line(verdict: str, totals: Totals, words: str) -> None:
    report = make_report(verdict=verdict, totals=totals)

    assert headline(report) == words
    assert words.split(":")[0] in Page(render(report)).text


def test_a_day_without_readings_still_gives_a_page() -> None:
    report = make_report(verdict="empty", totals=make_totals(files=0), files=[], completeness=None, curves=None)

    assert "файлов не было" in render(report)


def test_written_json_obeys_the_documented_schema_and_reads_back(tmp_path: Path) -> None:
    report = make_report()

    written = write(report, tmp_path / "2025-04-30")

    schema = json.loads((PROJECT_ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    content = json.loads(written.json.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(content)
    assert Report.model_validate(content) == report
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(content | {"verdict": "fine"})


def test_documented_schema_is_that_of_the_model() -> None:
    documented = json.loads((PROJECT_ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))

    assert documented == Report.model_json_schema(mode="serialization")


def test_a_reader_never_sees_half_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = write(make_report(), tmp_path)
    before = written.html.read_text(encoding="utf-8")

    def disk_fills_up(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", disk_fills_up)
    with pytest.raises(OSError, match="No space"):
        write(make_report(verdict="errors"), tmp_path)

    assert written.html.read_text(encoding="utf-8") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json"]


def test_only_files_that_nobody_reads_yet_are_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written_to = []
    write_bytes = Path.write_bytes

    def watched(path: Path, content: bytes) -> int:
        written_to.append(path.suffix)
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", watched)
    write(make_report(), tmp_path)

    assert written_to == [".part", ".part"]
