"""Load rows once more from stage, without the file, exactly once."""

from __future__ import annotations

import time
from datetime import date
from uuid import UUID

from schemas.errors import TerminalError
from schemas.reasons import Reason
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import Run, find_load, new_load_id
from tasks.warehouse.locks import Lock, lock_transaction
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


async def has_requeueable_rows(connection: Connection, reason: Reason, settings: Settings) -> bool:
    """Return True if a requeue for the reason would find rows."""
    return bool(await connection.fetchval(*sql("has_requeueable_rows", settings, reason=str(reason))))


async def requeue_rows(
    connection: Connection,
    run: Run,
    settings: Settings,
    *,
    reason: Reason,
) -> list[date]:
    """Stage rows with an open error again, as new loads; one for each load that they came from. Gives their days.

    Of `unmapped_code` only rows whose codes have become known; of another reason all rows that have it.
    Such a load goes the way of any other; what was wrong is resolved in the transaction that loads the
    rows, and what still is wrong stands under the new load. A run that died on the way leaves rows that
    are open, and they are staged again.
    """
    days = []
    async with connection.transaction():
        await lock_transaction(connection, Lock.REQUEUE)
        await connection.execute(sql.text("create_requeue_rows", settings))
        await connection.execute(*sql("insert_requeue_rows", settings, reason=str(reason)))
        for row in await connection.fetch(sql.text("find_requeue_loads", settings)):
            load_id = new_load_id(time.time())
            ids = {"load_id": load_id, "origin": row["load_id"]}
            owner = {"flow_run_id": run.flow_run_id, "claim_key": run.claim_key}
            await connection.execute(*sql("insert_requeue_load", settings, **ids, **owner))
            await connection.execute(*sql("copy_layout", settings, **ids))
            await connection.execute(*sql("stage_requeue_rows", settings, **ids))
            days.append(row["business_date"])
    return days


async def replay_from_stage(
    connection: Connection,
    load_id: UUID,
    run: Run,
    settings: Settings,
) -> UUID:
    """Stage all rows of a load again as a new load, for a file that is no longer there.

    Raises:
        TerminalError: stage no longer has the rows of the load, all of them.

    """
    new = new_load_id(time.time())
    async with connection.transaction():
        load = await find_load(connection, load_id, settings)
        if load is None or not load.ended_in_core:
            raise TerminalError(f"there is no finished load {load_id}: dataops status lists the last ones")
        ids = {"load_id": new, "origin": load_id}
        owner = {"flow_run_id": run.flow_run_id, "claim_key": run.claim_key}
        await connection.execute(*sql("insert_stage_replay_load", settings, **ids, **owner))
        await connection.execute(*sql("copy_layout", settings, **ids))
        rows = await connection.fetchval(*sql("stage_replay_rows", settings, **ids))
        if rows != load.raw_rows:
            raise TerminalError(
                f"stage has {rows} of the {load.raw_rows} rows of load {load_id}: "
                f"put the file {load.source_file!r} back below RAW_DIR and replay that"
            )
    return new
