"""Load rows that waited for their code: from stage, without the file, exactly once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from schemas.settings import Settings
from tasks.sql import statement

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import asyncpg

_LOCK = 7_402_611_955  # any number of our own


async def requeue_rows(
    connection: asyncpg.Connection,
    flow_run_id: UUID,
    claim_key: int,
    settings: Settings,
    *,
    new_load_id: Callable[[float], UUID],
) -> list[UUID]:
    """Stage the waiting rows whose codes have become known, as new loads; one for each load they came from.

    Such a load goes the way of any other; its rows are marked as resolved in the transaction that loads them.
    A run that died on the way leaves rows that wait, and they are staged again.
    """
    loads = []
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        for row in await connection.fetch(statement("find_waiting_loads", settings)):
            load_id = new_load_id(time.time())
            await connection.execute(
                statement("insert_requeue_load", settings), load_id, row["load_id"], flow_run_id, claim_key
            )
            await connection.execute(statement("stage_waiting_rows", settings), load_id, row["load_id"])
            loads.append(load_id)
    return loads
