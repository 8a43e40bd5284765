"""Load once more what is loaded already: after a mapping or a rule was corrected, or after a rollback."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from prefect import flow

from flows.runtime.context import conclude, open_run
from flows.steps import follow_up, ingest_into_core, replay_in_place, restage_into_core
from schemas.settings import load_settings
from tasks.report.summarise_run import RunSummary


@flow(name="replay", flow_run_name="replay/{date}", persist_result=False)
async def replay(
    date: dt.date, only: list[str] | None = None, from_stage: UUID | None = None, in_place: list[UUID] | None = None
) -> RunSummary:
    """Load files of a day once more, as new loads that stand in the place of the earlier ones of the same content.

    Their values replace all earlier ones, also those of newer files; those of `in_place` keep their order.

    Args:
        date: The day whose folder they are in.
        only: Paths below the day's folder; by default all files.
        from_stage: Instead of files: the rows that stage has of this load.
        in_place: Instead of either: these loads, from their files where these are as they were, else from stage.

    Raises:
        RunFailedError: names the files that could not be loaded (the others are), and the steps that failed.

    """
    async with open_run(date, load_settings()) as context:
        if in_place is not None:
            steps = await replay_in_place(context, in_place)
        elif from_stage is not None:
            steps = await restage_into_core(context, [from_stage], replay="latest")
        else:
            steps = await ingest_into_core(context, only, replay="latest")
        return await conclude(context, await follow_up(context, steps, [date]))
