"""Load once more what is loaded already: after a mapping or a rule was corrected, or after a rollback."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State

from flows.ingest import ingest
from flows.load import load_files
from flows.report import report
from flows.runtime.context import conclude, open_run, run_in_order
from flows.transform import transform
from flows.validate import validate
from schemas.settings import load_settings
from tasks.ingest.look_again import look_again
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
        RunFailedError: names the files that could not be loaded; the others are.

    """
    async with open_run(date, load_settings()) as context:
        steps: list[State[Any]] = []
        if from_stage is None:
            steps += await run_in_order(context, partial(ingest, only=only, replay=True), validate, load_files)
            if released := await look_again(context.run, context.warehouse):
                steps += await run_in_order(context, partial(ingest, only=released, replay=True), validate, load_files)
        else:
            async with context.warehouse.connect() as connection:
                await replay_from_stage(connection, from_stage, context.run, context.settings)
            steps += await run_in_order(context, validate, load_files)
        steps += await run_in_order(context, transform, report)
        return await conclude(context, steps)
