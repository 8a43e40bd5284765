"""Draft the mapping of a table without a header: its columns have letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from schemas.units import has_unit, is_unit
from tasks.sources.cells import is_number
from tasks.sources.draft_columns import draft_interval_values
from tasks.sources.draft_identity import draft_identity
from tasks.sources.draft_times import draft_times
from tasks.sources.draft_zone import draft_zone
from tasks.sources.find_headless import Headless
from tasks.sources.quoting import example, quote
from tasks.sources.recognise_dates import OPEN

_LIKE_A_CODE = re.compile(r"(?=.*\d)\S{4,}")
_LIKE_A_WORD = re.compile(r"[^\W\d_][^\W_]{0,2}")
_MAX_SHOWN = 10


def draft_headless(found: Headless, zone: ZoneInfo | None) -> Iterator[str]:
    """Write the keys of the table."""
    yield "layout: day-sheet  # a row is " + ("a day" if found.intervals else "an interval, a column a metric")
    yield "header: none  # no line of words stands above those with numbers: columns have letters"
    if found.record:
        others = ", ".join(quote(name) for name, _ in found.others)
        yield f"where: {{A: {quote(found.record)}}}  # other lines begin with {others}"
    columns = found.table.columns
    drafted = draft_times(columns, found.intervals)
    yield from drafted.lines
    if drafted.headings:
        yield from draft_zone(drafted.headings, [], zone)
    rest = [column for column in columns if not any(column is taken for taken in drafted.columns)]
    *identity, question = draft_identity(found.table, [column for column in rest if not column.mostly(is_number)])
    yield from identity
    yield from _said_above(found, "meter", _LIKE_A_CODE.fullmatch, doubt="on a line above", indent="  ")
    yield question
    yield from _said_above(found, "unit", lambda text: len(text) > 1 and is_unit(text) and has_unit(text))
    yield from _said_above(found, "metric", _LIKE_A_WORD.fullmatch, doubt="does it say what was measured? layout: long")
    if found.intervals:
        yield from draft_interval_values(found.intervals.columns, [], None)
        return
    yield "columns:"
    for value in [column for column in rest if column.mostly(is_number)][:_MAX_SHOWN]:
        yield f"  {value.heading}: {{metric: {quote(OPEN)}}}  # such as {example(value)}; one of schemas/metrics.yaml"


def _said_above(
    found: Headless, key: str, test: Callable[[str], object], *, doubt: str = "", indent: str = ""
) -> Iterator[str]:
    """Write as comments what lines of other types may say of those below them."""
    for name, columns in found.others:
        for column in columns[1:]:
            if column.samples and all(map(test, column.samples)):
                place = f"{{column: {column.heading}, of: {{A: {quote(name)}}}}}"
                yield f"{indent}# {key}: {place}  # such as {example(column)}{doubt and f'; {doubt}'}"
