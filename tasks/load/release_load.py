"""Let a held load go on: it changes more of core than HOLD_CHANGED_SHARE, and a person has looked at it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from schemas.errors import TerminalError
from schemas.load_states import LoadStatus
from schemas.settings import Settings
from tasks.load.plan_merges import find_validated_loads
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import Run, find_load, release_held_load


async def require_held(connection: Connection, load_id: UUID, settings: Settings) -> date:
    """Return the day of a held load.

    Raises:
        TerminalError: it is not held.

    """
    load = await find_load(connection, load_id, settings)
    if load is None or load.status is not LoadStatus.HELD:
        raise TerminalError(f"load {load_id} is {load.status if load else 'unknown'}: only a held one can be released")
    return load.business_date


async def release_load(connection: Connection, load_id: UUID, run: Run, settings: Settings) -> None:
    """Make a held load the run's, which merges it whatever it changes; an earlier try of the run may have done it.

    Raises:
        TerminalError: it is not held, or no longer.

    """
    if await release_held_load(connection, load_id, run, settings):
        return
    if load_id not in {load.load_id for load in await find_validated_loads(connection, run, settings)}:
        await require_held(connection, load_id, settings)
