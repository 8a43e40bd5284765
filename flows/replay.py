"""Load once more what is loaded already: after a mapping or a rule was corrected, or after a rollback."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from prefect import flow

from flows.runtime.context import conclude, open_run
from flows.steps import bring_into_core, follow_up, ingest_into_core
from schemas.settings import load_settings
from tasks.load.replay_load import replay_from_stage
from tasks.report.summarise_run import RunSummary


@flow(name="replay", flow_run_name="replay/{date}", persist_result=False)
async def replay(date: dt.date, only: list[str] | None = None, from_stage: UUID | None = None) -> RunSummary:
    """Load files of a day once more, as new loads whose values replace all earlier ones.

    Args:
        date: The day whose folder they are in.
        only: Paths below the day's folder; by default all files.
        from_stage: Instead of files: the rows that stage has of this load.

    Raises:
        RunFailedError: names the files that could not be loaded (the others are), and the steps that failed.

    """
    async with open_run(date, load_settings()) as context:
        if from_stage is None:
            steps = await ingest_into_core(context, only, replay=True)
        else:
            async with context.warehouse.connect() as connection:
                await replay_from_stage(connection, from_stage, context.run, context.settings)
            steps = await bring_into_core(context)
        return await conclude(context, await follow_up(context, steps, [date]))
