"""Validate every staged reading: valid, suspect, or rejected with its reason."""

from __future__ import annotations

from functools import partial

from prefect import flow

from flows.runtime.context import RunContext, StepResult, conclude_step
from tasks.validate.prefect_task import validate_loads_task
from tasks.validate.validate_loads import find_staged_batches
from tasks.warehouse.batches import run_concurrently


@flow(name="validate", flow_run_name="validate/{context.day}", persist_result=False)
async def validate(context: RunContext) -> StepResult:
    """Validate every staged load of the run.

    Raises:
        RunFailedError: loads that could not be validated; the others are.

    """
    batches = await find_staged_batches(context.run, context.warehouse)
    work = partial(validate_loads_task, run=context.run, warehouse=context.warehouse)
    validated = await run_concurrently(batches, work, max_concurrency=context.settings.files_at_once)
    return conclude_step(validated)
