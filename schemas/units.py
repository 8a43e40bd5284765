"""Units: how files spell them, and what they measure (`units.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, NamedTuple

from pydantic import Field

from schemas.definitions import read_definitions
from schemas.errors import DefinitionError
from schemas.spec_types import Strict, Text
from schemas.spellings import fold

_NO_UNIT = re.compile(r"\s*[-–—−]+\s*")
"""What a line of units holds over a column without one."""
_IN_HEADING = re.compile(r"(?s).*(?:\((?P<round>[^()]+)\)|\[(?P<square>[^\[\]]+)\]|,(?P<comma>[^,]+))\s*")


_AMOUNTS = {"flow": "volume", "mass flow": "mass", "power": "energy"}
"""Rates → what they are per hour: their first unit is the amount's first unit per hour."""


class Unit(Strict):
    """A unit that files use: `value · factor + offset` is in the dimension's first unit."""

    dimension: Text
    factor: Annotated[float, Field(gt=0)]
    offset: float = 0
    spellings: list[str] = Field(default_factory=list)


class Conversion(NamedTuple):
    """From a unit to another: `value · factor + offset`."""

    factor: float
    offset: float = 0.0


def find_units(spelling: str) -> tuple[Unit, ...]:
    """Find the units that a spelling may mean: `с` are seconds, or degrees in look-alike letters."""
    return _units().by_spelling.get(fold(spelling), ())


def find_unit(name: str) -> Unit | None:
    """Find a unit by its name."""
    return all_units().get(name)


def all_units() -> dict[str, Unit]:
    """Return every unit by its name."""
    return _units().by_name


def convert(spelling: str, to: Unit, *, interval_hours: float) -> Conversion | None:
    """Return how values in a spelled unit become values in another, or None if the units do not fit.

    An amount in place of a rate is that of one interval, so it is divided by the interval's length.
    """
    for unit in find_units(spelling):
        if unit.dimension == to.dimension:
            return Conversion(unit.factor / to.factor, (unit.offset - to.offset) / to.factor)
        if unit.dimension == _AMOUNTS.get(to.dimension):
            return Conversion(unit.factor / to.factor / interval_hours)
    return None


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


class _Units(NamedTuple):
    by_name: dict[str, Unit]
    by_spelling: dict[str, tuple[Unit, ...]]
    """Folded spelling → units of different dimensions."""


@lru_cache(maxsize=1)
def _units() -> _Units:
    by_name = read_definitions("units.yaml", Unit)
    by_spelling: dict[str, tuple[Unit, ...]] = {}
    for name, unit in by_name.items():
        for spelling in {fold(text) for text in (name, *unit.spellings)}:
            others = by_spelling.get(spelling, ())
            if unit.dimension in {other.dimension for other in others}:
                problem = f"another unit of {unit.dimension} is spelled {spelling!r}, too"
                raise DefinitionError(f"units.yaml: {name}: {problem}")
            by_spelling[spelling] = (*others, unit)
    return _Units(by_name, by_spelling)
