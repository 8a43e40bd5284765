"""Cells of an unknown file: what is a number, an hour, a text in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence

Row = Sequence[str | None]

_NUMBER = re.compile(r"[+\-−]?(\d[\d \xa0\u202f\u2009]*|\d{1,3}([.,']\d{3})+)([.,]\d+)?([eE][+-]?\d+)?")
CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:\s*[aApP]\.?[mM]\.?)?"
"""A time of day with its minutes."""
HOURS = re.compile(rf"{CLOCK}(\s*[-–]\s*{CLOCK})?|\d{{1,2}}\s*[-–]\s*\d{{1,2}}")
"""Hours of a day, alone or as a range."""


def is_number(cell: str) -> bool:
    """Return True if a cell is written as a number."""
    return bool(_NUMBER.fullmatch(cell.strip()))


def plain_text(text: str | None) -> str:
    """Return a text in one line."""
    return " ".join((text or "").split())


def without_dates(text: str) -> str:
    """Return a text without its dates: what is left of numbers may be a code."""
    return re.sub(r"\d{1,4}[-./]\d{1,2}([-./]\d{1,4})?|\d{1,2}:\d{2}(:\d{2})?|\b(19|20)\d{2}\b", "", text)


def filled_cells(row: Row) -> list[str]:
    """Return the cells that hold something."""
    return [cell for cell in row if cell and cell.strip()]
