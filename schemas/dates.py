"""Read the many ways in which files write a date or a time stamp; nothing is guessed."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal, NamedTuple

from schemas.months import MONTH_WORD, find_month
from schemas.time_faults import TIME_FAULTS, YEARS, TimeFault

ORDERS = ("day-first", "month-first")
EPOCHS = {"epoch-seconds": 1, "epoch-milliseconds": 1_000}
"""How a mapping says that dates count time from 1970 → how often in a second."""
_EXCEL_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - wall-clock time, its zone is the mapping's
_UNIX_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAYS_TO_1904 = 1462
_DAY = dt.timedelta(days=1)
_CLOCK = r"""
    (?:(?:\s*,\s*|\s+|T)(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?
    (?:\s*(?P<half>[ap])\.?m\.?)?(?:\s*(?P<zone>Z|UTC|GMT|\+\d{2}:?\d{2}))?)?
"""
_YEAR_MARK = r"(?:\s*г(?:\.|ода?\b|(?=\s|,|$)))?"
_SPELLINGS = [
    re.compile(rf"(?ix){date}{_YEAR_MARK}{_CLOCK}")
    for date in (
        r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
        r"(?P<first>\d{1,2})\s*(?P<mark>[-/.])\s*(?P<then>\d{1,2})\s*(?P=mark)\s*(?P<year>\d{4}|\d{2})",
        rf"(?P<day>\d{{1,2}})[\s./-]*(?P<word>{MONTH_WORD})[\s,./-]*(?P<year>\d{{4}}|\d{{2}})",
        rf"(?P<word>{MONTH_WORD})[\s./-]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,\s*|[\s./-]+)(?P<year>\d{{4}}|\d{{2}})",
    )
]
_COMPACT = re.compile(rf"(?ix)(?P<digits>\d{{8}})(?:\.0)?{_CLOCK}")
_PLAIN_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_LIKE_A_RANGE = re.compile(r".{10} \d{2}:\d{2}-\d{2}:\d{2}")
"""01:00-02:00: a range of hours, or a time with its offset."""


TimeCell = Literal["date", "hour", "interval", "end_hour"]
"""What the cell says: `interval` its length or end, `end_hour` the time of day of that, in a column of its own."""


class NotATimeError(ValueError):
    """A time cannot be read, does not exist or is ambiguous; `cell` says which one, `fault` why."""

    def __init__(self, cell: TimeCell, fault: TimeFault) -> None:
        self.cell = cell
        self.fault = fault
        super().__init__(TIME_FAULTS[fault].english)


class DateStyle(NamedTuple):
    """How a file writes dates."""

    epoch: int = 1900
    """The year from which a workbook counts days."""
    dates: str | None = None
    """A key of EPOCHS, one of ORDERS, or a format for `strptime`; None: only what can be read in one way is read."""


def check_dates(value: str) -> str:
    """Return what a mapping says of its dates.

    Raises:
        ValueError: what is allowed.

    """
    if value in ORDERS or value in EPOCHS:
        return value
    example = dt.datetime(2025, 4, 13)  # noqa: DTZ001
    try:
        is_whole = "%" in value and dt.datetime.strptime(example.strftime(value), value).date() == example.date()  # noqa: DTZ007
    except ValueError:
        is_whole = False
    if not is_whole:
        words = ", ".join((*ORDERS, *EPOCHS))
        raise ValueError(f"one of {words}, or a format with day, month and year such as '%d. %m. %Y %H:%M'")
    return value


def read_timestamp(text: str, style: DateStyle = DateStyle()) -> dt.datetime:  # noqa: B008 - it is immutable
    """Read a date or a time stamp; naive unless it says its offset.

    Raises:
        NotATimeError: it is none, or may mean several.

    """
    if not (text := text.strip()):
        raise NotATimeError("date", TimeFault.EMPTY)
    try:
        timestamp = _read(text, style)
    except NotATimeError:
        raise
    except (ValueError, OverflowError):
        is_in_style = style.dates is None or style.dates in ORDERS
        raise NotATimeError("date", TimeFault.NOT_A_DATE if is_in_style else TimeFault.OTHER_STYLE) from None
    if timestamp.year not in YEARS:
        raise NotATimeError("date", TimeFault.YEAR)
    return timestamp


def _read(text: str, style: DateStyle) -> dt.datetime:
    if style.dates in EPOCHS:
        return _from_epoch(text, EPOCHS[style.dates])
    if style.dates and style.dates not in ORDERS:
        return _from_format(text, style.dates)
    if style.dates != "month-first" and (match := _PLAIN_DAY_FIRST.fullmatch(text)):
        day, month, year, hour, minute, second = (int(group or 0) for group in match.groups())
        return _combine(_century(year, match[3]), month, day, (hour, minute, second))
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return _from_serial(float(text) + (_DAYS_TO_1904 if style.epoch == 1904 else 0))
    return _from_iso(text) or _from_words(text, style.dates)


def _from_serial(days: float) -> dt.datetime:
    # A serial is a float of days: its seconds are exact only after rounding.
    return _EXCEL_EPOCH + dt.timedelta(seconds=round(days * 86_400))


def _from_epoch(text: str, per_second: int) -> dt.datetime:
    if re.fullmatch(r"\d{9,14}(\.\d+)?", text):
        return _UNIX_EPOCH + dt.timedelta(microseconds=round(float(text) * 1_000_000 / per_second))
    if timestamp := _from_iso(text):
        return timestamp
    raise NotATimeError("date", TimeFault.OTHER_STYLE)


def _from_format(text: str, date_format: str) -> dt.datetime:
    text = text.removesuffix(".0") if text[:-2].isdecimal() else text  # a number of a workbook
    spelled = re.sub(r"[^\W\d_]+\.?", _english_month, text) if re.search("%[bB]", date_format) else text
    try:
        return dt.datetime.strptime(spelled, date_format)  # noqa: DTZ007 - the zone is the mapping's
    except ValueError:
        midnight = spelled.replace("24:00", "00:00")
        if midnight != spelled and (day := dt.datetime.strptime(midnight, date_format)).time() == dt.time():  # noqa: DTZ007
            return day + _DAY
        # A date cell of a workbook is ISO, whatever its format shows.
        if not date_format.startswith("%Y") and (timestamp := _from_iso(text)):
            return timestamp
        raise


def _english_month(word: re.Match[str]) -> str:
    month = find_month(word[0])
    return dt.date(2000, month, 1).strftime("%b") if month else word[0]


def _from_iso(text: str) -> dt.datetime | None:
    # fromisoformat also reads `20250401` and week dates, which are more likely numbers in a meter file.
    if not re.match(r"\d{4}-\d{2}-\d{2}(?:$|[T ])", text):
        return None
    if len(text) == 22 and _LIKE_A_RANGE.fullmatch(text):
        raise NotATimeError("date", TimeFault.SEVERAL_DATES)
    if re.fullmatch(r".{10}[T ]24:00(:00)?", text):
        return _combine(int(text[:4]), int(text[5:7]), int(text[8:10]), (24, 0, 0))
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _from_words(text: str, order: str | None) -> dt.datetime:
    """Read every other spelling; `order` says which of day and month is first, where that is not plain."""
    match = next((match for spelling in _SPELLINGS if (match := spelling.fullmatch(text))), None)
    if match is None and order and (match := _COMPACT.fullmatch(text)):
        year, month, day = _from_digits(match["digits"], order)
        return _combine_match(year, month, day, match)
    if match is None:
        raise NotATimeError("date", TimeFault.SEVERAL_DATES if _COMPACT.fullmatch(text) else TimeFault.NOT_A_DATE)
    parts = match.groupdict()
    is_plain = parts["mark"] == "." if "first" in parts else "word" not in parts or len(parts["year"]) == 4
    if order is None and not is_plain:
        raise NotATimeError("date", TimeFault.SEVERAL_DATES)
    if "first" in parts:
        day, month = int(parts["first"]), int(parts["then"])
        day, month = (month, day) if order == "month-first" else (day, month)
    else:
        day = int(parts["day"])
        month = (find_month(parts["word"]) or 0) if "word" in parts else int(parts["month"])
    return _combine_match(_century(int(parts["year"]), parts["year"]), month, day, match)


def _from_digits(digits: str, order: str) -> tuple[int, int, int]:
    if int(digits[:4]) in YEARS:
        return int(digits[:4]), int(digits[4:6]), int(digits[6:])
    first, second = int(digits[:2]), int(digits[2:4])
    return (int(digits[4:]), second, first) if order == "day-first" else (int(digits[4:]), first, second)


def _century(year: int, digits: str) -> int:
    return year + 2000 if len(digits) == 2 else year


def _combine_match(year: int, month: int, day: int, match: re.Match[str]) -> dt.datetime:
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    if match["hour"] and not match["minute"] and not match["half"]:
        raise NotATimeError("date", TimeFault.NOT_AN_HOUR)
    if match["half"]:
        hour = hour_of_half(hour, match["half"], cell="date")
    timestamp = _combine(year, month, day, (hour, minute, second))
    timestamp += dt.timedelta(microseconds=int((match["fraction"] or "")[:6].ljust(6, "0")))
    return timestamp.replace(tzinfo=_zone(match["zone"])) if match["zone"] else timestamp


def hour_of_half(hour: int, half: str, *, cell: TimeCell) -> int:
    """Return which hour of the day one from 12 to 11 of its first half (`a`) or second (`p`) is.

    Raises:
        NotATimeError: there is no such hour.

    """
    if not 1 <= hour <= 12:
        raise NotATimeError(cell, TimeFault.OUTSIDE_DAY)
    return hour % 12 + (12 if half.lower() == "p" else 0)


def _zone(text: str) -> dt.tzinfo:
    if not text.startswith("+"):
        return dt.UTC
    return dt.timezone(dt.timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _combine(year: int, month: int, day: int, clock: tuple[int, int, int]) -> dt.datetime:
    try:
        midnight = dt.datetime(year, month, day)  # noqa: DTZ001
    except ValueError:
        raise NotATimeError("date", TimeFault.NO_SUCH_DATE) from None
    if clock == (24, 0, 0):
        return midnight + _DAY
    try:
        return midnight.replace(hour=clock[0], minute=clock[1], second=clock[2])
    except ValueError:
        raise NotATimeError("date", TimeFault.OUTSIDE_DAY) from None
