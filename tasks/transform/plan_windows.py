"""Which days a refresh covers: those that retention has kept, in windows that one transaction can hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas.windows import Window

DAY = dt.timedelta(days=1)
# No transaction gets longer than a week of the city, nor locks more partitions than a year of one building has.
_MAX_BUILDING_DAYS = 250_000
_MAX_DAYS = 366


class RetentionSplit(NamedTuple):
    """Windows from the start of retention on, and those before it."""

    kept: list[Window]
    dropped: list[Window]


def split_at_retention(windows: Iterable[Window], retention_start: dt.date | None) -> RetentionSplit:
    """Split windows at the first day that is kept whole; None: everything is kept."""
    if retention_start is None:
        return RetentionSplit(list(windows), [])
    kept, dropped = [], []
    for first, last in windows:
        if last >= retention_start:
            kept.append(Window(max(first, retention_start), last))
        if first < retention_start:
            dropped.append(Window(first, min(last, retention_start - DAY)))
    return RetentionSplit(kept, dropped)


def split_windows(building_days: Mapping[dt.date, int]) -> list[Window]:
    """Join neighbouring days into windows, in the order of time, as long as one transaction can hold them.

    `building_days`: local day → how many buildings of it are meant.
    """
    windows: list[Window] = []
    held = 0
    for day in sorted(building_days):
        held += building_days[day]
        last = windows[-1] if windows else None
        if last and last.last + DAY == day and held <= _MAX_BUILDING_DAYS and (day - last.first).days < _MAX_DAYS:
            windows[-1] = Window(last.first, day)
        else:
            windows.append(Window(day, day))
            held = building_days[day]
    return windows
