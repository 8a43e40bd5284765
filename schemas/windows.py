"""Windows of local days: what changed, as few ranges as it takes and none that spans what did not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Bounds(NamedTuple):
    """From a local midnight, included, to another one."""

    since: dt.datetime
    until: dt.datetime


class Window(NamedTuple):
    """First and last local day, both included."""

    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        return f"{self.first}:{self.last}"

    def bounds(self, zone: ZoneInfo) -> Bounds:
        """Return from when to when the days are, in UTC."""
        return Bounds(local_midnight(self.first, zone), local_midnight(self.last + dt.timedelta(days=1), zone))


def windows_of(days: Iterable[dt.date]) -> list[Window]:
    """Join neighbouring days into windows, in the order of time; days that are far apart stay apart."""
    windows: list[Window] = []
    for day in sorted(set(days)):
        if windows and windows[-1].last + dt.timedelta(days=1) == day:
            windows[-1] = Window(windows[-1].first, day)
        else:
            windows.append(Window(day, day))
    return windows


def local_midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """Return when a local day begins, in UTC: at the first of two midnights, or when the clock went past it."""
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
