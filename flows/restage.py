"""Stage the rows of loads once more from stage, where the file is gone."""

from __future__ import annotations

from uuid import UUID

from prefect import flow

from flows.runtime.context import RunContext, StepResult, conclude_step
from schemas.errors import TerminalError
from tasks.ingest.claim_files import Replay
from tasks.ingest.restage_load import restage_load
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.load_log import find_load


@flow(name="restage", flow_run_name="restage/{context.day}", persist_result=False)
async def restage(context: RunContext, load_ids: list[UUID], *, replay: Replay) -> StepResult:
    """Stage all rows of loads again, as new loads; one that cannot be fails alone.

    Raises:
        RunFailedError: names the files of loads that could not be staged, with why.

    """
    results = []
    async with context.warehouse.connect() as connection:
        for load_id in load_ids:
            try:
                results.append(await restage_load(connection, load_id, context.run, context.settings, replay=replay))
            except TerminalError as error:
                load = await find_load(connection, load_id, context.settings)
                results.append(BatchResult(1, {load.source_file if load else str(load_id): str(error)}))
    return conclude_step(BatchResult.of(results))
