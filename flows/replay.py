"""Load once more what is loaded already: after a mapping or a rule was corrected, or after a rollback."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from prefect import flow

from flows.ingest import ingest
from flows.load import load_files
from flows.report import report
from flows.runtime.context import EndedStep, conclude, describe_failed_steps, open_run
from flows.transform import transform
from flows.validate import validate
from schemas.problems import Step
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
        steps: list[EndedStep] = []
        if from_stage is None:
            steps.append((Step.INGEST, await ingest(context, only, replay=True, return_state=True)))
        else:
            async with context.warehouse.connect() as connection:
                await replay_from_stage(connection, from_stage, context.run, context.settings)
        steps += [
            (Step.VALIDATE, await validate(context, return_state=True)),
            (Step.LOAD, await load_files(context, return_state=True)),
            (Step.REFRESH, await transform(context, return_state=True)),
        ]
        failed_steps = await describe_failed_steps(steps)
        steps.append((Step.REPORT, await report(context, failed_steps, return_state=True)))
        return await conclude(context, steps)
