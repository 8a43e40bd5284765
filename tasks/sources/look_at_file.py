"""Look at an unknown file: the cells of its sheets, and the keys of a mapping that say how it is cut into cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tasks.sources.find_positions import find_positions
from tasks.sources.find_tables import Sheet, find_tables
from tasks.sources.recognise_dates import OPEN


class Looked(NamedTuple):
    """What a file holds, as far as it can be seen without a mapping."""

    sheets: list[Sheet]
    cut: Sequence[str] = ()
    """Lines of a mapping: how the file is cut into cells, where delimiters do not say it."""


def look_at_text(sheets: list[Sheet], lines: Sequence[str]) -> Looked:
    """Cut the lines of a text at the blanks that they share, where delimiters make no table of them."""
    if any(next(find_tables(sheet), None) for sheet in sheets) or (found := find_positions(lines)) is None:
        return Looked(sheets)
    cut = Sheet(None, [found.cut(line) for line in lines])
    if next(find_tables(cut), None) is None:
        return Looked(sheets)
    doubt = f"; {OPEN} a single blank may also be inside of a column" if found.is_narrow else ""
    starts = ", ".join(map(str, found.starts))
    return Looked([cut], [f"positions: [{starts}]  # {found.lines} lines with data have blanks before these{doubt}"])
