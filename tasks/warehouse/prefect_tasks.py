"""What the thin Prefect tasks of all steps share: their retries, and the progress that they show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from prefect import runtime
from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from tasks.warehouse.connection import is_transient

_UPDATE_SECONDS = 2.0


def is_worth_retrying(task: object, task_run: object, state: State[Any]) -> bool:
    """Return True if a lost connection or a concurrent load broke the task: a retry helps with nothing else."""
    return isinstance(state.data, BaseException) and is_transient(state.data)


BATCH_TASK: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "retries": 3,
    "retry_delay_seconds": [1, 5, 20],
    "retry_condition_fn": is_worth_retrying,
}
"""Options of a task that works on a batch of files; each try finds out from the database what is left."""


def name_after_batch(verb: str, parameter: str, attribute: str) -> Callable[[], str]:
    """Return a function that names a task run after the batch in one of its parameters."""

    def name() -> str:
        batch = runtime.task_run.parameters[parameter]
        return describe_batch(verb, [str(getattr(item, attribute)) for item in batch])

    return name


def describe_batch(verb: str, names: Sequence[str]) -> str:
    """Return `ingest a.csv`, or `ingest 12 files: a.csv …`."""
    return f"{verb} {names[0]}" if len(names) == 1 else f"{verb} {len(names)} files: {names[0]} …"


@asynccontextmanager
async def show_progress(description: str) -> AsyncIterator[Callable[[float], None]]:
    """Show in the UI how much of a long file is done; yields a function that takes the share, 0 to 1."""
    share = 0.0

    def report(done: float) -> None:
        nonlocal share
        share = max(share, min(done, 1.0))

    async def show() -> None:
        await asyncio.sleep(_UPDATE_SECONDS)
        artifact_id = await acreate_progress_artifact(progress=100 * share, description=description)
        try:
            while True:
                await asyncio.sleep(_UPDATE_SECONDS)
                await aupdate_progress_artifact(artifact_id, progress=100 * share)
        finally:
            await asyncio.shield(aupdate_progress_artifact(artifact_id, progress=100 * share))

    showing = asyncio.create_task(show())
    try:
        yield report
    finally:
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing
