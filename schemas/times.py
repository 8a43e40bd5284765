"""Read the many ways in which day-sheets write a date and an hour; nothing is guessed."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

Stamp = Literal["start", "end"]
_EXCEL_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - wall-clock time, its zone is the mapping's
_DAYS_TO_1904 = 1462
_YEARS = range(1990, 2070)
"""A year outside it is a typing error, such as 0202 or 3025."""
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?(?:[:.](\d{2}))?(?:\.0)?")
_NUMBER = re.compile(r"(\d{1,4})(?:\.0)?")
_ISO_DURATION = re.compile(r"P(?=.)(?:(\d)D)?(?:T(?=.)(?:(\d{1,2})H)?(?:(\d{1,4})M)?)?")
_LENGTH = re.compile(
    r"(?P<number>\d{1,4})(?:\.0)?\s*(?P<unit>|m|min|minutes?|h|hours?|d|days?|мин\.?|минут[аы]?|ч\.?|час(?:а|ов)?|д|день|сут\.?|сутки)",
    re.IGNORECASE,
)
_FRACTION = re.compile(r"0[.,]\d+")
_NEXT_MIDNIGHT = re.compile(r"(1900-01-01|1904-01-02)(T00:00:00)?")
"""24:00 in a workbook: the first day that Excel counts, where only the time is shown."""
_DAY = dt.timedelta(days=1)
_HOUR = dt.timedelta(hours=1)
_LENGTHS = {
    **dict.fromkeys(("", "m", "м"), dt.timedelta(minutes=1)),
    **dict.fromkeys(("h", "ч"), _HOUR),
    **dict.fromkeys(("d", "д", "с"), _DAY),
}
"""First letter of a unit of time → its length."""


class NotATimeError(ValueError):
    """A time cannot be read, does not exist or is ambiguous; `cell` says which one: date, hour or interval."""

    def __init__(self, cell: Literal["date", "hour", "interval"]) -> None:
        self.cell = cell
        super().__init__(cell)


class Times(NamedTuple):
    """How a supplier writes times."""

    zone: ZoneInfo
    interval: dt.timedelta
    stamp: Stamp
    epoch: int = 1900
    counts_intervals: bool = False
    """The hour's cell holds the number of the interval in its local day, from 1."""


BETWEEN_MINUTES = -1


class Interval(NamedTuple):
    """When an interval starts and ends."""

    start: int
    """Microseconds since 1970 UTC."""
    end: int
    minute: int
    """Of the local day at its start, by the clock on the wall; BETWEEN_MINUTES if it is none."""


@lru_cache(maxsize=100_000)
def read_interval(date: str, hour: str | None, tz: str | None, times: Times) -> Interval:
    """Return the interval that a reading is of.

    `date` is a date with `hour` beside it (`0-1`, `00:00-01:00`, `13`, `24:00`), or a whole time stamp
    if `hour` is None. An ISO offset in the stamp beats `tz`, `tz` beats the supplier's zone.

    Raises:
        NotATimeError: the text is not a time, or a clock change skipped or repeated the local time.

    """
    timestamp = read_timestamp(date, times.epoch)
    zone = _zone(tz) if tz else times.zone
    if hour is not None and (timestamp.time() != dt.time() or timestamp.tzinfo):
        raise NotATimeError("date")
    if hour is not None and times.counts_intervals:
        instant = _numbered_interval(timestamp, hour, zone, times.interval)
    elif hour is not None:
        offset, is_start = read_hour(hour, times)
        instant = _start(timestamp + offset, zone, times.interval, is_start=is_start, cell="hour")
    else:
        instant = _start(timestamp, zone, times.interval, is_start=times.stamp == "start", cell="date")
    local = instant.astimezone(zone)
    return Interval(_micros(instant), _micros(_end(local, times.interval)), _minute(local))


def _micros(instant: dt.datetime) -> int:
    return (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _end(local: dt.datetime, interval: dt.timedelta) -> dt.datetime:
    """Return the end of an interval; in arithmetic of the local clock a day is a day."""
    if interval >= _DAY:
        return _midnight(dt.datetime.combine(local.date(), dt.time()) + interval, local.tzinfo)
    return (local if interval > _HOUR else local.astimezone(dt.UTC)) + interval


def _start(
    timestamp: dt.datetime, zone: ZoneInfo, interval: dt.timedelta, *, is_start: bool, cell: Literal["date", "hour"]
) -> dt.datetime:
    if interval <= _HOUR:
        instant = _to_utc(timestamp, zone, cell=cell)
        return instant if is_start else instant - interval
    # A day with a clock change is longer or shorter, and begins at midnight all the same.
    local = timestamp.astimezone(zone).replace(tzinfo=None) if timestamp.tzinfo else timestamp
    local = local if is_start else local - interval
    return _midnight(local, zone) if local.time() == dt.time() else _to_utc(local, zone, cell=cell)


def _midnight(local: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """Return when a local day begins: of a midnight that comes twice the first, of one that never comes what does."""
    return local.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)


def _numbered_interval(day: dt.datetime, number: str, zone: ZoneInfo, interval: dt.timedelta) -> dt.datetime:
    match = _NUMBER.fullmatch(number.strip())
    instant = _midnight(day, zone) + (int(match[1]) - 1) * interval if match else None
    if instant is None or not _midnight(day, zone) <= instant < _midnight(day + _DAY, zone):
        raise NotATimeError("hour")
    return instant


def _minute(local: dt.datetime) -> int:
    midnight = dt.datetime.combine(local.date(), dt.time())
    if local.astimezone(dt.UTC) == _midnight(midnight, local.tzinfo):
        return 0  # also where the clock says 01:00, since midnight never came
    minutes, rest = divmod(local.replace(tzinfo=None) - midnight, dt.timedelta(minutes=1))
    return BETWEEN_MINUTES if rest else minutes


def read_timestamp(text: str, epoch: int = 1900) -> dt.datetime:
    """Read ISO 8601, `dd.mm.yyyy [HH:MM[:SS]]`, or an Excel serial day; naive unless it has an offset."""
    try:
        timestamp = _parse_timestamp(text.strip(), epoch)
    except (ValueError, OverflowError):
        raise NotATimeError("date") from None
    if timestamp.year not in _YEARS:
        raise NotATimeError("date")
    return timestamp


def _parse_timestamp(text: str, epoch: int) -> dt.datetime:
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year, *clock = (int(group or 0) for group in match.groups())
        year += 2000 if len(match[3]) == 2 else 0
        hour, minute, second = clock
        next_day = _DAY if (hour, minute, second) == (24, 0, 0) else dt.timedelta()
        return dt.datetime(year, month, day, 0 if next_day else hour, minute, second) + next_day  # noqa: DTZ001
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return _from_serial(float(text) + (_DAYS_TO_1904 if epoch == 1904 else 0))
    return _from_iso(text)


def _from_serial(days: float) -> dt.datetime:
    # A serial is a float of days: its seconds are exact only after rounding.
    return _EXCEL_EPOCH + dt.timedelta(seconds=round(days * 86_400))


def _from_iso(text: str) -> dt.datetime:
    # fromisoformat also reads `20250401` and week dates, which are more likely numbers in a meter file.
    if not re.match(r"\d{4}-\d{2}-\d{2}(?:$|[T ])", text):
        raise NotATimeError("date")
    if re.fullmatch(r".{10}[T ]24:00(:00)?", text):
        return dt.datetime.fromisoformat(text[:10]) + _DAY
    return dt.datetime.fromisoformat(text)


def read_interval_length(text: str) -> dt.timedelta:
    """Read the length of an interval as a row states it: ISO 8601 (`PT15M`), or a number of minutes, hours or days.

    Raises:
        NotATimeError: it is none of these, or not within a day.

    """
    if match := _ISO_DURATION.fullmatch(text.strip()):
        days, hours, minutes = (int(group or 0) for group in match.groups())
        length = dt.timedelta(days=days, hours=hours, minutes=minutes)
    elif match := _LENGTH.fullmatch(text.strip()):
        length = int(match["number"]) * _LENGTHS[match["unit"].lower()[:1]]
    else:
        raise NotATimeError("interval")
    if not dt.timedelta() < length <= _DAY:
        raise NotATimeError("interval")
    return length


def read_hour(text: str, times: Times) -> tuple[dt.timedelta, bool]:
    """Read the cell of an hour: its offset from midnight, and whether that is the interval's start."""
    if _NEXT_MIDNIGHT.fullmatch(text.strip()):
        text = "24:00"
    ends = re.split(r"\s*[-–—]\s*", text.strip())
    if len(ends) == 2:
        start, end = (_clock(end) for end in ends)
        if end == dt.timedelta() and start > end:
            end = _DAY
        if end - start != times.interval:
            raise NotATimeError("hour")
        return start, True
    if len(ends) != 1:
        raise NotATimeError("hour")
    # Half-hours are counted as often as hours: a number alone says neither.
    if times.interval != _HOUR and _NUMBER.fullmatch(ends[0]):
        raise NotATimeError("hour")
    offset = _fraction_of_day(ends[0], times.interval) if _FRACTION.fullmatch(ends[0]) else _clock(ends[0])
    if times.stamp == "start" and offset >= _DAY:
        raise NotATimeError("hour")
    return offset, times.stamp == "start"


def _fraction_of_day(text: str, interval: dt.timedelta) -> dt.timedelta:
    """Read a workbook's time that is not shown as one: 0.25 is 06:00, never 00:25."""
    offset = dt.timedelta(seconds=round(float(text.replace(",", ".")) * 86_400))
    if offset % interval:
        raise NotATimeError("hour")
    return offset


def _clock(text: str) -> dt.timedelta:
    match = _CLOCK.fullmatch(text)
    if not match:
        raise NotATimeError("hour")
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    offset = dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if minutes > 59 or seconds > 59 or offset > _DAY:
        raise NotATimeError("hour")
    return offset


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name.strip())
    except (KeyError, OSError, ValueError):
        raise NotATimeError("date") from None


def _to_utc(timestamp: dt.datetime, zone: ZoneInfo, *, cell: Literal["date", "hour"]) -> dt.datetime:
    if timestamp.tzinfo:
        return timestamp.astimezone(dt.UTC)
    first = timestamp.replace(tzinfo=zone)
    second = timestamp.replace(tzinfo=zone, fold=1)
    # The two folds of a wall clock differ where clocks changed: in an hour that came twice, or never.
    if first.utcoffset() != second.utcoffset():
        raise NotATimeError(cell)
    return first.astimezone(dt.UTC)
