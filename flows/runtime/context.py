"""What the parts of one run share: who runs, for which day, and how a run ends when files failed."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from prefect import get_run_logger, runtime
from prefect.client.schemas.objects import State
from pydantic import BaseModel

from flows.runtime.warehouse import open_connection
from schemas.errors import RunFailedError
from schemas.settings import Settings
from tasks.ingest.claim_files import Run, adopt_loads, take_claim_key
from tasks.report.summarise_run import RunSummary, summarise_run
from tasks.warehouse.connection import is_transient
from tasks.warehouse.heap import use_one_heap


class RunContext(BaseModel):
    """The parent flow run, its claim key and the day; small, so that it travels as a flow parameter."""

    flow_run_id: UUID
    claim_key: int
    day: dt.date

    @property
    def run(self) -> Run:
        """As the tasks know it."""
        return Run(self.flow_run_id, self.claim_key, self.day)


class PartResult(BaseModel):
    """What a subflow leaves behind: how many loads it took a step further."""

    loads: int


def is_worth_retrying(task: object, task_run: object, state: State[Any]) -> bool:
    """Tell Prefect to retry what a lost connection or a concurrent load broke, and nothing else."""
    return isinstance(state.data, BaseException) and is_transient(state.data)


RETRY: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": [1, 5, 20],
    "retry_condition_fn": is_worth_retrying,
}
"""How a group of files is tried again; each try finds out from the database what is left."""


@asynccontextmanager
async def working(day: dt.date, settings: Settings) -> AsyncIterator[RunContext]:
    """Hold the claim key while the run lives, and take up what an earlier process of it left."""
    use_one_heap()
    flow_run_id = UUID(str(runtime.flow_run.id)) if runtime.flow_run.id else uuid4()
    async with open_connection(settings) as connection:
        context = RunContext(flow_run_id=flow_run_id, claim_key=await take_claim_key(connection), day=day)
        await adopt_loads(connection, context.run, settings)
        yield context


async def conclude(context: RunContext, parts: Sequence[State[Any]], settings: Settings) -> RunSummary:
    """Sum up a run.

    Raises:
        RunFailedError: a part or a file failed; names each file with its reason.

    """
    async with open_connection(settings) as connection:
        summary = await summarise_run(connection, context.flow_run_id, settings)
    get_run_logger().info("%s", summary)
    broken = [part for part in parts if not part.is_completed()]
    if broken or summary.unfinished:
        # The log names the files; a part that failed before it came to one speaks for itself.
        files = summary.failed | summary.unfinished
        error = RunFailedError.of(files) if files else RunFailedError("; ".join(str(part.message) for part in broken))
        error.summary = summary.model_dump()
        raise error
    return summary
