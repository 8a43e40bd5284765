"""Read the many ways in which files write a number; nothing is guessed."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.missing_words import PLAIN_NUMBER, are_words, numbers_among
from schemas.spellings import MISSING, SPACES

_ERROR_OF_NO_VALUE = rf"(?i)^{SPACES}*#(n/a|н/д){SPACES}*$"
_NUMBER_CELL = r"^-?\d+\.\d*[1-9](e[+-]\d+)?$"
"""As a workbook's number is written; a zero at the end only a text has."""
_LIKE_GROUPS = r"^-?[1-9]\d{0,2}\.\d{3}$"


class NumberStyle(NamedTuple):
    """How a column writes numbers."""

    thousands: Literal[",", "."] | None = None
    """The mark between groups of three digits, beside spaces and apostrophes; the other one is the decimal mark."""
    doubtful: str = ""
    """Marks that before three digits may be either."""
    is_of_workbook: bool = False
    """A workbook's cell with `#N/A` is an error of its formula, in a csv a word for nothing.

    One with a number has a point, whatever the mark of its texts.
    """
    missing: tuple[str, ...] = ()
    """The supplier's own words for a missing value."""


class Numbers(NamedTuple):
    """A column of cells read as numbers: arrays of the same length."""

    value: np.ndarray
    """float64, NaN where the cell is not a number."""
    missing: np.ndarray
    bad: np.ndarray
    formula: np.ndarray
    unit: pa.Array
    """Text of the unit that follows the number, or null."""


PLAIN = NumberStyle()


def read_numbers(cells: pa.Array, style: NumberStyle = PLAIN) -> Numbers:
    """Read text cells: `1234.5`, `1 234,5`, `1'234.5`, `12,5 м3`; infinity is not a number."""
    numbers = _read(cells, style)
    return _without_missing(numbers, cells, style.missing) if style.missing else numbers


def _read(cells: pa.Array, style: NumberStyle) -> Numbers:
    if style.doubtful or style.thousands == ".":
        return _read_untidy(cells, style)
    try:
        value = pc.cast(cells, pa.float64())
    except pa.ArrowInvalid:
        return _read_untidy(cells, style)
    number = value.to_numpy(zero_copy_only=False) + 0.0  # −0 becomes 0
    missing = np.isnan(number)
    bad = np.isinf(number)
    number = np.where(bad, np.nan, number)
    formula = np.zeros(len(cells), dtype=bool)
    return Numbers(number, missing, bad, formula, pa.nulls(len(cells), pa.string()))


def _read_untidy(cells: pa.Array, style: NumberStyle) -> Numbers:
    missing = _mask(pc.or_kleene(pc.is_null(cells), pc.match_substring_regex(cells, MISSING)))
    if not style.is_of_workbook:
        missing |= _mask(pc.match_substring_regex(cells, _ERROR_OF_NO_VALUE))
    formula = _mask(pc.starts_with(cells, "="))
    separators, decimal_marks = _marks(style)
    matches = pc.extract_regex(cells, _pattern(separators, decimal_marks))
    number, unit = pc.struct_field(matches, "number"), pc.struct_field(matches, "unit")
    number = pc.replace_substring_regex(number, separators, "")
    number = pc.replace_substring(pc.replace_substring(number, ",", "."), "−", "-")
    number = pc.if_else(pc.match_substring_regex(number, PLAIN_NUMBER), number, None)
    value = pc.cast(number, pa.float64()).to_numpy(zero_copy_only=False) + 0.0
    if style.is_of_workbook and style.thousands == ".":
        value = _with_number_cells(value, cells)
    if style.doubtful:
        value[_mask(pc.match_substring_regex(cells, rf"\d[{style.doubtful}]\d{{3}}(\D|$)"))] = np.nan
    bad = ~np.isfinite(value) & ~missing & ~formula
    unit = pc.if_else(pc.equal(unit, ""), None, unit)
    return Numbers(np.where(missing | bad, np.nan, value), missing, bad, formula, unit)


def _with_number_cells(value: np.ndarray, cells: pa.Array) -> np.ndarray:
    """Read the cells that held a number: in texts the point is the mark of thousands; what may be either is neither."""
    written = pc.if_else(pc.match_substring_regex(cells, _NUMBER_CELL), cells, None)
    numbers = pc.cast(written, pa.float64()).to_numpy(zero_copy_only=False)
    numbers = np.where(_mask(pc.match_substring_regex(cells, _LIKE_GROUPS)), np.nan, numbers)
    return np.where(_mask(pc.is_valid(written)), numbers, value)


def _without_missing(numbers: Numbers, cells: pa.Array, words: tuple[str, ...]) -> Numbers:
    """Return the numbers without those that are the supplier's words for nothing."""
    wordy = pa.array(numbers.bad | np.asarray(pc.is_valid(numbers.unit).to_numpy(zero_copy_only=False)))
    is_word = are_words(pc.if_else(wordy, cells, None), words)
    missing = numbers.missing | np.isin(numbers.value, numbers_among(words)) | is_word
    return numbers._replace(value=np.where(missing, np.nan, numbers.value), missing=missing, bad=numbers.bad & ~missing)


def _marks(style: NumberStyle) -> tuple[str, str]:
    """Return the patterns of what is between thousands, and of the decimal mark."""
    if style.thousands is None:
        return f"({SPACES}|')", "[.,]"
    return f"({SPACES}|'|[{style.thousands}])", "[.]" if style.thousands == "," else "[,]"


def _pattern(separators: str, decimal_mark: str) -> str:
    """Return the pattern of a number with groups of three digits, a decimal mark and a unit."""
    groups = separators.replace("(", "(?:", 1)
    return (
        rf"^{SPACES}*(?P<number>[+\-−]?(?:\d{{1,3}}(?:{groups}\d{{3}})+|\d+)?(?:{decimal_mark}\d*)?(?:[eE][+-]?\d+)?)"
        rf"{SPACES}*(?P<unit>[^\d\s.,+\-].*)?$"
    )


def _mask(values: pa.Array) -> np.ndarray:
    return np.array(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=bool)
