"""Turn the dates, hours and lengths that files write into intervals in UTC; nothing is guessed."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.dates import DateStyle, NotATimeError, TimeCell, read_timestamp
from schemas.hours import Stamp, read_hour, read_mark, read_number, read_time_of_day
from schemas.lengths import MAX_LENGTH, Calendar, add_months
from schemas.periods import Period, read_period
from schemas.time_faults import TimeFault

_DAY = dt.timedelta(days=1)
_HOUR = dt.timedelta(hours=1)
_MINUTE = dt.timedelta(minutes=1)
_DAY_OF_MONTH = re.compile(r"[^\d]*(\d{1,2})(?:\.0)?(?:\s*[^\d]*)")


class AmbiguousTimeError(NotATimeError):
    """Clocks were set back over a local time, which came twice."""

    def __init__(self, cell: TimeCell, local: dt.datetime) -> None:
        self.local = local
        super().__init__(cell, TimeFault.CAME_TWICE)


class Times(NamedTuple):
    """How a supplier writes times."""

    zone: ZoneInfo
    interval: dt.timedelta
    stamp: Stamp
    epoch: int = 1900
    counts_intervals: bool = False
    """The hour's cell holds the number of the interval in its local day, from 1."""
    dates: str | None = None
    """See `DateStyle`."""
    date: str | None = None
    """The date that the file says outside the table: `2025-04-01`, or `2025-04` where a column has the day."""
    months: int = 0
    """How many calendar months an interval has; `interval` is then only about."""
    calendar: Calendar | None = None
    """The mapping says that intervals are days, weeks from Monday, or months from the first."""
    snap: dt.timedelta = dt.timedelta()
    """A stamp at most so far off the grid of intervals is moved to it."""
    any_period: bool = True
    """A cell may state a period of any length; else only one of `interval`."""

    @property
    def style(self) -> DateStyle:
        """How the supplier writes dates."""
        return DateStyle(self.epoch, self.dates)


BETWEEN_MINUTES = -1


class Interval(NamedTuple):
    """When an interval starts and ends."""

    start: int
    """Microseconds since 1970 UTC."""
    end: int
    minute: int
    """Of the local day at its start, by the clock on the wall; BETWEEN_MINUTES if it is none, or no start of its
    calendar interval."""
    length: int = 0
    """Minutes by the clock on the wall, where the file or a calendar states them, negative where it is a number of
    nobody says what; else 0."""


@lru_cache(maxsize=100_000)
def read_interval(
    date: str,
    hour: str | None,
    tz: str | None,
    times: Times,
    *,
    end: str | None = None,
    end_hour: str | None = None,
    fold: int | None = None,
) -> Interval:
    """Return the interval that a reading is of.

    `date` is a date with `hour` beside it (`0-1`, `00:00-01:00`, `13`, `24:00`), or a whole time stamp or a period
    if `hour` is None; beside the number of an interval it may be the time of the first one. An ISO offset in the stamp
    beats `tz`, `tz` beats the supplier's zone. `end` is the text of a column with the interval's end, or with its date
    where `end_hour` is that of one with its time of day. `fold` tells the first (0) from the second time of an hour
    that comes twice; so does a mark behind it (`2:00A`, `2:00B`).

    Raises:
        NotATimeError: the text is not a time, or a clock change skipped or repeated the local time.

    """
    zone = _zone(tz) if tz else times.zone
    stamp, mark = read_mark(date if hour is None else hour) if end is end_hour is None else (hour or date, None)
    try:
        timestamp = _read_date(stamp if hour is None else date, times)
    except NotATimeError as error:
        if not (hour is end is end_hour is None):
            raise
        return _between(_read_period(date, times, error), zone, times, cell="date", fold=fold)
    is_moment = timestamp.time() != dt.time() or timestamp.tzinfo is not None
    if hour is not None and is_moment and not times.counts_intervals:
        raise NotATimeError("date", TimeFault.CLOCK_BESIDE_HOUR)
    if end_hour is not None or end is not None:
        start = timestamp if hour is None else timestamp + _read_time_of_day(hour, times, cell="hour")
        period = Period(start, _read_end(start, end, end_hour, times))
        cell: TimeCell = "interval" if end_hour is None else "end_hour"
        return _between(period, zone, times, start_cell="date" if hour is None else "hour", cell=cell, fold=fold)
    if hour is not None and times.counts_intervals and is_moment:
        first, last = _numbered_from(timestamp, hour, zone, times, fold=fold)
    elif hour is not None and times.counts_intervals:
        first = _numbered_interval(timestamp, hour, zone, times.interval)
        last = _midnight(timestamp + _DAY, zone) if times.interval >= _DAY else first + times.interval
    elif hour is not None:
        offset, is_start = read_hour(stamp, times.interval, times.stamp)
        first, last = _of_marked(timestamp + offset, zone, times, is_start=is_start, cell="hour", fold=fold, mark=mark)
    else:
        is_start = times.stamp == "start"
        first, last = _of_marked(timestamp, zone, times, is_start=is_start, cell="date", fold=fold, mark=mark)
    local = first.astimezone(zone)
    return Interval(_micros(first), _micros(last), _minute(local, times.calendar), _length(local, last, times))


def _read_date(text: str, times: Times) -> dt.datetime:
    if times.date is None:
        return read_timestamp(text, times.style)
    if times.date.count("-") == 2:
        return read_timestamp(times.date)
    match = _DAY_OF_MONTH.fullmatch(text)
    if not match:
        raise NotATimeError("date", TimeFault.NOT_A_DATE if text.strip() else TimeFault.EMPTY)
    return read_timestamp(f"{times.date}-{int(match[1]):02}")


def _read_period(text: str, times: Times, as_date: NotATimeError) -> Period:
    """Read a period; of a text that is none, what is wrong with it as a date."""
    try:
        period = read_period(text, times.style)
    except NotATimeError as error:
        fault = as_date.fault if error.fault is TimeFault.NOT_A_DATE else error.fault
        raise NotATimeError("date", fault) from None
    if not times.any_period and _moved(period.start, times, 1) != period.end:
        raise NotATimeError("date", TimeFault.PERIOD)
    return period


def _read_end(start: dt.datetime, text: str | None, hour: str | None, times: Times) -> dt.datetime:
    """Read when an interval ends: a date or stamp, a date and an hour, or an hour of the day that it starts on."""
    if text is None:
        offset = _read_time_of_day(hour or "", times, cell="end_hour")
        return start.replace(hour=0, minute=0, second=0, microsecond=0) + (offset or _DAY)
    try:
        end = read_timestamp(text, times.style)
    except NotATimeError as error:
        raise NotATimeError("interval", error.fault) from None
    if hour is None:
        return end
    if end.time() != dt.time() or end.tzinfo:
        raise NotATimeError("interval", TimeFault.CLOCK_BESIDE_HOUR)
    return end + _read_time_of_day(hour, times, cell="end_hour")


def _read_time_of_day(text: str, times: Times, *, cell: TimeCell) -> dt.timedelta:
    try:
        return read_time_of_day(text, times.interval)
    except NotATimeError as error:
        raise NotATimeError(cell, error.fault) from None


def _micros(instant: dt.datetime) -> int:
    return (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _day_of(local: dt.datetime) -> dt.datetime:
    return dt.datetime.combine(local.date(), dt.time())


def _length(local: dt.datetime, end: dt.datetime, times: Times) -> int:
    """Return the minutes of an interval of the calendar, else 0: then the caller knows its length."""
    if not (times.calendar or times.months):
        return 0
    return (_day_of(end.astimezone(local.tzinfo)) - _day_of(local)) // _MINUTE


def _of_marked(
    timestamp: dt.datetime,
    zone: ZoneInfo,
    times: Times,
    *,
    is_start: bool,
    cell: TimeCell,
    fold: int | None,
    mark: int | None,
) -> tuple[dt.datetime, dt.datetime]:
    """Return start and end of the interval of a stamp that may be marked as the first or second of its name."""
    if mark is not None:
        # In hours by their end, 3A and 3B are those that begin at 2.
        if not is_start and not _comes_twice(timestamp, zone):
            timestamp, is_start = timestamp - times.interval, True
        if times.interval > _HOUR or not _comes_twice(timestamp, zone):
            raise NotATimeError(cell, TimeFault.MARKED_ONCE)
        fold = mark
    return _of_stamp(timestamp, zone, times, is_start=is_start, cell=cell, fold=fold)


def _comes_twice(local: dt.datetime, zone: ZoneInfo) -> bool:
    first, second = (local.replace(tzinfo=zone, fold=which).utcoffset() or dt.timedelta() for which in (0, 1))
    return local.tzinfo is None and first > second


def _of_stamp(
    timestamp: dt.datetime,
    zone: ZoneInfo,
    times: Times,
    *,
    is_start: bool,
    cell: TimeCell,
    fold: int | None,
) -> tuple[dt.datetime, dt.datetime]:
    """Return start and end of the interval that a stamp is the start or the end of."""
    interval = times.interval
    if interval <= _HOUR:
        instant = _to_utc(timestamp, zone, cell=cell, fold=fold)
        if times.snap:
            instant += _way_to_grid(instant.astimezone(zone), times)
        return (instant, instant + interval) if is_start else (instant - interval, instant)
    # A day with a clock change is longer or shorter, and begins at midnight all the same.
    local = _on_the_wall(timestamp, zone)
    local += _way_to_grid(local, times)
    if not is_start:
        return _instant(_moved(local, times, -1), zone, cell=cell), _midnight(local, zone)
    start = _instant(local, zone, cell=cell)
    day = _day_of(local)
    # Where midnight never came, the day began later by the clock.
    begin = day if _midnight(day, zone) == start else local
    return start, _midnight(_moved(begin, times, 1), zone)


def _moved(local: dt.datetime, times: Times, intervals: int) -> dt.datetime:
    """Return the time some intervals later by the local clock: a day is a day, and a month a month."""
    if times.months:
        return add_months(local, intervals * times.months)
    return local + intervals * times.interval


def _way_to_grid(local: dt.datetime, times: Times) -> dt.timedelta:
    """Return by how much a stamp is moved: to the nearest start of an interval, if that is near enough."""
    if not times.snap:
        return dt.timedelta()
    step = min(times.interval, _DAY)
    over = (local.replace(tzinfo=None) - _day_of(local)) % step
    way = -over if over <= step / 2 else step - over
    return way if abs(way) <= times.snap else dt.timedelta()


def _on_the_wall(timestamp: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    return timestamp.astimezone(zone).replace(tzinfo=None) if timestamp.tzinfo else timestamp


def _instant(local: dt.datetime, zone: ZoneInfo, *, cell: TimeCell) -> dt.datetime:
    return _midnight(local, zone) if local.time() == dt.time() else _to_utc(local, zone, cell=cell)


def _between(
    period: Period, zone: ZoneInfo, times: Times, *, start_cell: TimeCell = "date", cell: TimeCell, fold: int | None
) -> Interval:
    """Return the interval between two stamps; `cell` is that of its end."""
    first, last = (_on_the_wall(moment, zone) for moment in period)
    first, last = (moment + _way_to_grid(moment, times) for moment in (first, last))
    on_the_wall = last - first
    is_set_back = -_HOUR < on_the_wall <= dt.timedelta() and not (period.start.tzinfo or period.end.tzinfo)
    if not is_set_back and not dt.timedelta() < on_the_wall <= MAX_LENGTH:
        raise NotATimeError(cell, TimeFault.INTERVAL)
    if is_set_back:
        # Clocks were set back meanwhile: 02:45-02:00, which ends when 02:00 came again. Else it ends before it starts.
        start, end = _to_utc(first, zone, cell=start_cell, fold=fold), _to_utc(last, zone, cell=cell, fold=1)
    elif period.start.tzinfo and period.end.tzinfo:
        start, end = ((moment.astimezone(dt.UTC)) for moment in period)
    elif on_the_wall <= _HOUR:
        # As with hours that are written 1-2: its end may be a time that clocks skip or repeat.
        start = _to_utc(first, zone, cell=start_cell, fold=fold)
        end = start + on_the_wall
    else:
        start, end = _instant(first, zone, cell=start_cell), _instant(last, zone, cell=cell)
    length, rest = divmod(on_the_wall if on_the_wall >= _DAY else end - start, _MINUTE)
    if rest or length <= 0:
        raise NotATimeError(cell, TimeFault.INTERVAL)
    return Interval(_micros(start), _micros(end), _minute(start.astimezone(zone), None), length)


def _midnight(local: dt.datetime, zone: dt.tzinfo | None) -> dt.datetime:
    """Return when a local day begins: of a time that comes twice the first, of one that never comes what does."""
    return local.replace(tzinfo=zone, fold=0).astimezone(dt.UTC)


def _numbered_interval(day: dt.datetime, number: str, zone: ZoneInfo, interval: dt.timedelta) -> dt.datetime:
    instant = _midnight(day, zone) + (read_number(number) - 1) * interval
    if not _midnight(day, zone) <= instant < _midnight(day + _DAY, zone):
        raise NotATimeError("hour", TimeFault.OUTSIDE_DAY)
    return instant


def _numbered_from(
    start: dt.datetime, number: str, zone: ZoneInfo, times: Times, *, fold: int | None
) -> tuple[dt.datetime, dt.datetime]:
    """Return start and end of the interval with a number, of those of which the first one starts at a moment."""
    before = read_number(number) - 1
    if before < 0:
        raise NotATimeError("hour", TimeFault.NOT_AN_HOUR)
    if times.interval <= _HOUR:
        first = _to_utc(start, zone, cell="date", fold=fold) + before * times.interval
        return first, first + times.interval
    local = _on_the_wall(start, zone)
    first, last = (_moved(local, times, count) for count in (before, before + 1))
    return _instant(first, zone, cell="date"), _midnight(last, zone)


def _minute(local: dt.datetime, calendar: Calendar | None) -> int:
    if (calendar == "week" and local.weekday()) or (calendar == "month" and local.day != 1):
        return BETWEEN_MINUTES
    midnight = _day_of(local)
    if local.astimezone(dt.UTC) == _midnight(midnight, local.tzinfo):
        return 0  # also where the clock says 01:00, since midnight never came
    minutes, rest = divmod(local.replace(tzinfo=None) - midnight, _MINUTE)
    return BETWEEN_MINUTES if rest else minutes


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name.strip())
    except (KeyError, OSError, ValueError):
        raise NotATimeError("date", TimeFault.UNKNOWN_ZONE) from None


def _to_utc(timestamp: dt.datetime, zone: ZoneInfo, *, cell: TimeCell, fold: int | None = None) -> dt.datetime:
    if timestamp.tzinfo:
        return timestamp.astimezone(dt.UTC)
    moments = [timestamp.replace(tzinfo=zone, fold=which) for which in (0, 1)]
    # The two folds of a wall clock differ where clocks changed: in an hour that came twice, or never.
    before, after = (moment.utcoffset() or dt.timedelta() for moment in moments)
    if before < after:
        raise NotATimeError(cell, TimeFault.NEVER_CAME)
    if before > after and fold is None:
        raise AmbiguousTimeError(cell, timestamp)
    return moments[fold or 0].astimezone(dt.UTC)
