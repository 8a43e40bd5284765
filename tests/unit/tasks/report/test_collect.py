from __future__ import annotations

import pytest

from schemas.reasons import ADVICE, Reason
from schemas.report import Totals
from tasks.report.collect import advice, day_state


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        pytest.param({}, "empty", id="no_files"),
        pytest.param({"files": 1, "success": 1, "rows_loaded": 5}, "loaded", id="all_loaded"),
        pytest.param({"files": 1, "skipped": 1}, "loaded", id="nothing_to_do"),
        pytest.param({"files": 1, "success": 1, "rows_suspect": 5}, "loaded", id="suspect_readings_are_loaded"),
        pytest.param({"files": 2, "partial": 1, "rows_rejected": 1}, "rejected", id="rejected_readings"),
        pytest.param({"files": 2, "failed": 1, "rows_rejected": 1}, "errors", id="failed_file"),
        pytest.param({"files": 2, "running": 1}, "errors", id="unfinished_file"),
    ],
)
def test_state_of_a_day_is_that_of_its_worst_file(counts: dict[str, int], state: str) -> None:
    assert day_state(Totals.model_validate(dict.fromkeys(Totals.model_fields, 0) | counts)) == state


def test_advice_on_several_reasons_is_joined_and_an_unknown_code_has_none() -> None:
    assert advice("negative;unheard_of;bad_number") == f"{ADVICE[Reason.NEGATIVE]}; {ADVICE[Reason.BAD_NUMBER]}"
