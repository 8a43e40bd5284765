"""Draft the time zone where a file gives a sign that its clock is not the usual one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from tasks.sources.quoting import quote
from tasks.sources.recognise_dates import OPEN

_SIGN = re.compile(
    r"((?<![^\W\d_])((?i:utc|gmt|cet|cest|msk|мск)|EET|EEST|WET|WEST|BST|EST|EDT|CST|CDT|MST|MDT|PST|PDT)|(?<=[a-z])UTC)"
    r"(?![^\W\d_])(\s?(?P<offset>[+−-]\s?\d{1,2}(:?\d{2})?)(?!\d))?"
)
_UNIVERSAL = {"UTC", "GMT"}
_ZONES = {"MSK": "Europe/Moscow"}
"""Abbreviations of one zone alone."""
_SEASONS = (dt.datetime(2025, 1, 15, tzinfo=dt.UTC), dt.datetime(2025, 7, 15, tzinfo=dt.UTC))
_MAX_SHOWN = 80


def draft_zone(headings: Sequence[str], above: Sequence[str], usual: ZoneInfo | None) -> Iterator[str]:
    """Write the key `time_zone` if a heading over the times, or else a text above them, names a zone.

    `usual` is that of files that name none.
    """
    for place, texts in (("heading", headings), ("text above", above)):
        for text in texts:
            if sign := _SIGN.search(text):
                yield from _zone(sign, f"the {place} {quote(text[:_MAX_SHOWN])}", usual, in_heading=texts is headings)
                return


def _zone(sign: re.Match[str], where: str, usual: ZoneInfo | None, *, in_heading: bool) -> Iterator[str]:
    name, offset = sign[1].upper().replace("МСК", "MSK"), _read_offset(sign["offset"])
    if usual and (_has_offset(usual, offset) if offset else _has_name(usual, name)):
        return
    if name in _UNIVERSAL and not offset:
        yield f"time_zone: UTC  # {'' if in_heading else f'{OPEN} '}{where} says so"
    elif zone := _fixed(offset) if offset else _ZONES.get(name):
        yield f"time_zone: {zone}  # {OPEN} {where} says {quote(sign[0])}"
    else:
        yield f"time_zone: {OPEN}  # {where} says {quote(sign[0])}: a zone such as Europe/Berlin"


def _read_offset(text: str | None) -> dt.timedelta | None:
    if not text:
        return None
    digits = re.sub(r"\D", "", text)
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    return dt.timedelta(hours=int(hours), minutes=int(minutes)) * (1 if text[0] == "+" else -1)


def _has_offset(zone: ZoneInfo, offset: dt.timedelta) -> bool:
    return all(season.astimezone(zone).utcoffset() == offset for season in _SEASONS)


def _has_name(zone: ZoneInfo, name: str) -> bool:
    return name in {season.astimezone(zone).tzname() for season in _SEASONS}


def _fixed(offset: dt.timedelta) -> str | None:
    """Return the zone of an offset that never changes; its name has the sign turned round."""
    hours, rest = divmod(offset, dt.timedelta(hours=1))
    return None if rest or not -12 <= hours <= 14 else f"Etc/GMT{-hours:+d}"
