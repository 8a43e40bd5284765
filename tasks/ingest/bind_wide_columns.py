"""Bind the columns that one key of a mapping names together: by a pattern over headings, or as intervals of a day."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from schemas.dates import DateStyle, NotATimeError, read_timestamp
from schemas.errors import FileError
from schemas.hours import Stamp, read_hour
from schemas.lengths import add_months
from schemas.patterns import compile_pattern
from schemas.periods import read_period
from schemas.problems import FileProblem
from schemas.table_schema import MetricColumn
from schemas.table_spec import CODE_NAMES, ColumnMeaning, TableSpec, names_in_template
from schemas.wide_columns import IntervalColumns, groups_in, is_pattern
from tasks.ingest.classify_lines import is_total
from tasks.ingest.find_codes import fill
from tasks.ingest.find_header import Heading

_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)
_DAYS_OF_MONTH = 31
_LONGEST_DAY = 1500


class WideColumn(NamedTuple):
    """A column of the table that may be named together with others."""

    position: int
    """In the file's line."""
    key: str
    heading: Heading
    in_block: bool


class BoundColumn(NamedTuple):
    """A column of values, and the key of the mapping that names it."""

    column: WideColumn
    named_by: str
    meaning: MetricColumn


class _Match(NamedTuple):
    column: WideColumn
    groups: dict[str, str]
    """Those that are not empty."""


def bind_patterns(spec: TableSpec, columns: Sequence[WideColumn], groups: Mapping[str, str]) -> Iterator[BoundColumn]:
    """Bind the columns that the patterns among the keys of `columns` match; `groups` are those of path and sheet.

    Raises:
        FileError: a pattern matches no heading, or a heading does not hold a code.

    """
    for pattern, meaning in spec.columns.items():
        if not is_pattern(pattern):
            continue
        for column, own in _match(columns, pattern):
            codes = {
                f"{name}_code": fill(template, {**groups, **own}, heading=column.heading.text)
                for name in CODE_NAMES
                if isinstance(template := getattr(spec.identity, name), str)
                and groups_in(pattern).intersection(names_in_template(template))
            }
            bound = MetricColumn(key=column.key, metric=meaning.metric, unit=meaning.unit, **codes)
            yield BoundColumn(column, pattern, bound)


def bind_intervals(
    spec: TableSpec, intervals: IntervalColumns, columns: Sequence[WideColumn], first: str | None
) -> list[BoundColumn]:
    """Bind the columns that are intervals; `first` is the key of the first one, where they are counted from it.

    Raises:
        FileError: they are not there, their headings say no time, or they do not fit the length of an interval.

    """
    if intervals.headings is None:
        matches = _to_the_right(columns, first, intervals.count or 0)
        hours: list[str | None] = [str(number + 1) for number in range(len(matches))]
    else:
        matches = _match(columns, intervals.headings)
        hours = _read_hours(spec, intervals, matches)
    twice = {hour for (_, groups), hour in zip(matches, hours, strict=True) if "again" in groups}
    value = spec.value if isinstance(spec.value, ColumnMeaning) else None
    return [
        BoundColumn(
            column,
            intervals.headings or intervals.first or "",
            MetricColumn(
                key=column.key,
                metric=value.metric if value else None,
                unit=value.unit if value else None,
                date=_read_date(column, groups["date"], spec) if intervals.has_date else None,
                hour=hour,
                is_again="again" in groups if hour in twice else None,
            ),
        )
        for (column, groups), hour in zip(matches, hours, strict=True)
    ]


def require_different(bound: Sequence[BoundColumn], claimed: Mapping[str, str]) -> None:
    """Require each column to be named by one key, and to hold other readings than the others.

    `claimed` are the keys of further columns, and what names each.

    Raises:
        FileError: names the columns.

    """
    names = defaultdict(list, {key: [name] for key, name in claimed.items()})
    by_meaning: defaultdict[MetricColumn, list[str]] = defaultdict(list)
    for column, named_by, meaning in bound:
        names[column.key].append(named_by)
        if len(names[column.key]) > 1:
            keys = ", ".join(f"«{name}»" for name in names[column.key])
            raise FileError(FileProblem.COLUMN_CLAIMED_TWICE, column=column.heading.text, keys=keys)
        same = by_meaning[meaning.model_copy(update={"key": "", "unit": None})]
        same.append(f"«{column.heading.text}»")
        if len(same) > 1:
            raise FileError(FileProblem.COLUMN_DOUBLED, column=named_by, columns=", ".join(same))


def _match(columns: Sequence[WideColumn], pattern: str) -> list[_Match]:
    """Match whole headings; where none matches, one line of them, as for headings that are written out."""
    fullmatch = compile_pattern(pattern).fullmatch
    for heading_line in range(len(Heading._fields)):
        matches = [
            (column, fullmatch(" ".join(column.heading[heading_line].split())))
            for column in columns
            if column.in_block and column.heading[heading_line].strip()
        ]
        found = [
            _Match(column, {name: text for name, text in match.groupdict().items() if text})
            for column, match in matches
            if match
        ]
        if found:
            return found
    present = ", ".join(f"«{column.heading.text}»" for column in columns if column.heading.text)
    raise FileError(FileProblem.NO_COLUMN_MATCHES, pattern=pattern, present=present[:300])


def _to_the_right(columns: Sequence[WideColumn], first: str | None, count: int) -> list[_Match]:
    start = next(number for number, column in enumerate(columns) if column.key == first)
    found = columns[start : start + count]
    has_total = any(is_total(column.heading.text) for column in found)
    has_total = has_total or not _are_alike([column.heading.text for column in found])
    if has_total or len(found) < count or any(right.position != left.position + 1 for left, right in pairwise(found)):
        raise FileError(FileProblem.TOO_FEW_COLUMNS, column=columns[start].heading.text, count=count)
    return [_Match(column, {}) for column in found]


def _are_alike(headings: Sequence[str]) -> bool:
    """Return False if the first heading has a number and another one is no such heading: that is no interval."""
    first, *others = (re.sub(r"\d+", "0", heading) for heading in headings)
    # The hour that comes twice may have a mark behind it: H2A.
    return "0" not in first or all(other.startswith(first) for other in others if other)


def _read_date(column: WideColumn, text: str, spec: TableSpec) -> str:
    """Return the date in a heading: of a month its first; where the file says the month elsewhere, the day of it."""
    if spec.calendar == "month" and (month := _read_month(text, DateStyle(dates=spec.dates))):
        return month.isoformat()
    if spec.date:
        is_day = text.isdecimal() and 1 <= int(text) <= _DAYS_OF_MONTH
    else:
        is_day = _is_day(text, DateStyle(dates=spec.dates))
    if not is_day:
        raise FileError(FileProblem.INTERVAL_NOT_READ, column=column.heading.text)
    return text


def _read_month(text: str, style: DateStyle) -> dt.date | None:
    """Return the first day of a month that a text names."""
    try:
        period = read_period(text, style)
    except NotATimeError:
        return None
    is_month = period.start.day == 1 and period.end == add_months(period.start, 1)
    return period.start.date() if is_month else None


def _is_day(text: str, style: DateStyle) -> bool:
    try:
        return read_timestamp(text, style).time() == dt.time()
    except NotATimeError:
        return False


def _read_hours(spec: TableSpec, intervals: IntervalColumns, matches: Sequence[_Match]) -> list[str | None]:
    """Return of each column its number in the day, or when its interval starts; None: the row says it."""
    if not intervals.has_hour:
        return [None] * len(matches)
    if intervals.is_numbered:
        numbers = [_read_number(column, groups["number"]) for column, groups in matches]
        fit = 1380 <= max(numbers) * spec.interval_minutes <= _LONGEST_DAY
        hours: list[str | None] = [str(number) for number in numbers]
    else:
        starts = [_read_start(spec, match, is_last=match is matches[-1]) for match in matches]
        steps = {int((right - left) / _MINUTE) for left, right in pairwise(sorted({*starts}))}
        fit = not steps or min(steps) == spec.interval_minutes
        hours = [f"{int(start / _MINUTE) // 60:02}:{int(start / _MINUTE) % 60:02}" for start in starts]
    if not fit:
        raise FileError(
            FileProblem.INTERVALS_DO_NOT_FIT,
            minutes=spec.interval_minutes,
            count=len(matches),
            first=matches[0].column.heading.text,
            last=matches[-1].column.heading.text,
        )
    return hours


def _read_number(column: WideColumn, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _LONGEST_DAY:
        raise FileError(FileProblem.INTERVAL_NOT_READ, column=column.heading.text)
    return int(text)


def _read_start(spec: TableSpec, match: _Match, *, is_last: bool) -> dt.timedelta:
    """Return when an interval starts; `00:00` as an end is that of the day, where no column is behind it."""
    groups = match.groups
    stamp: Stamp = "start" if "start" in groups else "end" if "end" in groups else spec.stamp
    text = groups.get("start") or groups.get("end") or f"{groups.get('hour', '')}:{groups.get('minute', '00')}"
    interval = dt.timedelta(minutes=spec.interval_minutes)
    try:
        offset, is_start = read_hour(text, interval, stamp)
    except NotATimeError:
        offset, is_start = -_DAY, True
    if not is_start:
        offset = (offset or (_DAY if is_last else offset)) - interval
    if offset < dt.timedelta() or offset % _MINUTE:
        raise FileError(FileProblem.INTERVAL_NOT_READ, column=match.column.heading.text)
    return offset
