"""Read the intervals that stand side by side in one line of a day."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from schemas.times import Interval, NotATimeError, Times, read_interval, read_timestamp


@lru_cache(maxsize=100_000)
def read_interval_of_day(
    date: str, hour: str, tz: str | None, times: Times, *, is_again: bool | None
) -> Interval | None:
    """Return the interval of a local day that starts at a time (`02:30`), or has a number; None: the day has none.

    `is_again`: whether it is the second one of an hour that comes twice; None: nothing says so.

    Raises:
        NotATimeError: the date cannot be read, or the hour comes twice and nothing says which one it is.

    """
    times = times._replace(stamp="start")
    try:
        found = read_interval(date, hour, tz, times)
    except NotATimeError as error:
        if error.cell != "hour":
            raise
    else:
        return None if is_again else found
    if times.counts_intervals:
        return None
    hours, minutes = map(int, hour.split(":"))
    local = read_timestamp(date, times.epoch) + dt.timedelta(hours=hours, minutes=minutes)
    zone = ZoneInfo(tz.strip()) if tz else times.zone
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if (first.utcoffset() or dt.timedelta()) < (second.utcoffset() or dt.timedelta()):
        return None
    if is_again is None:
        raise NotATimeError("hour")
    return read_interval((second if is_again else first).isoformat(), None, tz, times)
