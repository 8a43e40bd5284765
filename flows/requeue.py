"""Load rows once more from stage: those that waited for their code, or whose rule was corrected."""

from __future__ import annotations

import datetime as dt
from functools import partial

from prefect import flow, get_run_logger

from flows.load import load_files
from flows.report import report
from flows.runtime.context import conclude, describe_failed_steps, open_run, run_in_order
from flows.transform import transform
from flows.validate import validate
from schemas.problems import Step
from schemas.reasons import Reason
from schemas.settings import load_settings
from tasks.load.requeue_rows import requeue_rows
from tasks.report.summarise_run import RunSummary


@flow(name="requeue", flow_run_name="requeue/{reason}", persist_result=False)
async def requeue(reason: Reason = Reason.UNMAPPED_CODE) -> RunSummary:
    """Load the rows that were rejected for a reason and can be loaded now; the files are not needed.

    The reports of the days that the rows came from are written again. With no such rows nothing else runs.

    Raises:
        RunFailedError: names the loads whose rows could not be loaded, and the steps that failed.

    """
    settings = load_settings()
    async with open_run(dt.datetime.now(settings.zone).date(), settings) as context:
        async with context.warehouse.connect() as connection:
            days = await requeue_rows(connection, context.run, settings, reason=reason)
        get_run_logger().info("rows of %d loads are loaded once more", len(days))
        if not days:
            return await conclude(context, [])
        steps = await run_in_order(
            context, (Step.VALIDATE, validate), (Step.LOAD, load_files), (Step.REFRESH, transform)
        )
        report_step = (Step.REPORT, partial(report, failed_steps=await describe_failed_steps(steps)))
        for day in sorted(set(days)):
            steps += await run_in_order(context.model_copy(update={"day": day}), report_step)
        return await conclude(context, steps)
