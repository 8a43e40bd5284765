"""The supplier's own words for a missing value (`missing` of a mapping)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.spellings import fold_word

PLAIN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def numbers_among(words: Sequence[str]) -> list[float]:
    """Return the words that are numbers, such as -999: they mean every spelling of it."""
    return [float(word) for word in words if re.fullmatch(PLAIN_NUMBER, word)]


def are_words(texts: pa.Array, words: Sequence[str]) -> np.ndarray:
    """Return of each text whether it is one of the words, folded; each different text is looked at once."""
    folded = {fold_word(word) for word in words}
    different = texts.dictionary_encode()
    is_word = pa.array([fold_word(text) in folded for text in different.dictionary.to_pylist()], pa.bool_())
    return _mask(is_word.take(different.indices))


def hold_no_value(cells: pa.Array, words: Sequence[str]) -> np.ndarray:
    """Return of each cell whether it is empty or one of the words: with `empty_cells: skip` it is no reading."""
    is_empty = _mask(cells.is_null())
    if not words:
        return is_empty
    is_number = pc.match_substring_regex(cells, PLAIN_NUMBER)
    numbers = pc.cast(pc.if_else(is_number, cells, None), pa.float64()).to_numpy(zero_copy_only=False)
    texts = pc.if_else(is_number, None, cells)
    holds_none: np.ndarray = is_empty | np.isin(numbers, numbers_among(words)) | are_words(texts, words)
    return holds_none


def _mask(values: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False))
