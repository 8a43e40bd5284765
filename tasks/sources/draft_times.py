"""Draft the keys of a mapping that say when a reading was taken."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schemas.dates import NotATimeError
from schemas.lengths import read_length
from tasks.sources.cells import is_number
from tasks.sources.find_intervals import FoundIntervals
from tasks.sources.find_tables import FoundColumn
from tasks.sources.measure_times import (
    Answer,
    find_stamp,
    measure_interval,
    runs_backwards,
    says_end,
    says_length,
    says_start,
)
from tasks.sources.quoting import example, quote
from tasks.sources.recognise_dates import OPEN, PLAIN, Dates, is_period
from tasks.sources.recognise_hours import (
    CLOCKS,
    ends_a_day,
    find_hours,
    find_positions,
    interval_number,
    length_of_ranges,
    length_until,
    offset,
)

_OF_SOMETHING_ELSE = re.compile(
    r"(?i)повер|выдач|установ|рожд|ввод|замен|создан|изготов|договор|issued|install|creat|birth|verif|calibr|expir"
)
_OF_READINGS = re.compile(r"(?i)показан|снят|измер|отсч|read|measur|timestamp|начал|start|период|period")
_DAY = 1440
_CALENDAR = {7: "week"} | dict.fromkeys((28, 29, 30, 31), "month")
"""Days between times → the interval of the local calendar."""
_MINUTE = dt.timedelta(minutes=1)
_MANY_COLUMNS = 23
"""As many hours as a day has in spring."""
_LENGTHS = (30, 15, 10, 5)
"""Minutes."""


class DraftedTimes(NamedTuple):
    """The keys of the times, and the columns that are taken by them."""

    lines: list[str]
    columns: list[FoundColumn]
    headings: Sequence[str] = ()
    """Over the date and the hour, where these do not say their offset from UTC."""


class _Dated(NamedTuple):
    column: FoundColumn
    dates: Dates


def draft_times(columns: Sequence[FoundColumn], intervals: FoundIntervals | None = None) -> DraftedTimes:
    """Write the keys of the times; what data and headings do not say is asked for.

    `intervals` are columns that are the intervals of a row's day.
    """
    dated = [_Dated(column, found) for column in columns if column.heading and (found := column.dates())]
    if not dated:
        return DraftedTimes(
            [f"timestamp: {OPEN}  # no column with a heading holds dates: date and hour, or timestamp"], []
        )
    dated.sort(key=lambda one: _rank(one.column.heading))
    if intervals:
        return _draft_days(dated, intervals)
    taken = [one.column for one in dated]
    lengths = next((column for column in columns if _are_lengths(column)), None)
    hours = find_hours([one for one in columns if one.heading and one not in (*taken, lengths)])
    if hours:
        dated = [one for one in dated if not _is_one_moment(one)] or dated
    chosen, ends = _interval_start(dated)
    filled = _filled_down(chosen.dates.times)
    is_of_days = not chosen.dates.has_offset and all(time is None or time.time() == dt.time() for time in filled)
    others = [] if is_of_days else [one for one in columns if one not in taken]
    if positions := find_positions(chosen.column, others):
        taken.append(positions)
        key, lines = "date", [*_position_lines(positions)]
    elif hours is None or not is_of_days:
        key, lines = "timestamp", [*_stamp_lines(chosen, filled, ends)]
        lines = [_doubted(line, columns) for line in lines]
        lines += _clocks_beside(columns) if is_of_days else []
    else:
        taken.append(hours)
        key, lines = "date", [*_hour_lines(hours, filled, columns)]
    if lengths and _agree(lengths, lines):
        taken.append(lengths)
        lines = [line for line in lines if not line.startswith("interval_minutes:")]
        lines.append(f"interval: {quote(lengths.heading)}  # such as {example(lengths)}")
    asked = dated[:1] if ends else dated
    return DraftedTimes(
        [*_which_column(key, asked), *_spelling(chosen), *lines, *_offsets(chosen), *_gaps(chosen)],
        taken,
        _local_headings(chosen, hours),
    )


def _draft_days(dated: Sequence[_Dated], intervals: FoundIntervals) -> DraftedTimes:
    """Write the keys of a table whose rows are days."""
    lines = [*_which_column("date", dated), *_spelling(dated[0]), f"intervals: {intervals.key}"]
    if intervals.stamp:
        lines.append(f"stamp: {intervals.stamp.value}  # {intervals.stamp.comment}")
    lines.append(f"interval_minutes: {intervals.minutes.value}  # {intervals.minutes.comment}")
    taken = [*(one.column for one in dated), *intervals.columns]
    return DraftedTimes([*lines, *_offsets(dated[0]), *_gaps(dated[0])], taken, _local_headings(dated[0], None))


def _are_lengths(column: FoundColumn) -> bool:
    return says_length(column.heading) and column.mostly(_is_length)


def _agree(lengths: FoundColumn, lines: Sequence[str]) -> bool:
    """Return True unless the lengths in a column are others than the times are apart: 3600 may be seconds."""
    apart = next((match[1] for line in lines if (match := re.match(r"interval_minutes: (\d+)  # (?!\?)", line))), None)
    return apart is None or dt.timedelta(minutes=int(apart)) in {
        read_length(text).span for text in lengths.samples if _is_length(text)
    }


def _is_length(text: str) -> bool:
    try:
        read_length(text)
    except NotATimeError:
        return False
    return True


def _is_one_moment(one: _Dated) -> bool:
    """Return True for a time of day that is the same in each line: that of the file."""
    times = {time for time in one.dates.times if time}
    return len(one.column.samples) > 1 and len(times) == 1 and times.pop().time() != dt.time()


def _rank(heading: str) -> tuple[bool, bool]:
    return bool(_OF_SOMETHING_ELSE.search(heading)), not _OF_READINGS.search(heading)


def _interval_start(dated: Sequence[_Dated]) -> tuple[_Dated, FoundColumn | None]:
    """Return the column of the times; of a start and an end the start, and the end beside it."""
    starts = [one for one in dated if says_start(one.column.heading)]
    ends = [one for one in dated if says_end(one.column.heading)]
    if len(dated) == 2 and len(starts) == len(ends) == 1 and starts != ends:
        return starts[0], ends[0].column
    return dated[0], None


def _which_column(key: str, dated: Sequence[_Dated]) -> Iterator[str]:
    if len(dated) == 1 and _OF_SOMETHING_ELSE.search(dated[0].column.heading):
        yield f"{key}: {OPEN}  # the only dates look like those of something else; where is the reading's?"
        yield f"# {key}: {quote(dated[0].column.heading)}  # such as {example(dated[0].column)}"
        return
    if len(dated) == 1:
        yield f"{key}: {quote(dated[0].column.heading)}  # such as {example(dated[0].column)}"
        return
    yield f"{key}: {OPEN}  # several columns hold dates; which is that of the reading? one of"
    for one in dated:
        yield f"# {key}: {quote(one.column.heading)}  # such as {example(one.column)}"


def _spelling(chosen: _Dated) -> Iterator[str]:
    if chosen.dates.key != PLAIN:
        key = chosen.dates.key if chosen.dates.key.replace("-", "").isalpha() else quote(chosen.dates.key)
        yield f"dates: {key if chosen.dates.key != OPEN else OPEN}  # {chosen.dates.evidence}"


def _stamp_lines(chosen: _Dated, filled: Sequence[dt.datetime | None], ends: FoundColumn | None) -> Iterator[str]:
    if chosen.column.mostly(is_period):
        yield "# Each cell is a period, which says its own length."
        return
    known = [time for time in filled if time]
    interval = measure_interval(known)
    if calendar := _CALENDAR.get(days := _shortest(known)):
        yield f"interval: {calendar}  # the times are {days} days apart"
        yield f"stamp: {OPEN}  # start or end of the {calendar}"
        return
    written_24 = any(re.search(r"[T ]24:00", text) for text in chosen.column.samples)
    stamp = find_stamp(known, interval.value, chosen.column.heading, written_24=written_24)
    if ends:
        stamp = Answer("start", f"{quote(ends.heading)} holds the ends", is_certain=True)
    yield from _answers(stamp, interval, known)


def _doubted(line: str, columns: Sequence[FoundColumn]) -> str:
    """Return the line of an interval of a day as a question where as many columns as a day has hours hold numbers."""
    count = sum(column.mostly(is_number) for column in columns)
    if not line.startswith(f"interval_minutes: {_DAY}  # ") or count < _MANY_COLUMNS:
        return line
    return f"{line}; {OPEN} {count} columns of numbers side by side: are they intervals of the day?"


def _shortest(times: Sequence[dt.datetime]) -> int:
    """Return how many days the least of the steps between times has."""
    return min((later - time for time, later in itertools.pairwise(sorted(set(times)))), default=dt.timedelta()).days


def _hour_lines(
    hours: FoundColumn, days: Sequence[dt.datetime | None], columns: Sequence[FoundColumn]
) -> Iterator[str]:
    if number := interval_number(hours):
        yield f"interval_number: {quote(hours.heading)}  # such as {example(hours)}; they count to {number}"
        # A day with a clock change has an hour more or less.
        fitting = next((length for length in _LENGTHS if abs(_DAY // length - number) <= 60 // length), None)
        yield f"interval_minutes: {fitting or OPEN}  # {'a day has as many' if fitting else 'length of one interval'}"
        return
    yield f"hour: {quote(hours.heading)}  # such as {example(hours)}"
    known = [
        day + after
        for day, text in zip(days, hours.cells, strict=True)
        if day and text and (after := offset(text)) is not None
    ]
    interval = measure_interval(known)
    if (length := length_of_ranges(hours)) is not None:
        yield f"interval_minutes: {length // _MINUTE}  # from the start to the end of each hour's range"
        return
    for column in columns:
        if (length := length_until(hours, column)) is not None:
            minutes, up_to = length // _MINUTE, "to"
            if interval.is_certain and interval.value == str(minutes + 1):
                minutes, up_to = minutes + 1, "to the last minute in"
            yield f"stamp: start  # {quote(column.heading)} holds the ends"
            yield f"interval_minutes: {minutes}  # from {quote(hours.heading)} {up_to} {quote(column.heading)}"
            return
    stamp = find_stamp(known, interval.value, hours.heading, written_24=ends_a_day(hours))
    yield from _answers(stamp, interval, known)


def _answers(stamp: Answer, interval: Answer, known: Sequence[dt.datetime]) -> Iterator[str]:
    yield f"stamp: {stamp.value}  # {stamp.comment}"
    yield f"interval_minutes: {interval.value}  # {interval.comment}"
    if runs_backwards(known):
        yield "# The newest time stands first; lines may come in any order."


def _clocks_beside(columns: Sequence[FoundColumn]) -> Iterator[str]:
    """Ask for the columns with one time of day in all lines: it is that of the readings, or of the report."""
    for column in columns:
        if column.heading and len({*column.samples}) == 1 and column.mostly(CLOCKS.fullmatch):
            doubt = f"{OPEN} is it theirs? then date, not timestamp"
            yield f"# hour: {quote(column.heading)}  # such as {example(column)}; {doubt}"


def _position_lines(positions: FoundColumn) -> Iterator[str]:
    yield f"interval_number: {quote(positions.heading)}  # it counts the lines of each time from 1"
    yield f"interval_minutes: {OPEN}  # length of one interval in minutes: the times of all are the first one's"


def _filled_down(times: Sequence[dt.datetime | None]) -> list[dt.datetime | None]:
    filled: list[dt.datetime | None] = []
    for time in times:
        filled.append(time or (filled[-1] if filled else None))
    return filled


def _offsets(chosen: _Dated) -> Iterator[str]:
    if chosen.dates.has_offset:
        yield "# The times say where they stand in UTC; time_zone only says which local day they are of."


def _local_headings(chosen: _Dated, hours: FoundColumn | None) -> list[str]:
    return [] if chosen.dates.has_offset else [chosen.column.heading, *([hours.heading] if hours else [])]


def _gaps(chosen: _Dated) -> Iterator[str]:
    cells = chosen.column.cells
    if empty := sum(not cell for cell in cells):
        why = f"{empty} of {len(cells)} lines have no date: is it that of the line above?"
        yield f"# fill_down: {quote(chosen.column.heading)}  # ??? {why}"
