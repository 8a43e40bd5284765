"""Columns of few different words, as Arrow dictionaries, and how their combinations are numbered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# A million readings repeat few words: each is kept once.
WORD = pa.dictionary(pa.int32(), pa.string())

_MAX_CODES = 1 << 62


def repeat_word(word: str | None, count: int) -> pa.DictionaryArray:
    """Return a column that holds one word, or null, in every row."""
    indices = pa.nulls(count, pa.int32()) if word is None else pa.repeat(pa.scalar(0, pa.int32()), count)
    return pa.DictionaryArray.from_arrays(indices, pa.array([] if word is None else [word], pa.string()))


def column_words(batch: pa.RecordBatch, key: str | None) -> pa.DictionaryArray:
    """Return a column of raw rows; without a key one of nulls."""
    return repeat_word(None, len(batch)) if key is None else batch.column(key).dictionary_encode()


def take_words(indices: np.ndarray, words: Sequence[str | None]) -> pa.DictionaryArray:
    """Return each row's word by its index; no null goes into the dictionary: Arrow cannot unify those."""
    is_null = np.array([word is None for word in words], dtype=bool)
    masked = pa.array(indices.astype(np.int32), mask=is_null[indices])
    return pa.DictionaryArray.from_arrays(masked, pa.array([word or "" for word in words], pa.string()))


def word_indices(words: pa.DictionaryArray) -> np.ndarray:
    """Return each row's index into the dictionary; null has the index behind its end."""
    indices = words.indices
    if indices.null_count:
        indices = pc.fill_null(indices, len(words.dictionary))
    numbers: np.ndarray = indices.to_numpy()
    return numbers


def number_combinations(columns: Sequence[tuple[np.ndarray, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Assign a number to each different row of several columns of numbers (each with how many values it may have).

    Returns each row's number, and the first row of each number.
    """
    code, max_codes = np.zeros(len(columns[0][0]), dtype=np.int64), 1
    for numbers, size in columns:
        if max_codes > _MAX_CODES // size:
            code, known = pd.factorize(code)
            max_codes = len(known)
        code = code * size + numbers
        max_codes *= size
    combinations, known = pd.factorize(code)
    first = np.empty(len(known), dtype=np.int64)
    first[combinations[::-1]] = np.arange(len(combinations))[::-1]
    return combinations, first


def distinct_words(columns: Sequence[pa.DictionaryArray]) -> tuple[np.ndarray, list[tuple[str | None, ...]]]:
    """Find the combinations of words: each row's index into the list of them, and the list.

    Each combination is there once, and of a single column that holds words every word and null.
    """
    filled = [number for number, column in enumerate(columns) if len(column.dictionary)]
    words_of = [[*column.dictionary.to_pylist(), None] for column in columns]
    if not filled:
        return np.zeros(len(columns[0]), dtype=np.int64), [(None,) * len(columns)]
    indices_of = {number: word_indices(columns[number]) for number in filled}
    if len(filled) == 1:
        indices, first = indices_of[filled[0]], None
    else:
        indices, first = number_combinations([(indices_of[number], len(words_of[number])) for number in filled])
    count = len(words_of[filled[0]]) if first is None else len(first)

    def words_in(number: int) -> Sequence[str | None]:
        if number not in indices_of:
            return [None] * count
        words = words_of[number]
        return words if first is None else [words[index] for index in indices_of[number][first].tolist()]

    return indices, list(zip(*map(words_in, range(len(columns))), strict=True))


def without_dictionaries(rows: pa.Table) -> pa.Table:
    """Return the same rows with plain texts instead of dictionaries."""
    fields = [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in rows.schema]
    return rows.cast(pa.schema(fields))
