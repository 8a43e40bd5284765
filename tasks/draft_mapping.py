"""Draft a source mapping for an unknown file: guesses that a person confirms, questions that a person answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from schemas.metrics import METRICS, factor_to_own_unit, find_metric

Row = Sequence[str | None]

_LINES_TO_LOOK_AT = 60
_SAMPLE_LINES = 30
_NUMBER = re.compile(r"[+\-−]?\d[\d \xa0]*([.,]\d+)?([eE][+-]?\d+)?")
# What suppliers call the quantities, beyond the spellings that are known for certain.
_LIKELY: tuple[tuple[str, str], ...] = (
    (r"накоп|итогом|показани", "consumption_cumulative"),
    (r"^(t|т)1|темп.*под", "T1"),
    (r"^(t|т)2|темп.*обр", "T2"),
    (r"подач|прям|^(v|g|m)1", "flow_supply"),
    (r"обрат|^(v|g|m)2", "flow_return"),
    (r"потребл|расход|объ[её]м", "consumption_period"),
    (r"наработк", "pump_runtime_hours"),
)
_LIKE_A_CODE = re.compile(r"(?i)(прибор|счётчик|счетчик|зав.*№|№|здани|адрес|итп|код|meter|serial)")


class Sheet(NamedTuple):
    """The first lines of a sheet, or of a csv (`name` is None)."""

    name: str | None
    rows: list[Row]


class Times(NamedTuple):
    """How to tell a date, a whole time stamp and an hour of the day; each answers for one cell."""

    is_date: Callable[[str], bool]
    is_moment: Callable[[str], bool]
    is_hour: Callable[[str], bool]


def draft_mapping(name: str, file_name: str, sheets: Sequence[Sheet], times: Times) -> str:
    """Write a mapping as YAML that is refused until its questions, marked `???`, are answered."""
    lines = [
        f"# Draft for {json.dumps(file_name, ensure_ascii=False)}. Answer each ???, delete what is wrong, rename",
        f"# this file to {name}.yaml, and look at what it finds: dataops sources check FILE",
        f"name: {name}",
        "description: ???",
        "# Which files: globs on the path below the day's folder.",
        f"match: [{json.dumps(_glob(file_name), ensure_ascii=False)}]",
        "layout: day-sheet  # a row is an interval, a column a metric; long: one reading a row",
        "# time_zone: Europe/Moscow  # ??? zone of the supplier's clock, if it is not DEFAULT_TZ",
        "interval_minutes: 60  # ??? length of one interval",
    ]
    tables = [table for sheet in sheets for table in _table(sheet, times)]
    if not tables:
        return "\n".join([*lines, "# ??? No line with headings over numbers was found.", ""])
    if len(tables) == 1:
        return "\n".join([*lines, *tables[0], ""])
    items = [("  - " if place == 0 else "    ") + line for table in tables for place, line in enumerate(table)]
    return "\n".join([*lines, "tables:", *items, ""])


def _glob(file_name: str) -> str:
    """Give the file's name with its numbers left open: they are dates and codes more often than not."""
    return re.sub(r"\d+", "*", re.sub(r"([*?\[\]])", "?", file_name))


def _table(sheet: Sheet, times: Times) -> Iterator[list[str]]:
    header = _header(sheet.rows)
    if header is None:
        return
    headings = [(cell or "").strip() for cell in sheet.rows[header]]
    below = sheet.rows[header + 1 : header + 1 + _SAMPLE_LINES]
    samples = [[row[place] or "" for row in below if place < len(row) and row[place]] for place in range(len(headings))]
    lines = [f"sheet: {_quoted(sheet.name)}"] if sheet.name else []
    lines += [f"# The headings stand in line {header + 1}; they are found by their words."]
    lines += list(_time_columns(headings, samples, times))
    lines += list(_metric_columns(headings, samples, times))
    lines += list(_identity(sheet.rows[:header], headings, samples, times))
    yield lines


def _header(rows: Sequence[Row]) -> int | None:
    """Find the line with most words that has numbers below it."""
    best, most = None, 1
    for place, row in enumerate(rows[:_LINES_TO_LOOK_AT]):
        words = sum(bool(cell and cell.strip()) and not _is_number(cell) for cell in row)
        numbers = any(cell and _is_number(cell) for below in rows[place + 1 : place + 4] for cell in below)
        if numbers and words > most:
            best, most = place, words
    return best


def _is_number(cell: str | None) -> bool:
    return bool(cell and _NUMBER.fullmatch(cell.strip()))


def _mostly(samples: Sequence[str], test: Callable[[str], bool]) -> bool:
    return bool(samples) and sum(test(text) for text in samples) * 5 >= len(samples) * 4


def _time_columns(headings: Sequence[str], samples: Sequence[Sequence[str]], times: Times) -> Iterator[str]:
    columns = list(zip(headings, samples, strict=True))
    date = next((heading for heading, texts in columns if heading and _mostly(texts, times.is_date)), None)
    moment = next((heading for heading, texts in columns if heading and _mostly(texts, times.is_moment)), None)
    hours = [(heading, texts) for heading, texts in columns if heading != date and _is_hour(heading, texts, times)]
    if date and hours:
        heading, texts = hours[0]
        yield f"date: {_quoted(date)}  # such as {_quoted(_first(columns, date))}"
        yield f"hour: {_quoted(heading)}  # such as {_quoted(texts[0])}"
        if not any("-" in text or "–" in text for text in texts):
            yield "stamp: start  # ??? start or end: what the hour stands for; 1 … 24 is usually the end"
    elif moment or date:
        yield f"timestamp: {_quoted(moment or date)}  # such as {_quoted(_first(columns, moment or date))}"
        yield "stamp: start  # ??? start or end of the interval"
    else:
        yield "# ??? No column with dates was found: date: and hour:, or timestamp:, name the headings."


def _is_hour(heading: str, texts: Sequence[str], times: Times) -> bool:
    return bool(re.search(r"(?i)час|время|hour|time", heading)) and _mostly(texts, times.is_hour)


def _first(columns: Sequence[tuple[str, Sequence[str]]], heading: str | None) -> str:
    return next((texts[0] for name, texts in columns if name == heading and texts), "")


def _metric_columns(headings: Sequence[str], samples: Sequence[Sequence[str]], times: Times) -> Iterator[str]:
    yield "columns:"
    taken: set[str] = set()
    for heading, texts in zip(headings, samples, strict=True):
        is_time = _mostly(texts, times.is_date) or _is_hour(heading, texts, times)
        if not heading or is_time or not _mostly(texts, _is_number):
            continue
        metric, is_certain = _metric(heading)
        unit = _unit(heading)
        example = f"such as {_quoted(texts[0])}"
        if metric is None or metric in taken:
            yield f"  # {_quoted(heading)}: {{metric: ???}}  # {example}; one of {', '.join(METRICS)}"
            continue
        taken.add(metric)
        fits = unit is not None and factor_to_own_unit(METRICS[metric], unit, interval_hours=1) is not None
        unit_text = f", unit: {_quoted(unit)}" if fits else ""
        question = "" if fits else f"; ??? unit: without one it is {METRICS[metric].unit}"
        guess = "" if is_certain else "; ??? a guess"
        yield f"  {_quoted(heading)}: {{metric: {metric}{unit_text}}}  # {example}{guess}{question}"
        if METRICS[metric].kind == "register":
            yield "  # ??? register_read_at: start  # beside `columns`: a register read at the start or the end"


def _metric(heading: str) -> tuple[str | None, bool]:
    words = re.split(r"[,(]", heading)[0]
    for text in (heading, words):
        if known := find_metric(text):
            return known.name, True
    lower = words.strip().lower()
    return next((metric for pattern, metric in _LIKELY if re.search(pattern, lower)), None), False


def _unit(heading: str) -> str | None:
    found = re.search(r"[,(]\s*([^,()]+?)\s*\)?\s*$", heading)
    return found[1] if found else None


def _identity(
    above: Sequence[Row], headings: Sequence[str], samples: Sequence[Sequence[str]], times: Times
) -> Iterator[str]:
    yield "identity:"
    yield "  # ??? Whose readings: a constant, a part of the path, a cell above the table, or a column."
    yield "  # path: '(?P<building>[A-Z]-\\d+)/'   then   meter: \"{building}-GVS\""
    for line, row in enumerate(above, start=1):
        for place, cell in enumerate(row):
            if cell and re.search(r"\d", cell) and not times.is_date(cell):
                yield f"  # meter: {{cell: {_letter(place)}{line}}}  # {_quoted(cell[:80])}"
    for heading, texts in zip(headings, samples, strict=True):
        if heading and texts and _LIKE_A_CODE.search(heading) and not _mostly(texts, times.is_date):
            yield f"  # meter: {{column: {_quoted(heading)}}}  # such as {_quoted(texts[0])}"
    yield "  meter: {cell: ???}"


def _letter(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _quoted(text: str | None) -> str:
    return json.dumps(" ".join((text or "").split()), ensure_ascii=False)
