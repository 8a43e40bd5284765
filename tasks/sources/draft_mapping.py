"""Draft a source mapping for an unknown file: guesses that a person confirms, questions that a person answers."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from schemas.metrics import METRICS, factor_to_own_unit, find_metric

Row = Sequence[str | None]

_SAMPLES = 30
_NUMBER = re.compile(r"[+\-−]?\d[\d \xa0]*([.,]\d+)?([eE][+-]?\d+)?")
# What suppliers call the quantities, beyond the spellings that are known for certain.
_LIKELY: tuple[tuple[str, str], ...] = (
    (r"накоп|итогом|показани", "consumption_cumulative"),
    (r"(^|\W)(t|т)1|темп.*(под|прям)|(под|прям).*(\bt\b|темп)", "T1"),
    (r"(^|\W)(t|т)2|темп.*обр|обр.*(\bt\b|темп)", "T2"),
    (r"пода[чю]|прям|(^|\W)(v|g|m)1", "flow_supply"),
    (r"обрат|(^|\W)(v|g|m)2", "flow_return"),
    (r"потребл|расход|объ[её]м", "consumption_period"),
    (r"наработк", "pump_runtime_hours"),
)
_LIKE_A_CODE = re.compile(r"(?i)(прибор|счётчик|счетчик|зав.*№|№|здани|адрес|итп|код|meter|serial)")


class Sheet(NamedTuple):
    """The first lines of a sheet, or of a csv (`name` is None)."""

    name: str | None
    rows: list[Row]


class Times(NamedTuple):
    """How to read a date or time stamp (None: the text is neither), and to tell an hour of the day."""

    moment: Callable[[str], dt.datetime | None]
    is_hour: Callable[[str], bool]


class _Column(NamedTuple):
    heading: str
    unit: str | None
    """From a line of units below the header, or behind the heading's comma."""
    samples: list[str]


class _Table(NamedTuple):
    """A run of lines with dates and numbers, and the header above it."""

    sheet: str | None
    above: list[Row]
    """All lines above its header."""
    header_line: int
    columns: list[_Column]

    @property
    def title(self) -> str | None:
        """Text that stands alone in the nearest filled line above the header."""
        filled = next((cells for row in reversed(self.above) if (cells := [cell for cell in row if cell])), [])
        return filled[0] if len(filled) == 1 and self.above[-1] else None


def draft_mapping(name: str, file_name: str, sheets: Sequence[Sheet], times: Times) -> str:
    """Write a mapping as YAML that is refused until its questions, marked `???`, are answered."""
    lines = [
        f"# Draft for {json.dumps(file_name, ensure_ascii=False)}. Answer each ???, delete what is wrong, rename",
        f"# this file to {name}.yaml, and look at what it finds: dataops sources check FILE",
        f"name: {name}",
        "description: ???",
        "# Which files: globs on the path below the day's folder.",
        f"match: [{json.dumps(_glob(file_name), ensure_ascii=False)}]",
        "# time_zone: Europe/Moscow  # ??? zone of the supplier's clock, if it is not DEFAULT_TZ",
    ]
    tables = [table for sheet in sheets for table in _tables(sheet, times)]
    if not tables:
        return "\n".join([*lines, "# ??? No line with headings over dates and numbers was found.", ""])
    lines += list(_identity(tables[0], times))
    bodies = [
        list(_body(table, following, times)) for table, following in zip(tables, [*tables[1:], None], strict=True)
    ]
    if len(bodies) == 1:
        return "\n".join([*lines, *bodies[0], ""])
    items = [("  - " if place == 0 else "    ") + line for body in bodies for place, line in enumerate(body)]
    return "\n".join([*lines, "tables:", *items, ""])


def _glob(file_name: str) -> str:
    """Give the file's name with its numbers left open: they are dates and codes more often than not."""
    return re.sub(r"\d+", "*", re.sub(r"([*?\[\]])", "?", file_name))


def _tables(sheet: Sheet, times: Times) -> Iterator[_Table]:
    rows, used, place = sheet.rows, 0, 0
    while place < len(rows):
        first = place
        while place < len(rows) and _is_data(rows[place], times):
            place += 1
        if place > first:
            if table := _table(sheet, used, rows[first:place][:_SAMPLES], first, times):
                yield table
            used = place
        place += 1


def _is_data(row: Row, times: Times) -> bool:
    filled = [cell for cell in row if cell]
    return any(times.moment(cell) for cell in filled) and sum(map(_is_number, filled)) > 0 and len(filled) > 1


def _table(sheet: Sheet, used: int, data: Sequence[Row], first: int, times: Times) -> _Table | None:
    """Find the header between the lines that are `used` and the first line of data."""
    units: dict[int, str] = {}
    last = first - 1
    while last >= used and (_is_units(sheet.rows[last]) or _is_numbers(sheet.rows[last])):
        if _is_units(sheet.rows[last]):
            units = {place: cell for place, cell in enumerate(sheet.rows[last]) if cell}
        last -= 1
    if last < used or not _is_header(sheet.rows[last], times):
        return None
    lower = list(sheet.rows[last])
    upper = list(sheet.rows[last - 1]) if last > used else []
    # Of a header in two lines the lower one leaves out what the upper one says alone.
    is_double = sum(bool(cell) for cell in upper) > 1 and any(
        up and not low for up, low in itertools.zip_longest(upper, lower)
    )
    headings = _joined(upper, lower) if is_double else [(cell or "").strip() for cell in lower]
    width = max([len(headings), *(len(row) for row in data)])
    columns = []
    for place in range(width):
        heading = headings[place] if place < len(headings) else ""
        samples = [str(row[place]) for row in data if place < len(row) and row[place]]
        columns.append(_Column(heading, units.get(place) or _unit(heading), samples))
    return _Table(sheet.name, list(sheet.rows[: last - is_double]), last + 1, columns)


def _joined(upper: Row, lower: Row) -> list[str]:
    headings, above = [], ""
    for up, low in itertools.zip_longest(upper, lower):
        above = (up or "").strip() or above
        headings.append(f"{above} {low.strip()}".strip() if low else (up or "").strip())
    return headings


def _is_header(row: Row, times: Times) -> bool:
    filled = [cell for cell in row if cell and cell.strip()]
    return len(filled) > 1 and not any(_is_number(cell) or times.moment(cell) for cell in filled)


def _is_units(row: Row) -> bool:
    filled = [cell for cell in row if cell and cell.strip()]
    return bool(filled) and all(_is_unit(cell) for cell in filled)


def _is_unit(text: str) -> bool:
    return any(factor_to_own_unit(metric, text, interval_hours=1) is not None for metric in METRICS.values())


def _is_numbers(row: Row) -> bool:
    filled = [cell for cell in row if cell and cell.strip()]
    return len(filled) > 2 and all(map(_is_number, filled))


def _is_number(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell.strip()))


def _mostly(samples: Sequence[str], test: Callable[[str], object]) -> bool:
    return bool(samples) and sum(bool(test(text)) for text in samples) * 5 >= len(samples) * 4


def _body(table: _Table, following: _Table | None, times: Times) -> Iterator[str]:
    metric = next((one for one in table.columns if one.heading and _mostly(one.samples, find_metric)), None)
    yield f"layout: {'long  # one reading a row' if metric else 'day-sheet  # a row is an interval, a column a metric'}"
    if table.sheet:
        yield f"sheet: {_quoted(table.sheet)}"
    if table.title and (following or _has_dates(table.above, times)):
        yield f"after: {_quoted(table.title)}"
    if following and following.sheet == table.sheet and following.title:
        yield f"until: {_quoted(following.title)}"
    yield f"# The headings stand in line {table.header_line}; they are found by their words."
    yield from _time_columns(table.columns, times)
    yield from _long_columns(table.columns, metric) if metric else _metric_columns(table.columns, times)


def _has_dates(rows: Sequence[Row], times: Times) -> bool:
    return any(_is_data(row, times) for row in rows)


def _time_columns(columns: Sequence[_Column], times: Times) -> Iterator[str]:
    named = [column for column in columns if column.heading]
    moments = next((column for column in named if _is_moments(column, times)), None)
    if moments is None:
        yield "# ??? No column with dates was found: date: and hour:, or timestamp:, name the headings."
        return
    read = [moment for text in moments.samples if (moment := times.moment(text))]
    hours = next((one for one in named if one is not moments and _is_hours(one, times)), None)
    if hours and all(moment.time() == dt.time() for moment in read):
        yield f"date: {_quoted(moments.heading)}  # such as {_quoted(moments.samples[0])}"
        yield f"hour: {_quoted(hours.heading)}  # such as {_quoted(hours.samples[0])}"
        if not any("-" in text or "–" in text for text in hours.samples):
            yield "stamp: start  # ??? start or end: what the hour stands for; 1 … 24 is usually the end"
        yield "interval_minutes: 60  # ??? length of one interval"
        return
    yield f"timestamp: {_quoted(moments.heading)}  # such as {_quoted(moments.samples[0])}"
    yield "stamp: start  # ??? start or end of the interval"
    steps = {int(step.total_seconds() // 60) for one, two in itertools.pairwise(read) if (step := two - one)}
    guess = min((step for step in steps if 0 < step <= 1440), default=1440)
    yield f"interval_minutes: {guess}  # ??? length of one interval"


def _is_moments(column: _Column, times: Times) -> bool:
    return _mostly(column.samples, times.moment)


def _is_hours(column: _Column, times: Times) -> bool:
    return bool(re.search(r"(?i)час|время|hour|time", column.heading)) and _mostly(column.samples, times.is_hour)


def _long_columns(columns: Sequence[_Column], metric: _Column) -> Iterator[str]:
    yield f"metric: {_quoted(metric.heading)}  # such as {_quoted(metric.samples[0])}"
    units = next((one for one in columns if one.heading and one is not metric and _mostly(one.samples, _is_unit)), None)
    values = [one for one in columns if one.heading and _mostly(one.samples, _is_number)]
    values.sort(key=lambda one: not re.search(r"(?i)знач|value|показ|reading", one.heading))
    if values:
        yield f"value: {_quoted(values[0].heading)}  # ??? such as {_quoted(values[0].samples[0])}"
    else:
        yield "value: ???"
    if units:
        yield f"unit: {_quoted(units.heading)}  # such as {_quoted(units.samples[0])}"


def _metric_columns(columns: Sequence[_Column], times: Times) -> Iterator[str]:
    yield "columns:"
    taken: set[str] = set()
    for column in columns:
        if not column.heading or not _mostly(column.samples, _is_number):
            continue
        if _is_moments(column, times) or _is_hours(column, times):
            continue
        metric, is_certain = _metric(column.heading)
        example = f"such as {_quoted(column.samples[0])}"
        if metric is None or metric in taken:
            yield f"  # {_quoted(column.heading)}: {{metric: ???}}  # {example}; one of {', '.join(METRICS)}"
            continue
        taken.add(metric)
        unit = column.unit
        fits = unit is not None and factor_to_own_unit(METRICS[metric], unit, interval_hours=1) is not None
        unit_text = f", unit: {_quoted(unit)}" if fits else ""
        question = "" if fits else f"; ??? unit: without one it is {METRICS[metric].unit}"
        guess = "" if is_certain else "; ??? a guess"
        yield f"  {_quoted(column.heading)}: {{metric: {metric}{unit_text}}}  # {example}{guess}{question}"
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


def _identity(table: _Table, times: Times) -> Iterator[str]:
    yield "identity:"
    yield "  # ??? Whose readings: a constant, a part of the path, a cell above the table, or a column."
    yield "  # path: '(?P<building>[A-Z]-\\d+)/'   then   meter: \"{building}-GVS\""
    for line, row in enumerate(table.above, start=1):
        for place, cell in enumerate(row):
            if cell and re.search(r"\d", cell) and not times.moment(cell):
                pattern = ", pattern: '№\\s*(\\S+)'" if "№" in cell else ""
                yield f"  # meter: {{cell: {_letter(place)}{line}{pattern}}}  # {_quoted(cell[:80])}"
    for column in table.columns:
        if column.heading and column.samples and _LIKE_A_CODE.search(column.heading) and not _is_moments(column, times):
            yield f"  # meter: {{column: {_quoted(column.heading)}}}  # such as {_quoted(column.samples[0])}"
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
