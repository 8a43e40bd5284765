"""Draft a source mapping for an unknown file: guesses that a person confirms, questions that a person answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.mappings import SourceMapping
from schemas.spellings import fold
from tasks.sources.cells import plain_text, without_dates
from tasks.sources.choose_match import draft_match
from tasks.sources.describe_unfound import describe_unfound
from tasks.sources.draft_columns import (
    draft_interval_values,
    draft_long_columns,
    draft_meter_columns,
    draft_metric_columns,
    find_meter_columns,
    find_metric_column,
)
from tasks.sources.draft_headless import draft_headless
from tasks.sources.draft_identity import draft_identity
from tasks.sources.draft_outside_date import draft_outside_date
from tasks.sources.draft_times import draft_times
from tasks.sources.draft_zone import draft_zone
from tasks.sources.find_headless import find_headless
from tasks.sources.find_intervals import FoundIntervals, find_intervals
from tasks.sources.find_tables import FoundColumn, FoundTable, find_tables, find_undated
from tasks.sources.look_at_file import Looked
from tasks.sources.quoting import quote, quote_pattern
from tasks.sources.recognise_dates import OPEN


class Draft(NamedTuple):
    """A mapping as YAML, refused until its questions are answered."""

    yaml: str
    questions: list[str]
    """What is open, in the order of the lines."""


class Surroundings(NamedTuple):
    """What a draft must not get in the way of."""

    mappings: Sequence[SourceMapping] = ()
    paths: Iterable[str] = ()
    """Of files at hand, below their day's folder."""
    zone: ZoneInfo | None = None
    """Of files that name none."""


_NONE = Surroundings()


def draft_mapping(name: str, file_name: str, looked: Looked, around: Surroundings = _NONE) -> Draft:
    """Write a mapping as YAML that is refused until its questions, marked `???`, are answered."""
    lines = [
        f"# Draft for {quote(file_name)}. Answer each ???, delete what is wrong, rename",
        f"# this file to {name}.yaml, and look at what it finds: dataops sources check FILE",
        f"name: {name}",
        f"description: {OPEN}  # for people: whose files these are",
        *draft_match(file_name, around.mappings, around.paths),
    ]
    sheets = looked.sheets
    tables = _together([table for sheet in sheets for table in find_tables(sheet)])
    if tables:
        body = _tables(tables, around.zone, is_only_sheet=len(sheets) == 1)
    elif headless := next((found for sheet in sheets if (found := find_headless(sheet))), None):
        body = [*draft_headless(headless, around.zone)]
    else:
        body = [*describe_unfound(sheets)] if sheets else []
        undated = next((table for sheet in sheets if (table := find_undated(sheet))), None)
        body += _undated_body(undated, file_name) if undated else []
    if not any(re.search(r"\btime_zone: ", line) for line in body):
        lines.append("# time_zone: Europe/Moscow  # of the supplier's clock, if it is not DEFAULT_TZ")
    lines += [*looked.cut, *body]
    questions = [*_questions(lines)]
    numbered = [f"# {number}. {question}" for number, question in enumerate(questions, start=1)]
    return Draft("\n".join([*lines, "#", "# Open:", *numbered, ""]), questions)


class _Alike(NamedTuple):
    """Tables of several sheets that have the same headings."""

    table: FoundTable
    sheets: list[str]
    below: list[FoundTable]
    """Further ones below it on its sheet, whose titles differ by a code alone."""


def _together(tables: Sequence[FoundTable]) -> list[_Alike]:
    found: list[_Alike] = []
    for table in tables:
        on_top = next(
            (one for one in found if one.table.sheet == table.sheet and _code_in_titles(one.table, table)), None
        )
        if on_top:
            on_top.below.append(table)
            continue
        same = next((one for one in found if one.table.words == table.words and table.sheet not in one.sheets), None)
        if same and table.sheet:
            same.sheets.append(table.sheet)
        else:
            found.append(_Alike(table, [table.sheet] if table.sheet else [], []))
    return found


def _code_in_titles(table: FoundTable, further: FoundTable) -> str | None:
    """Return the pattern of a code by which alone the titles of tables with the same headings differ."""
    if table.words != further.words or not table.title or not further.title:
        return None
    words, others = table.title.split(), further.title.split()
    first = next((place for place, (one, other) in enumerate(zip(words, others, strict=False)) if one != other), 0)
    if first == 0 or not (re.search(r"\d", words[first]) and re.search(r"\d", others[first])):
        return None
    return rf"{re.escape(' '.join(words[:first]))}\s+([^\s,;]+)".replace("\\ ", " ")


def _tables(tables: Sequence[_Alike], zone: ZoneInfo | None, *, is_only_sheet: bool) -> list[str]:
    if len(tables) == 1:
        return [*_body(tables[0], None, None, zone, is_only_sheet=is_only_sheet)]
    lines = ["tables:"]
    for before, one, after in zip([None, *tables], tables, [*tables[1:], None], strict=False):
        body = _body(one, before, after, zone, is_only_sheet=is_only_sheet)
        lines += [("  - " if index == 0 else "    ") + line for index, line in enumerate(body)]
    return lines


def _body(
    alike: _Alike, before: _Alike | None, after: _Alike | None, zone: ZoneInfo | None, *, is_only_sheet: bool
) -> Iterator[str]:
    table = alike.table
    metric = find_metric_column(table.columns)
    intervals = find_intervals(table.columns)
    yield f"layout: {_layout(metric, intervals)}"
    if alike.sheets and not is_only_sheet:
        names = ", ".join(map(quote, alike.sheets))
        yield f"sheet: {names if len(alike.sheets) == 1 else f'[{names}]'}"
    yield from _borders(table, _of_sheet(before, table), _of_sheet(after, table))
    yield f"# The headings are in line {table.header_line}; they are found by their words."
    drafted = draft_times(table.columns, intervals)
    yield from drafted.lines
    if drafted.headings:
        above = [cell for row in table.above[table.begins :] for cell in row if cell]
        yield from draft_zone(drafted.headings, above, zone)
    rest = [column for column in table.columns if not any(column is taken for taken in drafted.columns)]
    meters = [] if metric or intervals else find_meter_columns(rest)
    identity = draft_identity(table, [column for column in rest if column is not metric], meters)
    yield next(identity)
    if alike.below and (pattern := _code_in_titles(table, alike.below[0])):
        shown = f"{quote(table.title)} and {len(alike.below)} more below it"
        yield f"  # meter: {{above: {quote_pattern(pattern)}}}  # {shown}"
    yield from identity
    if meters:
        yield from draft_meter_columns(meters, rest)
    elif intervals:
        yield from draft_interval_values(intervals.columns, rest, metric)
    else:
        yield from draft_long_columns(rest, metric) if metric else draft_metric_columns(rest)


def _layout(metric: FoundColumn | None, intervals: FoundIntervals | None) -> str:
    if intervals:
        return "long  # a row is a day of a metric" if metric else "day-sheet  # a row is a day"
    return "long  # one reading a row" if metric else "day-sheet  # a row is an interval, a column a metric"


def _undated_body(table: FoundTable, file_name: str) -> Iterator[str]:
    yield "layout: day-sheet  # a row is a meter's, a column a metric"
    yield from draft_outside_date(file_name, table)
    yield from draft_identity(table, table.columns)
    yield from draft_metric_columns(table.columns)


def _of_sheet(other: _Alike | None, table: FoundTable) -> FoundTable | None:
    return other.table if other and other.table.sheet == table.sheet else None


def _borders(table: FoundTable, before: FoundTable | None, after: FoundTable | None) -> Iterator[str]:
    """Write where a table begins and ends if there are others; texts are without their dates."""
    if (before or after) and (title := _border_text(table.title)):
        yield f"after: {quote(title)}"
    if after is None:
        return
    own = set(table.words)
    heading = next((one.heading for one in after.columns if one.heading and fold(one.heading) not in own), None)
    if until := _border_text(after.title) or heading:
        yield f"until: {quote(until)}"
    else:
        yield f"until: {OPEN}  # a text between this table and the next, whose headings are in line {after.header_line}"


def _border_text(title: str | None) -> str | None:
    """Return what of a title is the same in each file: the words before its dates."""
    if title is None:
        return None
    stripped = without_dates(title)
    if stripped == title:
        return plain_text(title)
    words = plain_text(re.split(r"\d", title, maxsplit=1)[0])
    return words if len(words) > 4 else None


def _questions(lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if number > 2 and OPEN in line:
            yield f"line {number}: {line.strip().removeprefix('- ').removeprefix('# ')}"
