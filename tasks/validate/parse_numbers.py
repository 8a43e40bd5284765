"""Read the many ways in which files write a number; nothing is guessed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SPACES = r"[ \t\x{00a0}\x{202f}\x{2009}]"
_EMPTY = rf"(?i)^{_SPACES}*(-|–|—|н/д|нд|нет данных|n/a|na|null|none)?{_SPACES}*$"
# Thousands in groups of three, separated by a space or an apostrophe; a decimal point or comma; a unit.
_NUMBER = (
    rf"^{_SPACES}*(?P<number>[+\-−]?(?:\d{{1,3}}(?:(?:{_SPACES}|')\d{{3}})+|\d+)?(?:[.,]\d*)?(?:[eE][+-]?\d+)?)"
    rf"{_SPACES}*(?P<unit>[^\d\s.,+\-].*)?$"
)
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


class Numbers(NamedTuple):
    """A column of cells read as numbers: arrays of the same length."""

    value: np.ndarray
    """float64, NaN where the cell is not a number."""
    missing: np.ndarray
    bad: np.ndarray
    formula: np.ndarray
    unit: pa.Array
    """Text of the unit that follows the number, or null."""


def read_numbers(cells: pa.Array) -> Numbers:
    """Read text cells: `1234.5`, `1 234,5`, `1'234.5`, `12,5 м3`; NaN and infinity are not numbers."""
    try:
        value = pc.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        return _read_untidy(cells)
    missing = _mask(pc.is_null(value))
    number = value.to_numpy(zero_copy_only=False) + 0.0  # −0 becomes 0
    bad = ~np.isfinite(number) & ~missing
    number = np.where(bad, np.nan, number)
    formula = np.zeros(len(cells), dtype=bool)
    return Numbers(number, missing, bad, formula, pa.nulls(len(cells), pa.string()))


def _read_untidy(cells: pa.Array) -> Numbers:
    missing = _mask(pc.or_kleene(pc.is_null(cells), pc.match_substring_regex(cells, _EMPTY)))
    formula = _mask(pc.starts_with(cells, "="))
    matches = pc.extract_regex(cells, _NUMBER)
    number, unit = pc.struct_field(matches, "number"), pc.struct_field(matches, "unit")
    number = pc.replace_substring_regex(number, rf"{_SPACES}|'", "")
    number = pc.replace_substring(pc.replace_substring(number, ",", "."), "−", "-")
    number = pc.if_else(pc.match_substring_regex(number, _PLAIN), number, None)
    value = pc.cast(number, pa.float64()).to_numpy(zero_copy_only=False) + 0.0
    bad = ~np.isfinite(value) & ~missing & ~formula
    unit = pc.if_else(pc.equal(unit, ""), None, unit)
    return Numbers(np.where(missing | bad, np.nan, value), missing, bad, formula, unit)


def _mask(values: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=bool)
