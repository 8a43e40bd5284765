"""Recognise how the dates of a column are spelled: read without a key, in an order that a key states, or ambiguous."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from schemas.dates import EPOCHS, ORDERS, DateStyle, read_timestamp
from schemas.periods import read_period

DAY_FIRST, MONTH_FIRST = ORDERS
PLAIN = ""
"""The key of spellings that are read without one."""
OPEN = "???"

_SAYS_TIME = re.compile(
    r"(?i)дат[аыу]|врем|период|месяц|\bдень|сутки|когда|момент|отсч[её]т"
    r"|(?<![a-z])(date|time|timestamp|datetime|day|month|period|epoch|unix|ts)(?![a-z])|time(stamp)?$|date$"
)
_BARE = re.compile(r"\d+([-./,]\d+)?|\d{1,2}-\d{1,2}-\d{2}")
"""A number or a code as well as a date."""
_FORMATS = {
    10: ("%Y%m%d%H", "epoch-seconds"),
    12: ("%Y%m%d%H%M",),
    13: ("epoch-milliseconds",),
    14: ("%Y%m%d%H%M%S",),
}
"""How many digits a number has → the keys by which it may be read."""
_ORDERLESS = re.compile(r"(?<!\d)(\d{1,2})(\s*[-/.]\s*|)(\d{1,2})\2(?:19|20)?\d\d(?!\d)")
"""A day and a month in numbers, one of them first."""
_MAX_LENGTH = 60
_MAX_HEADING = 200


class Dates(NamedTuple):
    """How the dates of a column are written."""

    key: str
    """The value of the mapping's `dates`: PLAIN (none is needed), OPEN (a person has to say it), or the spelling."""
    evidence: str
    times: list[dt.datetime | None]
    """The samples as times of the clock on the wall; None where one is not read."""
    has_offset: bool
    """Whether each says its offset from UTC, or counts from 1970."""


def says_time(heading: str) -> bool:
    """Return True if a heading speaks of a date or a time: only then a bare number may be one."""
    return len(heading) <= _MAX_HEADING and bool(_SAYS_TIME.search(heading))


def is_period(text: str) -> bool:
    """Return True if a text is a month or a range of times, which says its own length."""
    return any(_read_start(text, key) for key in (PLAIN, *ORDERS))


def is_date(text: str, *, in_time_column: bool) -> bool:
    """Return True if a text is a date in any spelling."""
    return bool(_spellings(text.strip(), in_time_column))


def recognise(samples: Sequence[str | None], *, in_time_column: bool) -> Dates | None:
    """Return how a column's dates are spelled; None: fewer than four of five are dates of one spelling."""
    found = [dict(_spellings(text.strip(), in_time_column)) if text else {} for text in samples]
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
    spelled = [(text, one) for text, one in zip(samples, found, strict=True) if text]
    others = sum(best not in one for _, one in spelled)
    doubt = f"; {others} of {len(spelled)} cells are none" if others else ""
    return Dates(
        OPEN if both else best,
        f"{_evidence(best, spelled, both=both)}{doubt}",
        _on_the_wall(times),
        has_offset=all(time.tzinfo for time in times if time),
    )


def _mixed(filled: Sequence[str], found: Sequence[Mapping[str, dt.datetime]]) -> Dates | None:
    """Return of a column that is written in several ways that it is; None: most of it is no dates."""
    if not filled or sum(map(bool, found)) * 5 < len(filled) * 4:
        return None
    return Dates(
        OPEN,
        f"written in several ways, such as {_in_one_line(filled[0])} and {_in_one_line(filled[-1])}",
        _on_the_wall([next(iter(one.values()), None) for one in found]),
        has_offset=False,
    )


def _on_the_wall(times: Sequence[dt.datetime | None]) -> list[dt.datetime | None]:
    return [time and time.replace(tzinfo=None) for time in times]


def _evidence(best: str, spelled: Sequence[tuple[str, Mapping[str, dt.datetime]]], *, both: bool) -> str:
    example = _in_one_line(next(text for text, found in spelled if best in found))
    if both:
        return f"{DAY_FIRST} or {MONTH_FIRST}: both fit each of the dates, such as {example}"
    other = {DAY_FIRST: MONTH_FIRST, MONTH_FIRST: DAY_FIRST}.get(best)
    only_best = [text for text, found in spelled if {best, other, PLAIN} & {*found} == {best}]
    if other and (proof := next(filter(None, map(_ORDERLESS.match, only_best)), None)):
        return f"{_in_one_line(proof.string)}: no month is {proof[1 if best == DAY_FIRST else 3]}"
    return f"such as {example}"


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


# Columns of dates repeat each many times, and tables are looked at more than once.
@lru_cache(maxsize=50_000)
def _spellings(text: str, in_time_column: bool) -> dict[str, dt.datetime]:
    """Return each key by which a text is read as a date, with its time; PLAIN needs no other."""
    if len(text) > _MAX_LENGTH or not re.search(r"\d", text) or (not in_time_column and _BARE.fullmatch(text)):
        return {}
    if plain := _read(text, PLAIN):
        return {PLAIN: plain}
    keys = (*ORDERS, *_FORMATS.get(len(text.partition(".")[0]), ()))
    found = {key: time for key in keys if (time := _read(text, key))}
    if found.get(DAY_FIRST) == found.get(MONTH_FIRST) and not _ORDERLESS.search(text):
        found.pop(MONTH_FIRST, None)  # with the month in words either key will do
    return found


def _read(text: str, key: str) -> dt.datetime | None:
    """Read a date as the pipeline does with this value of `dates`; of a period, its start."""
    with suppress(ValueError):
        return read_timestamp(text, DateStyle(dates=key or None))
    return None if key in EPOCHS or "%" in key else _read_start(text, key)


def _read_start(text: str, key: str) -> dt.datetime | None:
    with suppress(ValueError):
        return read_period(text, DateStyle(dates=key or None)).start
    return None
