"""Measure the times of an unknown table: how long its intervals are, and what a time stamp stands for."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tasks.sources.recognise_dates import OPEN

_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)
_MAX_NAMED = 4
_MANY_LINES = 3
"""Of one day."""
_SAYS_START = re.compile(r"(?i)(?<![a-zа-я])(нач|start|from|begin|period_start)|(?<![а-я])с(?![а-я])")
_SAYS_END = re.compile(r"(?i)(?<![a-zа-я])(кон|end|until|to(?![a-z])|finish)|(?<![а-я])(по|до)(?![а-я])")

_SAYS_LENGTH = re.compile(r"(?i)resolution|interval|duration|granular|интервал|длит|шаг")


class Answer(NamedTuple):
    """The value of a key, OPEN where the data do not say it, and the evidence."""

    value: str
    evidence: str
    is_certain: bool = False

    @property
    def comment(self) -> str:
        """The evidence, as a question where it is no proof."""
        return self.evidence if self.is_certain or self.value == OPEN else f"{OPEN} {self.evidence}"


def says_start(heading: str) -> bool:
    """Return True if a heading names the start of something."""
    return bool(_SAYS_START.search(heading))


def says_end(heading: str) -> bool:
    """Return True if a heading names the end of something."""
    return bool(_SAYS_END.search(heading))


def says_length(heading: str) -> bool:
    """Return True if a heading names the length of an interval."""
    return bool(_SAYS_LENGTH.search(heading))


def measure_interval(times: Sequence[dt.datetime]) -> Answer:
    """Return the minutes between consecutive times, whichever comes first and however often each stands there."""
    steps = Counter(second - first for first, second in itertools.pairwise(sorted(set(times))))
    if not steps:
        return Answer(OPEN, "length of one interval in minutes: the lines seen hold one time only")
    step, count = steps.most_common(1)[0]
    total = steps.total()
    if step > _DAY or step % _MINUTE:
        return Answer(OPEN, f"length of one interval in minutes: mostly {in_words(step)} apart")
    if count * 2 <= total:
        named = ", ".join(f"{in_words(other)} ({often})" for other, often in steps.most_common(_MAX_NAMED))
        return Answer(OPEN, f"length of one interval in minutes: the steps between times differ: {named}")
    others = f"; {total - count} are otherwise" if count < total else ""
    evidence = f"{count} of {total} steps between times{others}"
    if step == _DAY and (lines := len(times) // len(set(times))) > _MANY_LINES:
        # A day's hours may stand in a column that was not found.
        return Answer(str(step // _MINUTE), f"{evidence}; each day stands on {lines} lines: of as many meters?")
    return Answer(str(step // _MINUTE), evidence, is_certain=count * 5 >= total * 4)


def in_words(step: dt.timedelta) -> str:
    """Return a distance of times as a person says it."""
    if step % _DAY == dt.timedelta():
        return f"{step.days} day{'s' if step.days > 1 else ''}"
    minutes, rest = divmod(step, _MINUTE)
    return f"{minutes} min{f' {rest.seconds} s' if rest else ''}"


def runs_backwards(times: Sequence[dt.datetime]) -> bool:
    """Return True if the newest time stands first."""
    steps = [second - first for first, second in itertools.pairwise(times) if second != first]
    return bool(steps) and sum(step < dt.timedelta() for step in steps) * 2 > len(steps)


def find_stamp(times: Sequence[dt.datetime], interval: str, heading: str, *, written_24: bool) -> Answer:
    """Return whether time stamps name the start or the end of their intervals, as far as heading and data tell."""
    if says_start(heading) != says_end(heading):
        side = "start" if says_start(heading) else "end"
        return Answer(side, f"the heading {heading!r} says so", is_certain=True)
    if written_24:
        return Answer("end", "24:00 is the end of a day's last interval", is_certain=True)
    question = "start or end: what a time stands for"
    if not interval.isdigit() or not times:
        return Answer(OPEN, question)
    step = dt.timedelta(minutes=int(interval))
    first, last = min(times), max(times)
    if step == _DAY:
        if all(time.time() == dt.time() for time in times):
            return Answer("start", "the times are dates of days; end, if each is the day after the one that it counts")
        return Answer(OPEN, question)
    midnight = dt.datetime.combine(first.date(), dt.time())
    if first not in (midnight, midnight + step):
        return Answer(OPEN, f"{question}; the first is {first:%H:%M}")
    return _from_bounds(first, last, step, is_end=first != midnight)


def _from_bounds(first: dt.datetime, last: dt.datetime, step: dt.timedelta, *, is_end: bool) -> Answer:
    """Compare the first and the last time with those of whole days."""
    side = "end" if is_end else "start"
    expected = dt.time() if is_end else (dt.datetime.combine(last.date(), dt.time()) - step).time()
    if last.time() == expected:
        return Answer(side, f"the times run from {first:%H:%M} to {last:%H:%M}, whole days", is_certain=True)
    return Answer(side, f"start or end; the first time is {first:%H:%M}, as of a day whose times are {side}s")
