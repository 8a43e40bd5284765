"""The step as a Prefect task."""

from __future__ import annotations

from prefect import task

from tasks.load.merge_loads import merge_loads
from tasks.load.plan_merges import ValidatedLoad
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run
from tasks.warehouse.prefect_tasks import BATCH_TASK, name_after_batch


@task(name="load-files", task_run_name=name_after_batch("load", "loads", "source_file"), **BATCH_TASK)
async def merge_loads_task(loads: list[ValidatedLoad], run: Run, warehouse: Warehouse) -> BatchResult:
    """Merge a batch of loads into core."""
    return await merge_loads(loads, run, warehouse)
