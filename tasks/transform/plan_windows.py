"""Which days a refresh covers: those that retention has kept, in windows that one transaction can hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas.windows import Window

DAY = dt.timedelta(days=1)
# No transaction gets longer than a week of the city.
_MAX_DAYS = 7


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


def split_windows(windows: Iterable[Window]) -> Iterator[Window]:
    """Yield the windows in pieces of at most a week."""
    for first, last in windows:
        for day in range(0, (last - first).days + 1, _MAX_DAYS):
            start = first + day * DAY
            yield Window(start, min(start + (_MAX_DAYS - 1) * DAY, last))
