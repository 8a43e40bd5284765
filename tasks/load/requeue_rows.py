"""Load rows once more from stage, without the file, exactly once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from schemas.digests import rules_digest
from schemas.reasons import Reason
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import Run, new_load_id
from tasks.warehouse.locks import Lock, lock_transaction
from tasks.warehouse.statements import SHARED, Statements

sql = Statements(__file__)
_MAX_LOADS = 500


async def count_requeueable_rows(connection: Connection, reason: Reason, settings: Settings) -> int:
    """Count the rows that a requeue would load; it changes nothing."""
    async with connection.transaction():
        return await _collect_rows(connection, reason, settings)


async def requeue_rows(connection: Connection, run: Run, settings: Settings, *, reason: Reason) -> list[date]:
    """Stage rows with an open error again, as new loads: one for each load that they came from.

    Of `unmapped_code` only rows whose codes have become known; of another reason all rows that have it.
    The new loads are validated and merged like any other; what was wrong is resolved in the transaction that
    merges the rows, and what still is wrong belongs to the new load. A run that died on the way leaves rows that
    are open, and they are staged again.

    Returns:
        The day of each load that the run requeues, those included that an earlier process of the same run staged.

    """
    async with connection.transaction():
        await lock_transaction(connection, Lock.REQUEUE, settings)
        if await _collect_rows(connection, reason, settings):
            await connection.execute("analyze requeueable_rows")
            origins = [row["load_id"] for row in await connection.fetch(*sql("find_requeue_origins", settings))]
            for start in range(0, len(origins), _MAX_LOADS):
                await _requeue(connection, origins[start : start + _MAX_LOADS], run, settings)
        rows = await connection.fetch(*sql("find_requeued_days", settings, flow_run_id=run.flow_run_id))
    return [row["business_date"] for row in rows]


async def _collect_rows(connection: Connection, reason: Reason, settings: Settings) -> int:
    """Collect the rows that can be loaded once more in a temporary table of the transaction; returns their number."""
    await connection.execute(*sql("create_requeueable_rows", settings))
    count: int = await connection.fetchval(*sql("insert_requeueable_rows", settings, reason=str(reason)))
    return count


async def _requeue(connection: Connection, origins: Sequence[UUID], run: Run, settings: Settings) -> None:
    """Stage the collected rows of some loads as new loads."""
    loads = {"load_ids": [new_load_id(time.time()) for _ in origins], "origins": origins}
    owner = {"flow_run_id": run.flow_run_id, "claim_key": run.claim_key}
    rules = rules_digest(settings)
    await connection.execute(*sql("insert_requeue_load", settings, **loads, **owner, rules_digest=rules))
    await connection.execute(*SHARED("copy_raw_tables", settings, **loads))
    await connection.execute(*sql("copy_layout", settings, **loads))
    await connection.execute(*sql("stage_requeue_rows", settings, **loads))
