"""Load rows once more from stage, without the file, exactly once."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from schemas.errors import TerminalError
from schemas.reasons import Reason
from schemas.settings import Settings
from tasks.warehouse.statements import SHARED, Statements

if TYPE_CHECKING:
    from collections.abc import Callable

    import asyncpg

sql = Statements(__file__)


class Run(Protocol):
    """Who loads: a flow run and the lock that shows that it lives."""

    @property
    def flow_run_id(self) -> UUID:
        """The parent flow run."""
        ...

    @property
    def claim_key(self) -> int:
        """The advisory lock that it holds."""
        ...


_LOCK = 7_402_611_955  # any number of our own


async def requeue_rows(
    connection: asyncpg.Connection,
    run: Run,
    settings: Settings,
    *,
    reason: Reason,
    new_load_id: Callable[[float], UUID],
) -> list[date]:
    """Stage rows with an open error again, as new loads; one for each load that they came from. Gives their days.

    Of `unmapped_code` only rows whose codes have become known; of another reason all rows that have it.
    Such a load goes the way of any other; what was wrong is resolved in the transaction that loads the
    rows, and what still is wrong stands under the new load. A run that died on the way leaves rows that
    are open, and they are staged again.
    """
    days = []
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(sql.text("create_requeue_rows", settings))
        await connection.execute(sql.text("insert_requeue_rows", settings), str(reason))
        for row in await connection.fetch(sql.text("find_requeue_loads", settings)):
            load_id = new_load_id(time.time())
            await connection.execute(
                sql.text("insert_requeue_load", settings), load_id, row["load_id"], run.flow_run_id, run.claim_key
            )
            await connection.execute(sql.text("copy_layout", settings), load_id, row["load_id"])
            await connection.execute(sql.text("stage_requeue_rows", settings), load_id, row["load_id"])
            days.append(row["business_date"])
    return days


async def replay_from_stage(
    connection: asyncpg.Connection,
    load_id: UUID,
    run: Run,
    settings: Settings,
    *,
    new_load_id: Callable[[float], UUID],
) -> UUID:
    """Stage all rows of a load again as a new load, for a file that is no longer there.

    Raises:
        TerminalError: stage no longer has the rows of the load, all of them.

    """
    new = new_load_id(time.time())
    async with connection.transaction():
        load = await connection.fetchrow(SHARED.text("find_load", settings), load_id)
        if load is None or load["status"] not in ("success", "partial"):
            raise TerminalError(f"there is no finished load {load_id}: dataops status lists the last ones")
        await connection.execute(
            sql.text("insert_stage_replay_load", settings), new, load_id, run.flow_run_id, run.claim_key
        )
        await connection.execute(sql.text("copy_layout", settings), new, load_id)
        staged = await connection.execute(sql.text("stage_replay_rows", settings), new, load_id)
        rows = int(staged.rpartition(" ")[2])
        if rows != load["raw_rows"]:
            raise TerminalError(
                f"stage has {rows} of the {load['raw_rows']} rows of load {load_id}: "
                f"put the file {load['source_file']!r} back below RAW_DIR and replay that"
            )
    return new
