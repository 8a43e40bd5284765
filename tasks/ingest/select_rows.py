"""Select the rows of a table by the words in its other columns (`where`)."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.reasons import Reason
from schemas.spellings import fold_code, fold_word
from schemas.table_schema import TableSchema


class RowSelection:
    """Which rows a table takes."""

    def __init__(self, schema: TableSchema) -> None:
        self._columns = [(index, globs) for key, globs in schema.where for index in schema.indexes_of(key)]

    def __bool__(self) -> bool:
        """Return False if it takes every row."""
        return bool(self._columns)

    def fits(self, cells: Sequence[pa.Array]) -> np.ndarray:
        """Return of each row whether each cell that counts fits one of its globs."""
        return select(cells, self._columns)

    def is_in_doubt(self, cells: Sequence[pa.Array], problems: pa.Array) -> np.ndarray:
        """Return of each row whether its cells may be those of other columns: whether it fits would be a guess."""
        has_problem = pc.is_valid(problems)
        is_short = pc.fill_null(pc.equal(problems, str(Reason.MISSING_COLUMN)), False)
        for index, _ in self._columns:
            is_short = pc.and_(is_short, pc.is_valid(cells[index]))
        return np.asarray(pc.and_not(has_problem, is_short).to_numpy(zero_copy_only=False))


def select(cells: Sequence[pa.Array], conditions: Sequence[tuple[int, Sequence[str]]]) -> np.ndarray:
    """Return of each row whether each of the columns with these indexes fits one of its globs."""
    fits: np.ndarray = np.logical_and.reduce([_fits(cells[index], globs) for index, globs in conditions])
    return fits


def _fits(cells: pa.Array, globs: Sequence[str]) -> np.ndarray:
    words = cells.dictionary_encode()
    # `1. ГВС` is `1.ГВС`, and `1.*` is no glob for `10`: the two foldings fit one each.
    patterns = [(fold_in, fold_in(glob)) for glob in globs if glob for fold_in in (fold_word, fold_code)]
    fits = [
        any(fnmatchcase(fold_in(word), pattern) for fold_in, pattern in patterns)
        for word in words.dictionary.to_pylist()
    ]
    by_row = pc.fill_null(pa.array(fits, pa.bool_()).take(words.indices), "" in globs)
    return np.asarray(by_row.to_numpy(zero_copy_only=False))
