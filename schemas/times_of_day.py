"""Read the intervals that stand side by side in one line of a day."""

from __future__ import annotations

from schemas.dates import NotATimeError
from schemas.times import AmbiguousTimeError, Interval, Times, read_interval


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
    except AmbiguousTimeError:
        if is_again is None:
            raise
        return read_interval(date, hour, tz, times, fold=int(is_again))
    except NotATimeError as error:
        if error.cell != "hour":
            raise
        return None
    return None if is_again else found
