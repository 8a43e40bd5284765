"""Read how long an interval is, as a mapping or a row says it."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Literal, NamedTuple

from schemas.dates import NotATimeError
from schemas.time_faults import TimeFault
from schemas.units import Unit, find_units

Calendar = Literal["day", "week", "month"]
CALENDARS: tuple[Calendar, ...] = ("day", "week", "month")
MAX_LENGTH = dt.timedelta(days=366)
_ISO_DURATION = re.compile(r"P(?=.)(?:(\d{1,3})W)?(?:(\d{1,3})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,6})M)?)?")
_ISO_MONTHS = re.compile(r"P(\d{1,2})M")
_UNITS = (
    r"m|min|minutes?|h|hours?|d|days?|w|weeks?|months?"
    r"|мин\.?|минут[аы]?|ч\.?|час(?:а|ов)?|д|день|дн(?:я|ей)|сут\.?|сутки|суток|нед\.?|недел[яиь]|мес\.?|месяц(?:а|ев)?"
)
_LENGTH = re.compile(rf"(?P<number>\d{{1,6}})(?:\.0)?\s*(?P<unit>|{_UNITS})", re.IGNORECASE)
_ONE = re.compile(r"час|сутки|день|неделя|месяц|hour|day|week|month", re.IGNORECASE)
_WITHOUT_UNIT = re.compile(r"\s*\d+(?:\.0)?\s*")
_SNAP = re.compile(r"(\d{1,4})\s*(s|sec|min|m)")
_MINUTES_OF_DAY = 1440
_MONTH = dt.timedelta(days=31)
_LENGTHS = {
    **dict.fromkeys(("", "m", "м"), dt.timedelta(minutes=1)),
    **dict.fromkeys(("h", "ч"), dt.timedelta(hours=1)),
    **dict.fromkeys(("d", "д", "с"), dt.timedelta(days=1)),
    **dict.fromkeys(("w", "н"), dt.timedelta(weeks=1)),
}
"""First letter of a unit of time → its length."""


class Length(NamedTuple):
    """How long an interval is."""

    span: dt.timedelta
    """Of months the longest that they can be."""
    months: int = 0
    """Calendar months; then `span` is only about."""


def length_of(calendar_interval: Calendar) -> Length:
    """Return the length of a calendar interval."""
    days = {"day": 1, "week": 7, "month": 31}[calendar_interval]
    return Length(dt.timedelta(days=days), int(calendar_interval == "month"))


def find_unit_of_length(text: str) -> Unit | None:
    """Find the unit of time that a mapping or a heading names: `s`, `Интервал, мин`, `interval_minutes`."""
    units = [unit for word in re.split(r"[\W_]+", text) for unit in find_units(word)]
    return next((unit for unit in units if unit.dimension == "duration"), None)


def has_no_unit(text: str) -> bool:
    """Return True for a length that is a number alone."""
    return bool(_WITHOUT_UNIT.fullmatch(text))


def read_length(text: str, unit_of_numbers: str | None = None) -> Length:
    """Read the length of an interval as a row states it: ISO 8601 (`PT15M`), or a number of minutes up to months.

    A number alone is in the unit that is stated for the column, else in minutes.

    Raises:
        NotATimeError: it is none of these, or longer than a year, or a number alone that is more than a day.

    """
    text = f"1 {text.strip()}" if _ONE.fullmatch(text.strip()) else text.strip()
    match = _LENGTH.fullmatch(text)
    unit = match["unit"].lower() if match else ""
    if months := _ISO_MONTHS.fullmatch(text):
        length = Length(int(months[1]) * _MONTH, int(months[1]))
    elif match and unit.startswith(("мес", "mo")):
        length = Length(int(match["number"]) * _MONTH, int(match["number"]))
    elif match and not unit and (of_numbers := find_unit_of_length(unit_of_numbers or "")):
        length = Length(dt.timedelta(seconds=round(int(match["number"]) * of_numbers.factor * 3600)))
    elif match and not unit and int(match["number"]) > _MINUTES_OF_DAY:
        raise NotATimeError("interval", TimeFault.LENGTH_WITHOUT_UNIT)
    elif match:
        length = Length(int(match["number"]) * _LENGTHS[unit[:1]])
    elif match := _ISO_DURATION.fullmatch(text):
        weeks, days, hours, minutes = (int(group or 0) for group in match.groups())
        length = Length(dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes))
    else:
        raise NotATimeError("interval", TimeFault.INTERVAL)
    is_whole = not length.span % dt.timedelta(minutes=1)
    if not is_whole or not dt.timedelta() < length.span <= MAX_LENGTH + dt.timedelta(days=6) * bool(length.months):
        raise NotATimeError("interval", TimeFault.INTERVAL)
    return length


def add_months(moment: dt.datetime, months: int) -> dt.datetime:
    """Return the same day and time some months later, or the last day of a month that is shorter."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


def read_snap(text: str) -> dt.timedelta:
    """Read how far a stamp may be off: `30s`, `2min`.

    Raises:
        ValueError: what is allowed.

    """
    match = _SNAP.fullmatch(text)
    if not match or not int(match[1]):
        raise ValueError("a number of seconds or minutes, such as 30s or 2min")
    return dt.timedelta(**{"seconds" if match[2].startswith("s") else "minutes": int(match[1])})
