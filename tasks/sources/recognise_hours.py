"""Recognise the column of hours, and how long the intervals are that its cells name."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Sequence

from schemas.dates import NotATimeError
from schemas.hours import read_clock, read_hour
from tasks.sources.cells import CLOCK
from tasks.sources.find_tables import FoundColumn

_SAYS_HOUR = re.compile(r"(?i)час|врем|hour|time|период|period|интервал|interval|№|номер|number|settlement")
_SAYS_POSITION = re.compile(r"(?i)posi|interval|period|settlement|интервал|период")
CLOCKS = re.compile(rf"\s*{CLOCK}(\s*[-–—]\s*{CLOCK})?\s*")
_FRACTION = re.compile(r"[01][.,]\d{3,}|0[.,]\d+")
_NEXT_MIDNIGHT = re.compile(r"24:00(:00)?|(1900-01-01|1904-01-02)(T00:00:00)?")
_DAY = dt.timedelta(days=1)
_COUNT = re.compile(r"(\d{1,3})(\.0)?")


def interval_number(hours: FoundColumn) -> int | None:
    """Return to which number a column counts the intervals of a day; None: it holds hours."""
    counts = [int(match[1]) for text in hours.samples if (match := _COUNT.fullmatch(text.strip()))]
    return max(counts) if len(counts) == len(hours.samples) and min(counts) >= 1 and max(counts) > 24 else None


def find_positions(times: FoundColumn, columns: Sequence[FoundColumn]) -> FoundColumn | None:
    """Find a column that counts lines of one time from 1, again and again: intervals that follow from there on."""
    for column in columns:
        if not _SAYS_POSITION.search(column.heading) or not column.mostly(_COUNT.fullmatch):
            continue
        lines = [(time, (text or "").strip()) for time, text in zip(times.cells, column.cells, strict=True)]
        steps = [(time == before, (last, text)) for (before, last), (time, text) in itertools.pairwise(lines)]
        goes_on = [is_same and last.isdecimal() and text == str(int(last) + 1) for is_same, (last, text) in steps]
        if any(goes_on) and all(text == "1" or on for on, (_, text) in zip([False, *goes_on], lines, strict=True)):
            return column
    return None


def find_hours(columns: Sequence[FoundColumn]) -> FoundColumn | None:
    """Find the column of hours: by its heading, else, in whatever language that is, by times such as 00:15."""
    named = (column for column in columns if _are_hours(column))
    clocks = (one for one in columns if len(set(one.samples)) > 1 and one.mostly(CLOCKS.fullmatch))
    return next(named, None) or next(clocks, None)


def _are_hours(column: FoundColumn) -> bool:
    if not _SAYS_HOUR.search(column.heading):
        return False
    is_counted = column.mostly(lambda text: bool(_COUNT.fullmatch(text.strip())) and 0 <= float(text) <= 300)
    return column.mostly(_is_hour) or (is_counted and interval_number(column) is not None)


def _is_hour(text: str) -> bool:
    try:
        read_hour(text, dt.timedelta(hours=1), "end")
    except NotATimeError:
        return False
    return True


def length_of_ranges(hours: FoundColumn) -> dt.timedelta | None:
    """Return how long each of an hour column's ranges is; None: they are no ranges, or differ."""
    ends = [[offset(end) for end in re.split(r"\s*[-–—]\s*", text.strip())] for text in hours.samples]
    lengths = {
        (pair[1] - pair[0]) % _DAY for pair in ends if len(pair) == 2 and pair[0] is not None and pair[1] is not None
    }
    return lengths.pop() if len(lengths) == 1 and all(len(pair) == 2 for pair in ends) else None


def length_until(hours: FoundColumn, ends: FoundColumn) -> dt.timedelta | None:
    """Return how much later another column's clock is in every line; None: it is no clock, that differs, or is a guess.

    Half a day later is as good as half a day earlier, and a single line shows nothing.
    """
    if ends is hours or not ends.mostly(CLOCKS.fullmatch):
        return None
    pairs = [(offset(start or ""), offset(end or "")) for start, end in zip(hours.cells, ends.cells, strict=True)]
    lengths = [(end - start) % _DAY for start, end in pairs if start is not None and end is not None]
    is_one = len(lengths) > 1 and len({*lengths}) == 1 and dt.timedelta() < lengths[0] < _DAY / 2
    return lengths[0] if is_one else None


def offset(text: str) -> dt.timedelta | None:
    """Return how long after midnight an hour's cell is, or the start of its range."""
    text = text.strip()
    if _NEXT_MIDNIGHT.fullmatch(text):
        return _DAY
    if _FRACTION.fullmatch(text):
        return dt.timedelta(seconds=round(float(text.replace(",", ".")) * 86_400))
    try:
        return read_clock(re.split(r"\s*[-–—]", text, maxsplit=1)[0])
    except NotATimeError:
        return None


def ends_a_day(hours: FoundColumn) -> bool:
    """Return True if an hour is that of the next midnight."""
    return any(_NEXT_MIDNIGHT.fullmatch(text.strip()) or text in ("24", "24.0") for text in hours.samples)
