"""The brake: a load that would change too much of what it meets in core waits until a person releases it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.load.earlier_versions import Superseded
from tasks.load.plan_merges import ValidatedLoad

_MIN_MET = 100
"""With fewer readings in core a share says nothing."""


class PendingChanges(NamedTuple):
    """Readings that a load is about to write."""

    inserted: int
    updated: int


NO_CHANGES = PendingChanges(0, 0)


def find_loads_to_hold(
    loads: Sequence[ValidatedLoad],
    pending: Mapping[UUID, PendingChanges],
    superseded: Mapping[UUID, Superseded],
    share: float | None,
) -> dict[UUID, FileError]:
    """Find the loads that change more than a share of the readings they meet, and say what they would do.

    A reading is met if core has it and the load has it too, or would take it away. `share` is HOLD_CHANGED_SHARE;
    None: no load is held.
    """
    if share is None:
        return {}
    held = {}
    for load in loads:
        inserted, updated = pending.get(load.load_id, NO_CHANGES)
        removed = superseded.get(load.load_id, Superseded()).removed
        met, changed = load.readings - inserted + removed, updated + removed
        if not load.is_released and met >= _MIN_MET and changed > share * met:
            held[load.load_id] = FileError(
                FileProblem.HELD, changed=changed, met=met, share=f"{share:g}", load_id=load.load_id
            )
    return held
