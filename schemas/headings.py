"""The headings of a table whose header has several lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class HeadingCells(NamedTuple):
    """What stands over a column, from the top."""

    own: list[str]
    """Its own cells, a text a line."""
    groups: list[str]
    """Of all lines but the last, the words that it is under: its own, or those of a merged cell to the left."""

    @property
    def joined(self) -> str:
        """The words of all lines down to its lowest cell, in one."""
        lowest = max((level for level, text in enumerate(self.own) if text), default=0)
        return " ".join(filter(None, [*self.groups[:lowest], self.own[lowest]]))

    def below(self, level: int) -> HeadingCells:
        """Return the same without the lines above a level."""
        return HeadingCells(self.own[level:], self.groups[level:])


def heading_cells(rows: Sequence[Sequence[str | None]]) -> Iterator[HeadingCells]:
    """Yield the cells over each column; a merged cell also heads the empty ones to its right, down to another group."""
    groups = [""] * (len(rows) - 1)
    for cells in itertools.zip_longest(*rows):
        own = [(cell or "").strip() for cell in cells]
        for level, text in enumerate(own[:-1]):
            if text:
                groups[level:] = [text, *[""] * (len(groups) - level - 1)]
        yield HeadingCells(own, [*groups])
