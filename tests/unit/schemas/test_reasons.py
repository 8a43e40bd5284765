from __future__ import annotations

import pytest

from schemas.reasons import ADVICE, NAMES, SUSPECT_REASONS, Quality, Reason, count_in_words


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_advice_for_operators(reason: Reason) -> None:
    assert len(ADVICE[reason]) > 20
    assert NAMES[reason]


def test_reasons_are_counted_in_words() -> None:
    counts = {Reason.BAD_NUMBER: 3, Reason.NEGATIVE: 0, Reason.UNMAPPED_CODE: 12}

    assert count_in_words(counts) == "не число 3, код не найден в справочнике 12"


def test_an_unknown_code_is_fixed_in_the_reference_files_and_loaded() -> None:
    steps = ["buildings.csv", "itp.csv", "meters.csv", "data/reference", "dataops reference load"]

    places = [ADVICE[Reason.UNMAPPED_CODE].index(step) for step in steps]

    assert places == sorted(places)


def test_the_codes_of_quality_and_the_reasons_that_only_flag_are_part_of_the_contract() -> None:
    assert [(quality.name, int(quality)) for quality in Quality] == [("VALID", 0), ("SUSPECT", 1), ("REJECTED", 2)]
    assert {Reason.DELTA_T_OUT_OF_NORM, Reason.SUSPECT_STATUS} == SUSPECT_REASONS
