"""What the steps of a run share: who runs, for which day, on which warehouse, and how a run with failed files ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from prefect import get_run_logger, runtime
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectException
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from flows.runtime.child import end_with_parent
from flows.runtime.ending import watched
from flows.runtime.prefect_api import watching_database
from flows.runtime.run_log import prepare_logging
from flows.runtime.warehouse import migrate_warehouse, open_warehouse
from schemas.errors import ClaimLostError, DataopsError, FailedStep, RunFailedError, StepError
from schemas.problems import Step, StepProblem
from schemas.settings import Settings, load_settings
from tasks.ingest.look_again import look_again
from tasks.report.summarise_run import RunSummary, summarise_run
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.connection import Warehouse, session_name_of
from tasks.warehouse.heap import use_one_heap
from tasks.warehouse.load_log import Run, adopt_loads, fail_dead_loads
from tasks.warehouse.locks import acquire_claim_key
from tasks.warehouse.temporary import delete_abandoned_folders


class RunContext(BaseModel):
    """The parent flow run, its claim key and the day; small, so that it travels as a flow parameter."""

    flow_run_id: UUID
    claim_key: int
    day: dt.date
    warehouse: SkipJsonSchema[Warehouse] = Field(exclude=True, repr=False)
    """The process's own: settings and credentials never leave it as a parameter."""

    @property
    def run(self) -> Run:
        """As the tasks know it."""
        return Run(self.flow_run_id, self.claim_key, self.day)

    @property
    def settings(self) -> Settings:
        """The settings that the run was started with."""
        return self.warehouse.settings


class StepResult(BaseModel):
    """What a step leaves behind: how many files it has done its work on."""

    files: int


def conclude_step(result: BatchResult, failed: Sequence[FailedStep] = ()) -> StepResult:
    """End a step, which may have failed in part whatever its files.

    Raises:
        RunFailedError: names the files that failed, and what else did; the others go on.

    """
    if result.failed or failed:
        raise RunFailedError.of(result.failed, failed)
    return StepResult(files=result.files)


def run_settings() -> Settings:
    """Return the settings of this flow run: read once, whoever asks for them first."""
    return _settings_of(str(runtime.flow_run.id))


@lru_cache(maxsize=8)
def _settings_of(flow_run_id: str) -> Settings:
    return load_settings()


@asynccontextmanager
async def open_run(day: dt.date, settings: Settings) -> AsyncIterator[RunContext]:
    """Migrate, hold the claim key while the run lives, and adopt what an earlier process of the run left."""
    end_with_parent()
    delete_abandoned_folders()
    use_one_heap()
    prepare_logging(settings)
    flow_run_id = UUID(str(runtime.flow_run.id)) if runtime.flow_run.id else uuid4()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(watched(flow_run_id))
        opened = await open_warehouse(settings)
        warehouse = opened.model_copy(update={"session_name": session_name_of(flow_run_id)})
        await migrate_warehouse(warehouse)
        stack.enter_context(watching_database(settings, warehouse.dsn))
        connection = await stack.enter_async_context(warehouse.connect())
        claim_key = await acquire_claim_key(connection)
        context = RunContext(flow_run_id=flow_run_id, claim_key=claim_key, day=day, warehouse=warehouse)
        await adopt_loads(connection, context.run, settings)
        await fail_dead_loads(connection, context.run, settings)
        yield context


EndedStep = tuple[Step, State[Any]]
"""A step and the state that its flow ended in."""


class Failures(NamedTuple):
    """What failed in the steps of a run."""

    files: dict[str, str]
    """Source file → why."""
    steps: list[FailedStep]
    """Those that failed for another reason than their files."""


async def run_in_order(context: RunContext, *steps: tuple[Step, Callable[..., Awaitable[Any]]]) -> list[EndedStep]:
    """Run the flows of steps one after the other; one that fails does not keep the others from their work.

    Raises:
        ClaimLostError: another process has taken the run over; this one must not go on.

    """
    ended: list[EndedStep] = []
    for step, run in steps:
        state = await run(context, return_state=True)
        if not state.is_completed():
            error = await state.aresult(raise_on_failure=False)
            if isinstance(error, ClaimLostError):
                raise error
        ended.append((step, state))
    return ended


async def conclude(context: RunContext, steps: Sequence[EndedStep]) -> RunSummary:
    """Sum up a run.

    Raises:
        RunFailedError: names each file that failed or is in the hands of another run with its reason, then each step
            that failed for another one.

    """
    await look_again(context.run, context.warehouse)
    failures = await find_failures(steps)
    async with context.warehouse.connect() as connection:
        summary = await summarise_run(connection, context.flow_run_id, context.settings)
    # The log has more: what a step did not come to.
    summary.failed = dict(sorted((failures.files | summary.failed).items()))
    summary.failed_steps = {failed.step: str(failed.error) for failed in failures.steps}
    get_run_logger().info("%s", summary)
    kept_out = summary.not_in_core or summary.unfinished or summary.in_progress
    # A failed file of an earlier attempt at the run may be gone by now.
    if kept_out or not all(state.is_completed() for _, state in steps):
        error = RunFailedError.of(summary.failed | summary.unfinished | summary.in_progress, failures.steps)
        error.summary = summary.model_dump()
        raise error
    return summary


async def find_failures(steps: Iterable[EndedStep]) -> Failures:
    """Find the files that failed in the steps, and the steps that failed for another reason."""
    failures = Failures({}, [])
    for step, state in steps:
        error = None if state.is_completed() else await state.aresult(raise_on_failure=False)
        if isinstance(error, RunFailedError):
            failures.files.update(error.files)
            failures.steps.extend(failed for failed in error.steps if str(failed) not in map(str, failures.steps))
        elif error is not None:
            error = error if isinstance(error, StepError) else StepError(StepProblem.FAILED, error=_in_words(error))
            failures.steps.append(FailedStep(error.step or step, error))
    return failures


async def describe_failed_steps(steps: Iterable[EndedStep]) -> dict[Step, str]:
    """Return the steps that failed, whatever their files, with the operators' words for why: for the report."""
    failures = await find_failures(steps)
    return {failed.step: failed.why for failed in failures.steps}


def _in_words(error: object) -> str:
    # Of a step that was cancelled or crashed Prefect makes an error with the words of its state.
    is_sentence = isinstance(error, DataopsError | PrefectException)
    return str(error) if is_sentence else f"{type(error).__name__}: {error}"
