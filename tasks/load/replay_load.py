"""Load all rows of a load once more from stage, for a file that no longer exists."""

from __future__ import annotations

import time
from uuid import UUID

import asyncpg

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import Run, find_load, new_load_id
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


async def replay_from_stage(connection: Connection, load_id: UUID, run: Run, settings: Settings) -> UUID:
    """Stage all rows of a load again as a new load; returns its id.

    Raises:
        TerminalError: there is no such load in core, or stage no longer has all of its rows.

    """
    replay_id = new_load_id(time.time())
    loads = {"load_id": replay_id, "origin": load_id}
    owner = {"flow_run_id": run.flow_run_id, "claim_key": run.claim_key}
    async with connection.transaction():
        load = await find_load(connection, load_id, settings)
        if load is None or not load.ended_in_core:
            raise TerminalError(f"there is no finished load {load_id}: dataops status lists the last ones")
        try:
            await connection.execute(*sql("insert_stage_replay_load", settings, **loads, **owner))
        except asyncpg.UniqueViolationError:
            raise TerminalError(
                f"{load.source_file!r} is being loaded by another run: replay it when that has ended"
            ) from None
        await connection.execute(*sql("copy_table_schema", settings, **loads))
        rows = await connection.fetchval(*sql("stage_replay_rows", settings, **loads))
        if rows != load.raw_rows:
            raise TerminalError(
                f"stage has {rows} of the {load.raw_rows} rows of load {load_id}: "
                f"put the file {load.source_file!r} back below RAW_DIR and replay that"
            )
    return replay_id
