from __future__ import annotations

from schemas.spellings import fold


def test_spellings_that_look_the_same_fold_to_the_same_text() -> None:
    assert fold("Т1") == fold("T1") == fold(" t_1.")
    assert fold("куб. м") == fold("м³") == fold("m^3") == fold("М3")
    assert fold("Тёплая") == fold("теплая")
    assert fold("x" * 300) == "x" * 300
