"""Find the day's files, claim them, and record every source row in stage."""

from __future__ import annotations

from functools import partial

from prefect import flow

from flows.runtime.context import RunContext, StepResult, conclude_step
from schemas.errors import FailedStep, StepError
from schemas.mappings import Mappings
from schemas.problems import Step, StepProblem
from tasks.ingest.claim_files import Replay
from tasks.ingest.find_unchanged import record_unchanged
from tasks.ingest.ingest_files import Request, prepare_ingest
from tasks.ingest.prefect_task import ingest_files_task
from tasks.warehouse.batches import BatchResult, run_concurrently


@flow(name="ingest", flow_run_name="ingest/{context.day}", persist_result=True)
async def ingest(
    context: RunContext,
    only: list[str] | None = None,
    *,
    replay: Replay | None = None,
    contents: list[str] | None = None,
) -> StepResult:
    """Stage every file of the day that is not loaded yet; a file that cannot be read fails alone.

    Args:
        context: The run.
        only: Paths below the day's folder; by default all there are.
        replay: Also what is loaded already, once more, and how.
        contents: Checksums of the files to stage; by default all.

    Raises:
        RunFailedError: files that could not be read, and mappings with an error; all else is staged.

    """
    run, warehouse, request = context.run, context.warehouse, Request(only, replay, contents)
    day = await prepare_ingest(run, request, warehouse)
    stage = partial(ingest_files_task, mappings=day.mappings, run=run, request=request, warehouse=warehouse)
    staged = await run_concurrently(day.batches, stage, max_concurrency=warehouse.settings.files_at_once)
    await record_unchanged(run, staged.unchanged, warehouse)
    return conclude_step(BatchResult.of([day.unreadable, staged]), _failed_mappings(day.mappings))


def _failed_mappings(mappings: Mappings) -> list[FailedStep]:
    if not mappings.errors:
        return []
    data = {"mappings": mappings.files_with_errors, "error": "; ".join(map(str, mappings.errors))}
    return [FailedStep(Step.INGEST, StepError(StepProblem.MAPPINGS_HAVE_ERRORS, **data))]
