from __future__ import annotations

from uuid import uuid4

from tasks.load.rollback_load import RolledBack

ROLLED_BACK = RolledBack([uuid4()], removed=120, restored=3, unchanged=2, rewritten=1)


def test_rollback_is_worded_with_every_count() -> None:
    assert ROLLED_BACK.describe() == (
        "removed 120 readings, restored 3 to the value before, "
        "kept 2 that another load has with the same value, left 1 as a later load rewrote them"
    )


def test_dry_run_is_worded_as_what_would_happen() -> None:
    assert ROLLED_BACK.describe(dry_run=True).startswith("would remove 120 readings, would restore 3 ")
