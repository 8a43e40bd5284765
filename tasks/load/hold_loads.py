"""The brake: a load that would change too much of what it meets in core waits until a person releases it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings
from tasks.load.earlier_versions import Superseded
from tasks.load.plan_merges import ValidatedLoad
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_MIN_MET = 100
"""With fewer readings in core a share says nothing."""


async def find_loads_to_hold(
    connection: Connection,
    loads: Sequence[ValidatedLoad],
    superseded: Mapping[UUID, Superseded],
    settings: Settings,
    *,
    has_changes: bool,
) -> dict[UUID, FileError]:
    """Find the loads that change more than HOLD_CHANGED_SHARE of the readings they meet, and say what they would do.

    A reading is met if core has it and the load has it too, or would take it away. The changes wait in the temporary
    table `pending_changes`, if there are any.
    """
    share = settings.hold_changed_share
    if share is None:
        return {}
    counted = await connection.fetch(*sql("count_pending_changes", settings)) if has_changes else []
    pending = {row["load_id"]: (row["inserted"], row["updated"]) for row in counted}
    held = {}
    for load in loads:
        inserted, updated = pending.get(load.load_id, (0, 0))
        removed = superseded.get(load.load_id, Superseded()).removed
        met, changed = load.readings - inserted + removed, updated + removed
        if not load.is_released and met >= _MIN_MET and changed > share * met:
            held[load.load_id] = FileError(
                FileProblem.HELD, changed=changed, met=met, share=f"{share:g}", load_id=load.load_id
            )
    return held
