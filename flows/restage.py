"""Stage the rows of loads once more from stage, where the file is gone."""

from __future__ import annotations

from uuid import UUID

from prefect import flow

from flows.runtime.context import RunContext, StepResult, conclude_step
from tasks.ingest.claim_files import Replay
from tasks.ingest.restage_load import restage_loads


@flow(name="restage", flow_run_name="restage/{context.day}", persist_result=False)
async def restage(context: RunContext, load_ids: list[UUID], *, replay: Replay) -> StepResult:
    """Stage all rows of loads again, as new loads; one that cannot be fails alone.

    Raises:
        RunFailedError: names the files of loads that could not be staged, with why.

    """
    async with context.warehouse.connect() as connection:
        return conclude_step(await restage_loads(connection, load_ids, context.run, context.settings, replay=replay))
