"""Recognise how the dates of a column are spelled: read without a key, in an order that a key states, or ambiguous."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
PLAIN = ""
"""The key of spellings that are read without one."""
OPEN = "???"

_SAYS_TIME = re.compile(
    r"(?i)дат[аыу]|врем|период|месяц|\bдень|сутки|когда|момент|отсч[её]т"
    r"|(?<![a-z])(date|time|timestamp|datetime|day|month|period|epoch|unix|ts)(?![a-z])|time(stamp)?$|date$"
)
_BARE = re.compile(r"\d+(\.\d+)?")
_CLOCK = r"(?:,?[ T]+(?P<clock>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
_ZONE = r"(?P<zone>\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_YEAR_FIRST = re.compile(rf"(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})[-/.](?P<d>\d{{1,2}}){_CLOCK}{_ZONE}")
_DOTTED = re.compile(rf"(?P<d>\d{{1,2}})\.\s*(?P<m>\d{{1,2}})\.\s*(?P<y>\d{{4}}|\d{{2}})(?:\s*г\.?)?{_CLOCK}{_ZONE}")
_ORDERLESS = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<mark>[-/])(?P<b>\d{{1,2}})(?P=mark)(?P<y>\d{{4}}|(?<=/)\d{{2}}){_CLOCK}{_ZONE}"
)
_RANGE = re.compile(r"(?P<start>.+?\d{1,2}:\d{2}(?::\d{2})?)\s*(?:[-–—]|to|до|по)\s*(?P<end>.*\d{1,2}:\d{2}.*)")
_MONTHS = tuple(
    f"{russian}|{english}"
    for russian, english in zip(
        ("янв", "фев", "мар", "апр", "ма[йяе]", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        strict=True,
    )
)
_WORD = rf"(?P<m>{'|'.join(_MONTHS)})[a-zа-я]*\.?"
_DAY_WORD = re.compile(
    rf"(?i)(?:(?P<d>\d{{1,2}})[\s./-]*)?{_WORD}[\s,./-]*(?P<y>\d{{4}}|(?<=[-/])\d{{2}})(?:\s*г\w*\.?)?{_CLOCK}{_ZONE}"
)
_WORD_DAY = re.compile(rf"(?i){_WORD}\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}}){_CLOCK}{_ZONE}")
_YEARS = range(1990, 2070)
_MAX_LENGTH = 60
_MAX_HEADING = 200

ReadPlain = Callable[[str], dt.datetime | None]


class Dates(NamedTuple):
    """How the dates of a column are written."""

    key: str
    """The value of the mapping's `dates`: PLAIN (none is needed), OPEN (a person has to say it), or the spelling."""
    evidence: str
    times: list[dt.datetime | None]
    """The samples as times of the clock on the wall; None where one is not read."""
    has_offset: bool
    """Whether each says its offset from UTC."""


def says_time(heading: str) -> bool:
    """Return True if a heading speaks of a date or a time: only then a bare number may be one."""
    return len(heading) <= _MAX_HEADING and bool(_SAYS_TIME.search(heading))


def is_period(text: str) -> bool:
    """Return True if a text is a month or a range of times, which says its own length."""
    match = _DAY_WORD.fullmatch(text.strip())
    is_month = bool(match and not match["d"]) or bool(re.fullmatch(r"\d{2}\.\d{4}", text.strip()))
    return is_month or bool(_RANGE.fullmatch(text.strip()))


def is_date(text: str, *, in_time_column: bool, read_plain: ReadPlain) -> bool:
    """Return True if a text is a date in any spelling."""
    return bool(_spellings(text.strip(), in_time_column, read_plain))


def recognise(samples: Sequence[str | None], *, in_time_column: bool, read_plain: ReadPlain) -> Dates | None:
    """Return how a column's dates are spelled; None: fewer than four of five are dates of one spelling."""
    found = [dict(_spellings(text.strip(), in_time_column, read_plain)) if text else {} for text in samples]
    filled = [text for text in samples if text]
    for one in found:
        # In a column that states its order, dates that need none are read all the same.
        if PLAIN in one:
            one.setdefault(DAY_FIRST, one[PLAIN])
    counts = {key: sum(key in one for one in found) for one in found for key in one}
    fitting = [key for key, count in counts.items() if count * 5 >= len(filled) * 4]
    if not fitting:
        return _mixed(filled, found)
    best = max(fitting, key=lambda key: counts[key])
    both = {DAY_FIRST, MONTH_FIRST} <= set(fitting) and counts[DAY_FIRST] == counts[MONTH_FIRST]
    times = [one.get(best) for one in found]
    has_offset = all(re.search(r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})$", text.strip()) for text in filled)
    spelled = [(text, one) for text, one in zip(samples, found, strict=True) if text]
    others = sum(best not in one for _, one in spelled)
    doubt = f"; {others} of {len(spelled)} cells are none" if others else ""
    return Dates(OPEN if both else best, f"{_evidence(best, spelled, both=both)}{doubt}", times, has_offset)


def _mixed(filled: Sequence[str], found: Sequence[Mapping[str, dt.datetime]]) -> Dates | None:
    """Return of a column that is written in several ways that it is; None: most of it is no dates."""
    if not filled or sum(map(bool, found)) * 5 < len(filled) * 4:
        return None
    times = [next(iter(one.values()), None) for one in found]
    return Dates(
        OPEN,
        f"written in several ways, such as {_in_one_line(filled[0])} and {_in_one_line(filled[-1])}",
        times,
        has_offset=False,
    )


def _evidence(best: str, spelled: Sequence[tuple[str, Mapping[str, dt.datetime]]], *, both: bool) -> str:
    example = _in_one_line(next(text for text, found in spelled if best in found))
    if both:
        return f"{DAY_FIRST} or {MONTH_FIRST}: both fit each of the dates, such as {example}"
    other = {DAY_FIRST: MONTH_FIRST, MONTH_FIRST: DAY_FIRST}.get(best)
    proofs = (text for text, found in spelled if {best, other, PLAIN} & {*found} == {best} and _ORDERLESS.match(text))
    if other and (proof := next(proofs, None)):
        numbers = re.findall(r"\d+", proof)
        return f"{_in_one_line(proof)}: no month is {numbers[0 if best == DAY_FIRST else 1]}"
    return f"such as {example}"


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


# Columns of dates repeat each many times, and tables are looked at more than once.
@lru_cache(maxsize=50_000)
def _spellings(text: str, in_time_column: bool, read_plain: ReadPlain) -> dict[str, dt.datetime]:
    """Return each spelling that a text may be, with its time."""
    if len(text) > _MAX_LENGTH:
        return {}
    if _BARE.fullmatch(text):
        return _bare(text, read_plain) if in_time_column else {}
    if (plain := read_plain(text)) or (plain := _unambiguous(text)):
        return {PLAIN: plain}
    if match := _ORDERLESS.fullmatch(text):
        orders = {DAY_FIRST: (match["b"], match["a"]), MONTH_FIRST: (match["a"], match["b"])}
        times = {key: _time(match, month, day) for key, (month, day) in orders.items()}
        return {key: time for key, time in times.items() if time}
    return _in_words(text) or _range(text, in_time_column, read_plain)


def _bare(text: str, read_plain: ReadPlain) -> dict[str, dt.datetime]:
    digits = text.partition(".")[0]
    found: dict[str, dt.datetime | None] = {}
    if len(digits) == 8 and "." not in text:
        found[DAY_FIRST] = _parse(text, "%Y%m%d")
    if len(digits) in (10, 13):
        seconds = float(text) / (1000 if len(digits) == 13 else 1)
        # The clock on the wall of an unknown zone: UTC is as good as any for differences of times.
        instant = dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None)
        found["epoch-milliseconds" if len(digits) == 13 else "epoch-seconds"] = instant
    formats = {10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
    if "." not in text and len(digits) in formats:
        found[formats[len(digits)]] = _parse(text, formats[len(digits)])
    if re.fullmatch(r"\d{2}\.\d{4}", text):
        found[PLAIN] = _parse(text, "%m.%Y")
    if len(digits) == 5:
        found[PLAIN] = read_plain(text)
    return {key: time for key, time in found.items() if time and time.year in _YEARS}


def _unambiguous(text: str) -> dt.datetime | None:
    match = _YEAR_FIRST.fullmatch(text) or _DOTTED.fullmatch(text)
    return _time(match, match["m"], match["d"]) if match else None


def _time(match: re.Match[str], month: str, day: str) -> dt.datetime | None:
    year = int(match["y"]) + (2000 if len(match["y"]) == 2 else 0)
    clock = [int(float(part.replace(",", "."))) for part in (match["clock"] or "0:00").split(":")]
    hour, minute, second = [*clock, 0][:3]
    if match["half"]:
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    try:
        time = dt.datetime(year, int(month), int(day), hour % 24, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    if year not in _YEARS or hour > 24 or (hour == 24 and (minute or second)):
        return None
    return time + dt.timedelta(days=hour // 24)


def _in_words(text: str) -> dict[str, dt.datetime]:
    """Read a date or a month in words, Russian or English; only a year of two digits may be taken for the day."""
    match = _DAY_WORD.fullmatch(text) or _WORD_DAY.fullmatch(text)
    if match is None or (len(match["y"]) == 2 and not match["d"]):
        return {}
    month = next(number for number, word in enumerate(_MONTHS, start=1) if re.match(word, match["m"].lower()))
    time = _time(match, str(month), match["d"] or "1")
    return {DAY_FIRST if len(match["y"]) == 2 else PLAIN: time} if time else {}


def _range(text: str, in_time_column: bool, read_plain: ReadPlain) -> dict[str, dt.datetime]:
    match = _RANGE.fullmatch(text)
    end = match["end"].strip() if match else ""
    if not match or not (re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", end) or _spellings(end, False, read_plain)):
        return {}
    return _spellings(match["start"].strip(), in_time_column, read_plain)


def _parse(text: str, form: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, form)  # noqa: DTZ007 - the clock on the wall
    except ValueError:
        return None
