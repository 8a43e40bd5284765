"""Draft a source mapping for an unknown file: guesses that a person confirms, questions that a person answers."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections.abc import Iterator, Sequence

from xlsxwriter.utility import xl_rowcol_to_cell

from schemas.metrics import METRICS, convert_to_own_unit, find_metric
from tasks.sources.find_tables import FoundColumn, FoundTable, Sheet, Times, find_tables, is_data, is_number, is_unit

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
_MAX_EXAMPLE_LENGTH = 80


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
    tables = [table for sheet in sheets for table in find_tables(sheet, times)]
    if not tables:
        return "\n".join([*lines, "# ??? No line with headings over dates and numbers was found.", ""])
    lines += list(_identity(tables[0], times))
    bodies = [
        list(_body(table, following, times)) for table, following in zip(tables, [*tables[1:], None], strict=True)
    ]
    if len(bodies) == 1:
        return "\n".join([*lines, *bodies[0], ""])
    items = [("  - " if index == 0 else "    ") + line for body in bodies for index, line in enumerate(body)]
    return "\n".join([*lines, "tables:", *items, ""])


def _glob(file_name: str) -> str:
    """Return the file's name with its numbers left open: mostly they are dates and codes."""
    return re.sub(r"\d+", "*", re.sub(r"([*?\[\]])", "?", file_name))


def _body(table: FoundTable, following: FoundTable | None, times: Times) -> Iterator[str]:
    metric = next((column for column in table.columns if column.heading and column.mostly(find_metric)), None)
    yield f"layout: {'long  # one reading a row' if metric else 'day-sheet  # a row is an interval, a column a metric'}"
    if table.sheet:
        yield f"sheet: {_quote(table.sheet)}"
    if table.title and (following or any(is_data(row, times) for row in table.above)):
        yield f"after: {_quote(table.title)}"
    if following and following.sheet == table.sheet and following.title:
        yield f"until: {_quote(following.title)}"
    yield f"# The headings are in line {table.header_line}; they are found by their words."
    yield from _time_columns(table.columns, times)
    yield from _long_columns(table.columns, metric) if metric else _metric_columns(table.columns, times)


def _time_columns(columns: Sequence[FoundColumn], times: Times) -> Iterator[str]:
    named = [column for column in columns if column.heading]
    stamps = next((column for column in named if column.mostly(times.read_timestamp)), None)
    if stamps is None:
        yield "# ??? No column with dates was found: date: and hour:, or timestamp:, name the headings."
        return
    timestamps = [timestamp for text in stamps.samples if (timestamp := times.read_timestamp(text))]
    hours = next((column for column in named if column is not stamps and _are_hours(column, times)), None)
    if hours and all(timestamp.time() == dt.time() for timestamp in timestamps):
        yield f"date: {_quote(stamps.heading)}  # such as {_quote(stamps.samples[0])}"
        yield f"hour: {_quote(hours.heading)}  # such as {_quote(hours.samples[0])}"
        if not any("-" in text or "–" in text for text in hours.samples):
            yield "stamp: start  # ??? start or end: what the hour stands for; 1 … 24 is usually the end"
        yield "interval_minutes: 60  # ??? length of one interval"
        return
    yield f"timestamp: {_quote(stamps.heading)}  # such as {_quote(stamps.samples[0])}"
    yield "stamp: start  # ??? start or end of the interval"
    yield f"interval_minutes: {_shortest_step(timestamps)}  # ??? length of one interval"


def _shortest_step(timestamps: Sequence[dt.datetime]) -> int:
    """Return the least distance of two consecutive time stamps in minutes, at most a day."""
    steps = {int((second - first).total_seconds() // 60) for first, second in itertools.pairwise(timestamps)}
    return min((step for step in steps if 0 < step <= 1440), default=1440)


def _are_hours(column: FoundColumn, times: Times) -> bool:
    return bool(re.search(r"(?i)час|время|hour|time", column.heading)) and column.mostly(times.is_hour)


def _long_columns(columns: Sequence[FoundColumn], metric: FoundColumn) -> Iterator[str]:
    yield f"metric: {_quote(metric.heading)}  # such as {_quote(metric.samples[0])}"
    units = next((other for other in columns if other.heading and other is not metric and other.mostly(is_unit)), None)
    values = [column for column in columns if column.heading and column.mostly(is_number)]
    values.sort(key=lambda column: not re.search(r"(?i)знач|value|показ|reading", column.heading))
    if values:
        yield f"value: {_quote(values[0].heading)}  # ??? such as {_quote(values[0].samples[0])}"
    else:
        yield "value: ???"
    if units:
        yield f"unit: {_quote(units.heading)}  # such as {_quote(units.samples[0])}"


def _metric_columns(columns: Sequence[FoundColumn], times: Times) -> Iterator[str]:
    yield "columns:"
    used: set[str] = set()
    for column in columns:
        if not column.heading or not column.mostly(is_number):
            continue
        if column.mostly(times.read_timestamp) or _are_hours(column, times):
            continue
        metric, is_certain = _guess_metric(column.heading)
        if metric is None or metric in used:
            example = f"such as {_quote(column.samples[0])}; one of {', '.join(METRICS)}"
            yield f"  # {_quote(column.heading)}: {{metric: ???}}  # {example}"
            continue
        used.add(metric)
        yield from _metric_lines(column, metric, is_certain=is_certain)


def _metric_lines(column: FoundColumn, metric: str, *, is_certain: bool) -> Iterator[str]:
    own_unit, unit = METRICS[metric].unit, column.unit
    fits = unit is not None and convert_to_own_unit(metric, unit, interval_hours=1) is not None
    meaning = f"{{metric: {metric}{f', unit: {_quote(unit)}' if fits else ''}}}"
    guess = "" if is_certain else "; ??? a guess"
    question = "" if fits else f"; ??? unit: without one it is {own_unit}"
    yield f"  {_quote(column.heading)}: {meaning}  # such as {_quote(column.samples[0])}{guess}{question}"
    if METRICS[metric].kind == "register":
        yield "  # ??? register_read_at: start  # beside `columns`: a register read at the start or the end"


def _guess_metric(heading: str) -> tuple[str | None, bool]:
    """Return the metric that a heading names, and whether the name is known for certain."""
    words = re.split(r"[,(]", heading)[0]
    for text in (heading, words):
        if known := find_metric(text):
            return known, True
    lower = words.strip().lower()
    return next((metric for pattern, metric in _LIKELY if re.search(pattern, lower)), None), False


def _identity(table: FoundTable, times: Times) -> Iterator[str]:
    yield "identity:"
    yield "  # ??? Whose readings: a constant, a part of the path, a cell above the table, or a column."
    yield "  # path: '(?P<building>[A-Z]-\\d+)/'   then   meter: \"{building}-GVS\""
    for row, cells in enumerate(table.above):
        for column, cell in enumerate(cells):
            if cell and re.search(r"\d", cell) and not times.read_timestamp(cell):
                pattern = ", pattern: '№\\s*(\\S+)'" if "№" in cell else ""
                name = xl_rowcol_to_cell(row, column)
                yield f"  # meter: {{cell: {name}{pattern}}}  # {_quote(cell[:_MAX_EXAMPLE_LENGTH])}"
    for named in table.columns:
        if not named.heading or not named.samples or named.mostly(times.read_timestamp):
            continue
        if _LIKE_A_CODE.search(named.heading):
            yield f"  # meter: {{column: {_quote(named.heading)}}}  # such as {_quote(named.samples[0])}"
    yield "  meter: {cell: ???}"


def _quote(text: str | None) -> str:
    return json.dumps(" ".join((text or "").split()), ensure_ascii=False)
