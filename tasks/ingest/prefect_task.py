"""The step as a Prefect task."""

from __future__ import annotations

from prefect import task

from schemas.mappings import Mappings
from schemas.problems import Step, name_step
from tasks.ingest.find_files import FoundFile
from tasks.ingest.ingest_files import Request, ingest_files
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run
from tasks.warehouse.prefect_tasks import BATCH_TASK, name_after_batch, show_progress


@task(name="ingest-files", task_run_name=name_after_batch("ingest", "files", "relative_path"), **BATCH_TASK)
async def ingest_files_task(
    files: list[FoundFile], mappings: Mappings, run: Run, request: Request, warehouse: Warehouse
) -> BatchResult:
    """Stage a batch of files, with progress in the UI."""
    async with show_progress(f"{files[0].relative_path}: {name_step(Step.INGEST)}") as progress:
        return await ingest_files(files, mappings, run, request, warehouse, progress=progress)
