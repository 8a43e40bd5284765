from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.validate.words import (
    WORD,
    distinct_words,
    number_combinations,
    repeat_word,
    take_words,
    without_dictionaries,
    word_indices,
)


def test_a_repeated_word_is_kept_once_and_null_stays_null() -> None:
    assert repeat_word("T1", 3).to_pylist() == ["T1"] * 3
    assert len(repeat_word("T1", 3).dictionary) == 1
    assert repeat_word(None, 2).to_pylist() == [None, None]


def test_words_are_taken_by_index_and_the_dictionary_holds_no_null() -> None:
    words = take_words(np.array([1, 0, 1]), ["a", None])

    assert words.to_pylist() == [None, "a", None]
    assert words.dictionary.null_count == 0


def test_null_has_the_index_behind_the_dictionary() -> None:
    words = pa.array(["a", None, "b"]).dictionary_encode()

    assert word_indices(words).tolist() == [0, 2, 1]


def test_equal_combinations_share_a_number_and_the_first_row_of_each_is_known() -> None:
    numbers, first = number_combinations([(np.array([0, 1, 0, 1]), 2), (np.array([0, 0, 0, 1]), 2)])

    assert numbers.tolist() == [0, 1, 0, 2]
    assert first.tolist() == [0, 1, 3]


def test_combinations_of_columns_too_large_for_one_number_are_still_told_apart() -> None:
    same = np.array([0, 0])
    columns = [(np.array([0, 1]), 1 << 40), (same, 1 << 40), (same, 1 << 40)]

    numbers, first = number_combinations(columns)

    assert numbers.tolist() == [0, 1]
    assert first.tolist() == [0, 1]


def test_distinct_words_lists_each_combination_once_with_null_as_none() -> None:
    columns = [pa.array(["a", None, "a"]).dictionary_encode(), pa.array(["x", "x", "x"]).dictionary_encode()]

    indices, combinations = distinct_words(columns)

    assert indices.tolist() == [0, 1, 0]
    assert combinations == [("a", "x"), (None, "x")]


def test_without_dictionaries_changes_the_types_only() -> None:
    rows = pa.table({"metric": pa.array(["T1", None]).cast(WORD), "value": [1.0, 2.0]})

    plain = without_dictionaries(rows)

    assert plain.schema.field("metric").type == pa.string()
    assert plain.to_pylist() == rows.to_pylist()
