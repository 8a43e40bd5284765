"""How a process ends before its run does: by SIGTERM, Ctrl-C, a cancel in the UI, or a Prefect API that is gone.

A signal cancels the run in good order. What hangs meanwhile, a thread or a server that does not answer, does not hold
the process: after a grace time it ends at once, and the database rolls back what its sessions have not committed.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
import time
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, TypeVar
from uuid import UUID

from flows.runtime.child import has_lost_parent
from flows.runtime.stopping import ADVICE, bound_signals, end_soon, end_within, process
from schemas.errors import RunFailedError

T = TypeVar("T")

_API_SECONDS = 300.0
"""So long Prefect's API may be gone before a run gives up; what does not need it goes on meanwhile."""
_POLL_SECONDS = 2.0


def run_cancellably(run: Coroutine[Any, Any, T]) -> T:
    """Run a flow in a thread: the main one hears signals, whatever the run is busy with.

    Raises:
        Stopped: by SIGTERM or Ctrl-C.
        RunFailedError: it was cancelled in the UI, or Prefect's API is gone.

    """
    outcome: Future[T] = Future()

    async def cancellable() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task  # noqa: S101 - a coroutine always runs in one
        process.cancel_run = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            return await run
        finally:
            process.cancel_run = None

    def work() -> None:
        try:
            outcome.set_result(asyncio.run(cancellable()))
        except BaseException as error:  # the main thread raises it
            outcome.set_exception(error)

    threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
    try:
        return outcome.result()
    except asyncio.CancelledError:
        if process.cancelled_id:
            asyncio.run(_set_state(process.cancelled_id, "CANCELLED"))
        if process.why is None:
            raise
        process.has_said_why = True  # the caller does
        raise process.why from None


async def _set_state(flow_run_id: UUID, state_type: Literal["CANCELLED", "CRASHED"]) -> None:
    from prefect import get_client
    from prefect.client.schemas.objects import State, StateType

    async with get_client() as client:
        await client.set_flow_run_state(flow_run_id, State[Any](type=StateType[state_type]), force=True)


def is_on_worker() -> bool:
    """Return True if a worker has started this process for a flow run."""
    return "PREFECT__FLOW_RUN_ID" in os.environ


@asynccontextmanager
async def watched(flow_run_id: UUID) -> AsyncIterator[None]:
    """Watch over the run that this process exists for: its cancellation, signals, and Prefect's API."""
    run = asyncio.current_task()
    if run is None or not (is_on_worker() or process.cancel_run):
        yield  # a part of another program, such as a test
        return
    if is_on_worker():
        bound_signals()  # Prefect's own handlers stay
    watching = asyncio.create_task(_watch(flow_run_id, run))
    try:
        yield
    except asyncio.CancelledError:
        if has_lost_parent():
            await _set_state(flow_run_id, "CRASHED")  # a run that is cancelled leaves its state to the worker
        raise
    finally:
        watching.cancel()
        if is_on_worker():
            # What is left is to tell Prefect, which may be gone.
            end_within(_API_SECONDS, "the run is over, but its process has not ended", 1)


async def _watch(flow_run_id: UUID, run: asyncio.Task[Any]) -> None:
    """Cancel the run when it is cancelled in the UI, which a worker sees to itself, or when the API is gone."""
    from prefect import get_client

    answered = time.monotonic()
    async with get_client() as client:
        while time.monotonic() - answered < _API_SECONDS:
            await asyncio.sleep(_POLL_SECONDS)
            with suppress(Exception):  # whatever it is, there was no answer
                async with asyncio.timeout(_API_SECONDS / 10):
                    state = (await client.read_flow_run(flow_run_id)).state
                answered = time.monotonic()
                if not is_on_worker() and state and state.is_cancelling():
                    process.cancelled_id = flow_run_id
                    _end(run, "the run was cancelled")
                    return
    _end(run, f"Prefect's API has not answered for {_API_SECONDS:g} s")


def _end(run: asyncio.Task[Any], reason: str) -> None:
    process.why = RunFailedError(f"{reason}: {ADVICE}")
    end_soon(str(process.why), 1)
    run.cancel()
