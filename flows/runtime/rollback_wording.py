"""What a rollback did, in a sentence: for the command and the run's log."""

from __future__ import annotations

from tasks.load.rollback_load import RolledBack


def in_words(counts: RolledBack, *, dry_run: bool) -> str:
    """Return the sentence, in the conditional for a dry run."""
    would = "would " if dry_run else ""

    def verb(present: str, past: str) -> str:
        return f"{would}{present}" if dry_run else past

    return (
        f"{verb('remove', 'removed')} {counts.removed} readings, "
        f"{verb('restore', 'restored')} {counts.restored} to the value before, "
        f"{verb('keep', 'kept')} {counts.unchanged} that another load has with the same value, "
        f"{verb('leave', 'left')} {counts.rewritten} as a later load rewrote them"
    )
