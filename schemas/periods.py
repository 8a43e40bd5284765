"""Read a period that one cell states: a month in words, or a range of two dates or times."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from schemas.dates import DateStyle, NotATimeError, read_timestamp
from schemas.hours import read_clock
from schemas.lengths import add_months
from schemas.months import MONTH_WORD, find_month
from schemas.time_faults import TimeFault

_YEAR = r"(?P<year>\d{4})(?:\s*г(?:\.|од[а]?)?)?"
_MONTH_OF_YEAR = [
    re.compile(rf"(?i){pattern}")
    for pattern in (
        rf"(?:за\s+)?(?P<word>{MONTH_WORD})[\s,]*{_YEAR}",
        rf"(?P<year>\d{{4}})(?:\s*г(?:\.|од[а]?)?)?[\s,]*(?P<word>{MONTH_WORD})",
        r"(?P<month>\d{1,2})[./](?P<year>\d{4})",
        r"(?P<year>\d{4})[-./](?P<month>\d{2})",
    )
]
_RANGE = re.compile(
    r"(?i)(?:с\s+|from\s+)?(?P<start>\d.*?)(?:\s*[–—]\s*|\s+-+\s+|\s+(?:to|по|до)\s+|(?<=\d)\s*-\s*(?=\d{1,2}[./]\d)"
    r"|(?<=\.\d{4} \d\d:\d\d)-(?=\d\d:\d\d))"
    r"(?P<end>\d.*)"
)
_DAY_AND_MONTH = re.compile(r"\d{1,2}\.\d{1,2}\.?")
"""Of a range that names its year once, at its end."""
_DAY = dt.timedelta(days=1)


class Period(NamedTuple):
    """A period of the local clock, its end excluded; a time is naive unless it says its offset."""

    start: dt.datetime
    end: dt.datetime


def read_period(text: str, style: DateStyle) -> Period:
    """Read a period; a range of dates without times includes its last day.

    Raises:
        NotATimeError: it is none.

    """
    text = text.strip()
    for spelling in _MONTH_OF_YEAR:
        if match := spelling.fullmatch(text):
            parts = match.groupdict()
            month = find_month(parts["word"]) if "word" in parts else int(parts["month"])
            first = read_timestamp(f"{parts['year']}-{month:02}-01")
            return Period(first, add_months(first, 1))
    if not (match := _RANGE.fullmatch(text)):
        raise NotATimeError("date", TimeFault.NOT_A_DATE)
    if _DAY_AND_MONTH.fullmatch(match["start"]):
        end = read_timestamp(match["end"], style)
        start = read_timestamp(f"{match['start'].rstrip('.')}.{end.year}", style)
    else:
        start = read_timestamp(match["start"], style)
        end = _read_end(match["end"].strip(), start, style)
    is_of_days = _has_no_clock(match["start"], start) and _has_no_clock(match["end"], end)
    return Period(start, end + _DAY if is_of_days else end)


def _read_end(text: str, start: dt.datetime, style: DateStyle) -> dt.datetime:
    """Read the end of a range: a time of the day of its start, or a date."""
    if not re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
        return read_timestamp(text, style)
    end = start.replace(hour=0, minute=0, second=0, microsecond=0) + read_clock(text)
    return end + _DAY if end <= start and end.time() == dt.time() else end


def _has_no_clock(text: str, moment: dt.datetime) -> bool:
    return moment.time() == dt.time() and ":" not in text
