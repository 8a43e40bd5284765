"""Read the hour of a day as files write it: `0-1`, `00:00-01:00`, `13`, `1:30 PM`, `24:00`, the fraction of a day."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from schemas.dates import NotATimeError, hour_of_half
from schemas.time_faults import TimeFault

Stamp = Literal["start", "end"]
_CLOCK = re.compile(r"(?i)(\d{1,2})(?:[:.](\d{2})|:(\d{2}):(\d{2}))?(?:\.0|\s*(?P<half>[ap])\.?m\.?)?")
"""`01.30` is a time, `01.04.25` a date."""
_MARKED = re.compile(r"(?i)(.*\d)\s*(?:(?P<first>[aа])|[bв])\s*")
"""`2:00A` and `2:00B`, in letters of either alphabet."""
_NUMBER = re.compile(r"(\d{1,4})(?:\.0)?")
_FRACTION = re.compile(r"0[.,]\d+")
_NEXT_MIDNIGHT = re.compile(r"(1900-01-01|1904-01-02)(T00:00:00)?")
"""24:00 in a workbook: the first day that Excel counts, where only the time is shown."""
_DAY = dt.timedelta(days=1)
_HOUR = dt.timedelta(hours=1)
_MINUTE = dt.timedelta(minutes=1)


def read_mark(text: str) -> tuple[str, int | None]:
    """Return the text of an hour without its mark, and which time of an hour that comes twice it marks: 0 or 1."""
    match = _MARKED.fullmatch(text)
    return (match[1], 0 if match["first"] else 1) if match else (text, None)


def read_number(text: str) -> int:
    """Read the number of an interval in its day.

    Raises:
        NotATimeError: it is none.

    """
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        raise NotATimeError("hour", TimeFault.NOT_AN_HOUR if text.strip() else TimeFault.EMPTY)
    return int(match[1])


def read_hour(text: str, interval: dt.timedelta, stamp: Stamp) -> tuple[dt.timedelta, bool]:
    """Read the cell of an hour: its offset from midnight, and whether that is the interval's start."""
    if not text.strip():
        raise NotATimeError("hour", TimeFault.EMPTY)
    if _NEXT_MIDNIGHT.fullmatch(text.strip()):
        text = "24:00"
    ends = re.split(r"\s*[-–—]\s*", text.strip())
    if len(ends) == 2:
        start, end = (read_clock(end) for end in ends)
        if end == dt.timedelta() and start > end:
            end = _DAY
        if end - start != interval:
            raise NotATimeError("hour", TimeFault.HOUR_OF_OTHER_LENGTH)
        return start, True
    if len(ends) != 1:
        raise NotATimeError("hour", TimeFault.NOT_AN_HOUR)
    # Half-hours are counted as often as hours: a number alone says neither.
    if interval != _HOUR and _NUMBER.fullmatch(ends[0]):
        raise NotATimeError("hour", TimeFault.BARE_NUMBER)
    offset = _fraction_of_day(ends[0], interval) if _FRACTION.fullmatch(ends[0]) else read_clock(ends[0])
    if stamp == "start" and offset >= _DAY:
        raise NotATimeError("hour", TimeFault.OUTSIDE_DAY)
    return offset, stamp == "start"


def read_time_of_day(text: str, interval: dt.timedelta) -> dt.timedelta:
    """Read the cell of a time of day, beside one of the date: its offset from midnight, up to 24:00."""
    text = text.strip()
    if not text:
        raise NotATimeError("hour", TimeFault.EMPTY)
    if _NEXT_MIDNIGHT.fullmatch(text):
        return _DAY
    if interval != _HOUR and _NUMBER.fullmatch(text):
        raise NotATimeError("hour", TimeFault.BARE_NUMBER)
    return _fraction_of_day(text, _MINUTE) if _FRACTION.fullmatch(text) else read_clock(text)


def _fraction_of_day(text: str, step: dt.timedelta) -> dt.timedelta:
    """Read a workbook's time that is not shown as one: 0.25 is 06:00, never 00:25."""
    offset = dt.timedelta(seconds=round(float(text.replace(",", ".")) * 86_400))
    if offset % step:
        raise NotATimeError("hour", TimeFault.HOUR_OF_OTHER_LENGTH)
    return offset


def read_clock(text: str) -> dt.timedelta:
    """Read a time of day: its offset from midnight, up to 24:00."""
    match = _CLOCK.fullmatch(text)
    if not match:
        raise NotATimeError("hour", TimeFault.NOT_AN_HOUR)
    hours, minutes, seconds = (int(group or 0) for group in (match[1], match[2] or match[3], match[4]))
    if match["half"]:
        hours = hour_of_half(hours, match["half"], cell="hour")
    offset = dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if minutes > 59 or seconds > 59 or offset > _DAY:
        raise NotATimeError("hour", TimeFault.OUTSIDE_DAY)
    return offset
