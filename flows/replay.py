"""Load once more what is loaded already: after a mapping or a rule was corrected, or after a rollback."""

from __future__ import annotations

import datetime as dt
from functools import partial
from uuid import UUID

from prefect import flow

from flows.ingest import ingest
from flows.load import load_files
from flows.report import report
from flows.runtime.context import EndedStep, conclude, describe_failed_steps, open_run, run_in_order
from flows.transform import transform
from flows.validate import validate
from schemas.problems import Step
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
        RunFailedError: names the files that could not be loaded (the others are), and the steps that failed.

    """
    async with open_run(date, load_settings()) as context:
        steps: list[EndedStep] = []
        into_core = (Step.VALIDATE, validate), (Step.LOAD, load_files)
        if from_stage is None:
            ingest_again = partial(ingest, replay=True)
            steps += await run_in_order(context, (Step.INGEST, partial(ingest_again, only=only)), *into_core)
            if released := await look_again(context.run, context.warehouse):
                steps += await run_in_order(context, (Step.INGEST, partial(ingest_again, only=released)), *into_core)
        else:
            async with context.warehouse.connect() as connection:
                await replay_from_stage(connection, from_stage, context.run, context.settings)
            steps += await run_in_order(context, *into_core)
        steps += await run_in_order(context, (Step.REFRESH, transform))
        failed_steps = await describe_failed_steps(steps)
        steps += await run_in_order(context, (Step.REPORT, partial(report, failed_steps=failed_steps)))
        return await conclude(context, steps)
