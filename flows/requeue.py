"""Load rows once more from stage: those that waited for their code, or whose rule was corrected."""

from __future__ import annotations

import datetime as dt

from prefect import flow

from flows.runtime.context import conclude, open_run
from flows.steps import bring_into_core, follow_up, load_waiting_rows
from schemas.reasons import Reason
from schemas.settings import load_settings
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
        days = await load_waiting_rows(context, reason)
        if not days:
            return await conclude(context, [])
        steps = await bring_into_core(context)
        return await conclude(context, await follow_up(context, steps, sorted(set(days))))
