"""Undo a load, and rebuild what was made from it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from prefect import flow, get_run_logger

from flows.runtime.context import conclude, open_run
from flows.steps import follow_up
from schemas.settings import load_settings
from tasks.load.rollback_load import RolledBack, find_day, rollback_load


@flow(name="rollback", flow_run_name="rollback/{load_id}", persist_result=False)
async def rollback(load_id: UUID) -> RolledBack:
    """Leave core as if it had never been loaded, except readings that a later load rewrote.

    The report of its day is written again.

    Raises:
        RunFailedError: names the steps after it that failed.

    """
    settings = load_settings()
    async with open_run(dt.datetime.now(settings.zone).date(), settings) as context:
        async with context.warehouse.connect() as connection:
            rolled_back = await rollback_load(connection, load_id, settings, dry_run=False)
            day = await find_day(connection, load_id, settings)
        get_run_logger().info("%s", rolled_back.describe())
        await conclude(context, await follow_up(context, [], [day]))
    return rolled_back
