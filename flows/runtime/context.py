"""What the steps of a run share: who runs, for which day, on which warehouse, and how a run with failed files ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from prefect import get_run_logger, runtime
from prefect.client.schemas.objects import State
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from flows.runtime.ending import watched
from flows.runtime.run_log import prepare_logging
from flows.runtime.warehouse import migrate_warehouse, open_warehouse
from schemas.errors import DataopsError, RunFailedError
from schemas.settings import Settings, load_settings
from tasks.report.summarise_run import RunSummary, summarise_run
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.heap import use_one_heap
from tasks.warehouse.load_log import Run, adopt_loads
from tasks.warehouse.locks import acquire_claim_key


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


def conclude_step(result: BatchResult) -> StepResult:
    """End a step.

    Raises:
        RunFailedError: names the files that failed; the others go on.

    """
    if result.failed:
        raise RunFailedError.of(result.failed)
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
    use_one_heap()
    prepare_logging(settings)
    warehouse = await open_warehouse(settings)
    await migrate_warehouse(warehouse)
    flow_run_id = UUID(str(runtime.flow_run.id)) if runtime.flow_run.id else uuid4()
    async with watched(flow_run_id), warehouse.connect() as connection:
        claim_key = await acquire_claim_key(connection)
        context = RunContext(flow_run_id=flow_run_id, claim_key=claim_key, day=day, warehouse=warehouse)
        await adopt_loads(connection, context.run, settings)
        yield context


async def conclude(context: RunContext, steps: Sequence[State[Any]]) -> RunSummary:
    """Sum up a run.

    Raises:
        RunFailedError: a step or a file failed; names each file with its reason.

    """
    async with context.warehouse.connect() as connection:
        summary = await summarise_run(connection, context.flow_run_id, context.settings)
    get_run_logger().info("%s", summary)
    failed_steps = [step for step in steps if not step.is_completed()]
    if failed_steps or summary.unfinished:
        # The log names the files; a step that failed before it came to one has its own message.
        files = summary.failed | summary.unfinished
        reasons = [await _why(step) for step in failed_steps]
        error = RunFailedError.of(files) if files else RunFailedError("; ".join(reasons))
        error.summary = summary.model_dump()
        raise error
    return summary


async def _why(step: State[Any]) -> str:
    """Return why a step failed, in its own words; of one that was cancelled or crashed, in Prefect's."""
    result = await step.aresult(raise_on_failure=False)
    return str(result) if isinstance(result, DataopsError) else str(step.message)
