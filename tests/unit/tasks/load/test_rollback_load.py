from __future__ import annotations

from uuid import uuid4

from tasks.load.rollback_load import RolledBack

ROLLED_BACK = RolledBack([uuid4()], removed=120, restored=3, unchanged=2, rewritten=1)


def test_rollback_is_worded_with_every_count() -> None:
    assert ROLLED_BACK.describe() == (
        "rolled back: 120 readings removed, 3 restored to the value before, "
        "2 held with the same value by another load, 1 left as a later load rewrote them"
    )


def test_dry_run_is_worded_as_what_would_happen() -> None:
    assert ROLLED_BACK.describe(dry_run=True).startswith("would roll back: 120 readings removed, ")
