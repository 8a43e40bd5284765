from __future__ import annotations

from flows.runtime.rollback_wording import in_words
from tasks.load.rollback_load import RolledBack

COUNTS = RolledBack([], removed=120, restored=2, unchanged=3, rewritten=4)


def test_rollback_is_described_by_its_counts() -> None:
    assert in_words(COUNTS, dry_run=False) == (
        "removed 120 readings, restored 2 to the value before, kept 3 that another load has with the same value, "
        "left 4 as a later load rewrote them"
    )


def test_dry_run_is_described_in_the_conditional() -> None:
    words = in_words(COUNTS, dry_run=True)

    assert words.startswith("would remove 120 readings, restore 2")
    assert "removed" not in words
