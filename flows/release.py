"""Load what was held because it changes too much of core, after a person has looked at it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from prefect import flow

from flows.runtime.context import conclude, open_run
from flows.steps import bring_into_core, follow_up
from schemas.settings import load_settings
from tasks.load.release_load import release_load
from tasks.report.summarise_run import RunSummary


@flow(name="release", flow_run_name="release/{load_id}", persist_result=False)
async def release(load_id: UUID, date: dt.date) -> RunSummary:
    """Merge a held load, then build the features, and write the report of its day again.

    Args:
        load_id: The load.
        date: Its day.

    Raises:
        RunFailedError: names the file if it could not be loaded, and the steps that failed.

    """
    async with open_run(date, load_settings()) as context:
        async with context.warehouse.connect() as connection:
            await release_load(connection, load_id, context.run, context.settings)
        steps = await bring_into_core(context)
        return await conclude(context, await follow_up(context, steps, [date]))
