"""Which days a run is for."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from schemas.settings import Settings, date_of_folder


def days_of(start: dt.date, end: dt.date) -> list[dt.date]:
    """List the days from start to end, both included."""
    return [start + dt.timedelta(days=number) for number in range((end - start).days + 1)]


def resolve_day(date: dt.date | None, days_back: int, scheduled: dt.datetime, settings: Settings) -> dt.date:
    """Decide which day a run is for: the one asked for, else RAW_DIR's own, else the scheduled one.

    `days_back` counts from the scheduled local day: 1 is what the nightly schedules mean.
    """
    if date is not None:
        return date
    local = scheduled.astimezone(ZoneInfo(settings.default_tz)).date() - dt.timedelta(days=days_back)
    return date_of_folder(settings.raw_dir) or local
