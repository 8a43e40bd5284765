"""Find the columns of a text without delimiters: they are parted by blanks in the same place of each line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from tasks.sources.cells import Row

_LIKE_A_TIME = re.compile(r"\d{1,4}[-./]\d{1,2}([-./]\d{1,4})?|\d{1,2}:\d{2}|\d{6,}")
_RULE = re.compile(r"[-=_+*.~\s]+")
_MIN_LINES = 2


class FoundPositions(NamedTuple):
    """Where the columns of a text begin."""

    starts: list[int]
    """Characters of a line, from 1."""
    lines: int
    """How many lines with data show it."""
    is_narrow: bool
    """Whether a single blank is all that is between two columns."""

    def cut(self, line: str) -> Row:
        """Return the cells of a line."""
        ends = [*(start - 1 for start in self.starts[1:]), None]
        cells = [line[start - 1 : end].strip() for start, end in zip(self.starts, ends, strict=True)]
        return [cell or None for cell in cells]


def find_positions(lines: Sequence[str]) -> FoundPositions | None:
    """Return where the columns of a text begin; None: its lines have no blanks in common."""
    places = [place for place, line in enumerate(lines) if _is_data(line)]
    data = [lines[place].rstrip() for place in places]
    if len(data) < _MIN_LINES or any("\t" in line for line in data):
        return None
    heads = _heads(lines[: places[0]])
    starts, is_narrow = [1], False
    for begins, ends in _gutters(data):
        blank = [at for at in range(begins, ends) if all(at >= len(head) or head[at] == " " for head in heads)]
        if not blank and ends - begins == 1:
            continue  # a heading goes across: it is one column, such as of a date and a time
        starts.append((blank[-1] + 1 if blank else ends) + 1)
        is_narrow |= ends - begins == 1
    return FoundPositions(starts, len(data), is_narrow) if len(starts) > 1 else None


def _is_data(line: str) -> bool:
    """Return True for a line with something like a date or a time, and more."""
    return len(line.split()) > 1 and bool(_LIKE_A_TIME.search(line))


def _heads(above: Sequence[str]) -> list[str]:
    """Return the nearest line with words above the data, and a rule below it."""
    filled = [line.rstrip() for line in above if line.strip()]
    return filled[-2:] if filled and _RULE.fullmatch(filled[-1]) else filled[-1:]


def _gutters(data: Sequence[str]) -> list[tuple[int, int]]:
    """Return where all lines have blanks between their columns: the first, and the first character behind it."""
    width = max(map(len, data))
    is_blank = [all(at >= len(line) or line[at] == " " for line in data) for at in range(width)]
    runs = [(blank, [*run]) for blank, run in itertools.groupby(range(width), key=is_blank.__getitem__)]
    return [(run[0], run[-1] + 1) for blank, run in runs if blank and run[0] > 0]
