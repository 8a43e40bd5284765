from __future__ import annotations

from schemas.spellings import fold, fold_word


def test_spellings_that_look_the_same_fold_to_the_same_text() -> None:
    assert fold("Т1") == fold("T1") == fold(" t_1.")
    assert fold("куб. м") == fold("м³") == fold("m^3") == fold("М3")
    assert fold("Тёплая") == fold("теплая")
    assert fold("x" * 300) == "x" * 300


def test_point_within_a_number_counts_in_a_word() -> None:
    assert fold_word("Т. 1.1") == fold_word("т1,1") != fold_word("Т11")
    assert fold_word("1.*") != fold_word("1*")
