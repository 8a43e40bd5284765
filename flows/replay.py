"""Load what is loaded already once more: after a mapping or a rule was mended, or after a rollback."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State

from flows.ingest import ingest
from flows.load import load_files
from flows.report import report
from flows.runtime.context import conclude, working
from flows.runtime.warehouse import migrate_warehouse, open_connection
from flows.transform import transform
from flows.validate import validate
from schemas.settings import load_settings
from tasks.ingest.claim_files import new_load_id
from tasks.load.requeue_rows import replay_from_stage
from tasks.report.summarise_run import RunSummary


@flow(name="replay", flow_run_name="replay/{date}", persist_result=False)
async def replay(date: dt.date, only: list[str] | None = None, from_stage: UUID | None = None) -> RunSummary:
    """Load files of a day once more, as new loads whose values stand over all earlier ones.

    Args:
        date: The day whose folder they lie in.
        only: Paths below the day's folder; by default all there are.
        from_stage: Instead of files: the rows that stage has of this load.

    Raises:
        RunFailedError: names the files that could not be loaded; the others are.

    """
    settings = load_settings()
    await migrate_warehouse(settings)
    async with working(date, settings) as context:
        parts: list[State[Any]] = []
        if from_stage is None:
            parts.append(await ingest(context, only, replay=True, return_state=True))
        else:
            async with open_connection(settings) as connection:
                await replay_from_stage(connection, from_stage, context.run, settings, new_load_id=new_load_id)
        parts += [
            await validate(context, return_state=True),
            await load_files(context, return_state=True),
            await transform(return_state=True),
            await report(context, return_state=True),
        ]
        return await conclude(context, parts, settings)
