"""Merge the accepted readings into core, each file all or nothing."""

from __future__ import annotations

from functools import partial

from prefect import flow

from flows.runtime.context import RunContext, StepResult, conclude_step
from tasks.load.plan_merges import plan_merges
from tasks.load.prefect_task import merge_loads_task
from tasks.warehouse.batches import BatchResult, run_concurrently


@flow(name="load", flow_run_name="load/{context.day}", persist_result=False)
async def load_files(context: RunContext) -> StepResult:
    """Merge every validated file of the run into core.

    Raises:
        RunFailedError: files that could not be loaded; the others are.

    """
    plan = await plan_merges(context.run, context.warehouse)
    merge = partial(merge_loads_task, run=context.run, warehouse=context.warehouse)
    side_by_side = await run_concurrently(plan.side_by_side, merge, max_concurrency=context.settings.files_at_once)
    in_order = await run_concurrently(plan.in_order, merge, max_concurrency=1)
    return conclude_step(BatchResult.of([side_by_side, in_order]))
