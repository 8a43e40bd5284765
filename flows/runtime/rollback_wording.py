"""What a rollback did, in a sentence: for the command and the run's log."""

from __future__ import annotations

from tasks.load.rollback_load import RolledBack

_PAST = ("removed", "restored", "kept", "left")
_CONDITIONAL = ("would remove", "restore", "keep", "leave")


def in_words(counts: RolledBack, *, dry_run: bool) -> str:
    """Return the sentence, in the conditional for a dry run."""
    remove, restore, keep, leave = _CONDITIONAL if dry_run else _PAST
    return (
        f"{remove} {counts.removed} readings, {restore} {counts.restored} to the value before, "
        f"{keep} {counts.unchanged} that another load has with the same value, "
        f"{leave} {counts.rewritten} as a later load rewrote them"
    )
