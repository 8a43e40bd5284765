"""Units: how files spell them, and what they measure (`units.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from schemas.spellings import fold

_FILE = Path(__file__).with_name("units.yaml")
_NO_UNIT = re.compile(r"\s*[-–—−]+\s*")
"""What a line of units holds over a column without one."""
_IN_HEADING = re.compile(r"(?s).*(?:\((?P<round>[^()]+)\)|\[(?P<square>[^\[\]]+)\]|,(?P<comma>[^,]+))\s*")


class Unit(NamedTuple):
    """A unit that files use."""

    dimension: str
    factor: float
    """Multiply by it to get the dimension's first unit."""


def find_units(spelling: str) -> tuple[Unit, ...]:
    """Find the units that a spelling may mean: `с` are seconds, or degrees in look-alike letters."""
    return _units().get(fold(spelling), ())


def is_unit(text: str) -> bool:
    """Return True if a text is a unit, or the dash in its place."""
    return bool(_NO_UNIT.fullmatch(text)) or (not text[:1].isdigit() and bool(find_units(text)))


def is_line_of_units(texts: Sequence[str]) -> bool:
    """Return True if the filled cells of a line are all units, known to a metric or not."""
    return all(map(is_unit, texts)) and any(map(has_unit, texts))


def has_unit(text: str) -> bool:
    """Return True if a text of a line of units names one."""
    return not _NO_UNIT.fullmatch(text)


def unit_in_heading(heading: str) -> str | None:
    """Return the unit at the end of a heading: `Q (L/s)`, `V [м3]`, `Объём, л`; None: there is none that is known."""
    match = _IN_HEADING.fullmatch(heading)
    text = (match["round"] or match["square"] or match["comma"]).strip() if match else ""
    return text if text and not text[0].isdigit() and find_units(text) else None


@lru_cache(maxsize=1)
def _units() -> dict[str, tuple[Unit, ...]]:
    by_spelling: dict[str, tuple[Unit, ...]] = {}
    for dimension, units in YAML(typ="safe").load(_FILE).items():
        for name, unit in units.items():
            for spelling in {fold(text) for text in (name, *unit["spellings"])}:
                found = Unit(dimension, float(unit["factor"]))
                by_spelling[spelling] = (*by_spelling.get(spelling, ()), found)
    return by_spelling
