from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from schemas.spec_parts import StatusWords, UnitPlace, Words, fold_words, in_column


def test_words_are_kept_by_their_folded_spelling() -> None:
    assert fold_words({"Расчёт": 1, "РАСЧЕТ": 1, "": 2}) == {"pacчet": 1, "": 2}


def test_two_meanings_of_a_word_are_refused() -> None:
    with pytest.raises(ValueError, match="one meaning for a word; 'Т1' and 'T1' are the same"):
        fold_words({"Т1": 1, "T1": 2})


@pytest.mark.parametrize(("written", "words"), [("a", ("a",)), (1, ("1",)), (["a", 2, ""], ("a", "2", ""))])
def test_one_word_needs_no_list_and_a_number_is_a_word(written: object, words: tuple[str, ...]) -> None:
    assert TypeAdapter(Words).validate_python(written) == words


@pytest.mark.parametrize("written", [True, None, {"a": 1}, [None]])
def test_what_are_no_words_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Words).validate_python(written)


def test_status_may_be_a_number_and_the_same_word_has_one_meaning() -> None:
    words: dict[Any, str] = {0: "valid", 1: "rejected"}

    assert StatusWords.model_validate({"column": "Код", "words": words}).words == {"0": "valid", "1": "rejected"}
    with pytest.raises(ValidationError, match="one meaning for a word"):
        StatusWords.model_validate({"column": "Код", "words": {"Да": "valid", "ДА": "suspect"}})


@pytest.mark.parametrize(("written", "column"), [("Ед.", "Ед."), (5, "5"), ({"column": "Ед."}, "Ед.")])
def test_bare_heading_is_a_column(written: object, column: str) -> None:
    assert TypeAdapter(Annotated[UnitPlace, BeforeValidator(in_column)]).validate_python(written).column == column


def test_lines_above_that_say_the_unit_need_the_column_that_it_is_in() -> None:
    with pytest.raises(ValidationError, match="column where of says on which lines the unit is"):
        UnitPlace.model_validate({"cell": "B2", "of": {"A": "200"}})


def test_place_of_a_unit_is_named_as_the_mapping_writes_it() -> None:
    assert UnitPlace.model_validate({"cell": "B2", "pattern": r"\S+"}).name == r"cell: B2, pattern: \S+"
