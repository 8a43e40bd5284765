"""The step as a Prefect task."""

from __future__ import annotations

from prefect import task

from schemas.problems import Step, name_step
from tasks.validate.validate_loads import StagedLoad, validate_loads
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run
from tasks.warehouse.prefect_tasks import BATCH_TASK, name_after_batch, show_progress


@task(name="validate-loads", task_run_name=name_after_batch("validate", "loads", "source_file"), **BATCH_TASK)
async def validate_loads_task(loads: list[StagedLoad], run: Run, warehouse: Warehouse) -> BatchResult:
    """Validate a batch of loads, with progress in the UI."""
    async with show_progress(f"{loads[0].source_file}: {name_step(Step.VALIDATE)}") as progress:
        return await validate_loads(loads, run, warehouse, progress=progress)
