"""Find columns side by side that are the intervals of a row's day: their headings are clocks, ranges or count up."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tasks.sources.cells import is_number, plain_text
from tasks.sources.find_tables import FoundColumn
from tasks.sources.measure_times import Answer
from tasks.sources.quoting import quote, quote_pattern
from tasks.sources.recognise_dates import OPEN

_DAY = 1440
_MIN_CLOCKS = 4
"""Fewer columns may be headed by clocks for another reason."""
_MAX_MARKED = 4
"""Intervals of the hour that comes twice."""
_LENGTHS = (60, 30, 20, 15, 10, 5)
"""Minutes that intervals of a day may have."""
_CLOCK = r"\d{1,2}[:.]\d{2}(?::\d{2})?"
_RANGE = re.compile(rf"({_CLOCK})\s*[-–—]\s*(\d[\d.:]*)")
_HOURS = re.compile(r"(\d{1,2})\s*[-–—]\s*(\d{1,2})")
_SINGLE = re.compile(rf"({_CLOCK})")
_COMPACT = re.compile(r"(\d{4})")
_NUMBER = re.compile(r"(\d{1,3})")


class FoundIntervals(NamedTuple):
    """Columns that are the intervals of a day."""

    columns: list[FoundColumn]
    key: str
    """The value of the mapping's `intervals`."""
    minutes: Answer
    """Length of an interval."""
    stamp: Answer | None
    """What a heading stands for; None: the headings say both ends, or count the intervals."""


class _Headed(NamedTuple):
    column: FoundColumn
    time: str
    """What of the heading is a clock or a number."""


class _Group(NamedTuple):
    """Columns whose headings differ by a clock or a number alone."""

    prefix: str
    suffix: str
    headed: list[_Headed]
    marks: str
    """Behind the headings of the hour's second time, where it comes twice."""


def find_intervals(columns: Sequence[FoundColumn]) -> FoundIntervals | None:
    """Return the columns of a table that are intervals of its rows' days; None: there are none."""
    if not any(dates and _are_days(dates.times) for column in columns if (dates := column.dates())):
        return None
    numeric = [column for column in columns if column.heading and (not column.samples or column.mostly(is_number))]
    kinds: tuple[tuple[re.Pattern[str], Callable[[_Group], FoundIntervals | None]], ...] = (
        (_RANGE, _ranges),
        (_SINGLE, _clocks),
        (_HOURS, _hours),
        (_COMPACT, _compact),
        (_NUMBER, _numbers),
    )
    return next((found for pattern, read in kinds if (found := read(_group(numeric, pattern)))), None)


def _are_days(times: Sequence[dt.datetime | None]) -> bool:
    return all(time.time() == dt.time() for time in times if time)


def _group(columns: Sequence[FoundColumn], time: re.Pattern[str]) -> _Group:
    """Return the most columns whose headings differ by their time alone, and those of the hour that comes twice."""
    groups: defaultdict[tuple[str, str], list[_Headed]] = defaultdict(list)
    whole = re.compile(rf"(?s)(\D*){time.pattern}(\D.*|)")
    for column in columns:
        if match := whole.fullmatch(plain_text(column.heading)):
            groups[match[1], match[match.lastindex or 0]].append(_Headed(column, match[2]))
    if not groups:
        return _Group("", "", [], "")
    (prefix, suffix), headed = max(groups.items(), key=lambda item: len(item[1]))
    own, place = {one.time for one in headed}, {id(column): index for index, column in enumerate(columns)}
    for (other, further), marked in groups.items():
        is_marked = other == prefix and further != suffix and further.startswith(suffix)
        if is_marked and len(marked) <= _MAX_MARKED and own >= {one.time for one in marked}:
            in_order = sorted([*headed, *marked], key=lambda one: place[id(one.column)])
            return _Group(prefix, suffix, in_order, further.removeprefix(suffix))
    return _Group(prefix, suffix, headed, "")


def _key(group: _Group, time: str) -> str:
    again = f"(?P<again>{_escape(group.marks)})?" if group.marks else ""
    pattern = f"{_escape(group.prefix)}{time}{_escape(group.suffix)}{again}"
    return f"{{headings: {quote_pattern(pattern)}}}"


def _escape(text: str) -> str:
    return re.sub(r"[\\.^$*+?{}()\[\]|]", r"\\\g<0>", text)


def _starts(group: _Group) -> list[int]:
    """Return the times in the headings in minutes after midnight, in the order of the columns."""
    clocks = [[*map(int, re.split(r"[:.]", one.time))] for one in group.headed]
    return [hours * 60 + (minutes[0] if minutes else 0) for hours, *minutes in clocks]


def _step(starts: Sequence[int]) -> int | None:
    """Return the minutes between times; None: they are not those of intervals of one length."""
    steps = {right - left for left, right in itertools.pairwise(sorted({*starts}))}
    step = min(steps, default=0)
    # A day in spring lacks an hour; numbers such as years would be clocks a minute apart.
    return step if step in _LENGTHS and not steps - {step, step + 60} else None


def _measured(group: _Group, step: int) -> Answer:
    first, last = (quote(one.column.heading) for one in (group.headed[0], group.headed[-1]))
    return Answer(str(step), f"{len(group.headed)} columns, {first} to {last}", is_certain=True)


def _ranges(group: _Group) -> FoundIntervals | None:
    if len(group.headed) < _MIN_CLOCKS or (step := _step(_starts(group))) is None:
        return None
    key = _key(group, rf"(?P<start>{_clock(group)})\s*[-–—]\s*[\d.:]+")
    return FoundIntervals([one.column for one in group.headed], key, _measured(group, step), None)


def _hours(group: _Group) -> FoundIntervals | None:
    if len(group.headed) < _MIN_CLOCKS or _step([int(one.time) * 60 for one in group.headed]) != 60:
        return None
    key = _key(group, r"(?P<start>\d{1,2})\s*[-–—]\s*\d{1,2}")
    return FoundIntervals([one.column for one in group.headed], key, _measured(group, 60), None)


def _clocks(group: _Group) -> FoundIntervals | None:
    return _of_clocks(
        group, _clock(group).replace(r"\d{1,2}", r"(?P<hour>\d{1,2})").replace(r"\d{2}", r"(?P<minute>\d{2})")
    )


def _clock(group: _Group) -> str:
    return r"\d{1,2}[:.]\d{2}" + (":00" if any(one.time.count(":") > 1 for one in group.headed) else "")


def _compact(group: _Group) -> FoundIntervals | None:
    headed = [one._replace(time=f"{one.time[:2]}:{one.time[2:]}") for one in group.headed]
    if any(int(one.time[3:]) > 59 or int(one.time[:2]) > 24 for one in headed):
        return None
    return _of_clocks(group._replace(headed=headed), r"(?P<hour>\d{2})(?P<minute>\d{2})")


def _of_clocks(group: _Group, time: str) -> FoundIntervals | None:
    starts = _starts(group)
    if len(starts) < _MIN_CLOCKS or (step := _step(starts)) is None:
        return None
    first, last = starts[0], starts[-1]
    stamp = Answer(OPEN, "start or end: what the clock of a heading stands for")
    if (first, last) == (0, _DAY - step):
        stamp = Answer("start", "the headings run from 00:00, a whole day", is_certain=True)
    elif first == step and last in (0, _DAY):
        stamp = Answer("end", "the headings run to the end of the day", is_certain=True)
    return FoundIntervals([one.column for one in group.headed], _key(group, time), _measured(group, step), stamp)


def _numbers(group: _Group) -> FoundIntervals | None:
    """Return columns that count the intervals of a day; as many may also be meters."""
    numbers = [int(one.time) for one in group.headed]
    if group.marks or not numbers or numbers != [*range(numbers[0], numbers[0] + len(numbers))] or numbers[0] > 1:
        return None
    count = len(numbers)
    # A day with a clock change has an hour more or less.
    length = next((length for length in _LENGTHS if abs(_DAY // length - count) in (0, 60 // length)), None)
    if length is None:
        return None
    columns = [one.column for one in group.headed]
    first, last = quote(columns[0].heading), quote(columns[-1].heading)
    minutes = Answer(str(length), f"{count} columns, {first} to {last}, count as many as a day has: are they its?")
    if numbers[0] == 1:
        return FoundIntervals(columns, _key(group, r"(?P<number>\d{1,3})"), minutes, None)
    if _DAY // length != count:
        return None
    return FoundIntervals(columns, f"{{first: {first}, count: {count}}}", minutes, None)
