"""How a process ends before its run does: by SIGTERM, Ctrl-C, a cancel in the UI, or a Prefect API that is gone.

A signal cancels the run in good order. What hangs meanwhile, a thread or a server that does not answer, does not hold
the process: after a grace time it ends at once, and the database rolls back what its sessions have not committed.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import Any, Literal, NoReturn, TypeVar
from uuid import UUID

from flows.runtime.child import has_lost_parent
from schemas.errors import RunFailedError

T = TypeVar("T")

GRACE_SECONDS = 8.0
"""So long a process may take to end in good order; a worker gives it half a minute."""
_API_SECONDS = 300.0
"""So long Prefect's API may be gone before a run gives up; what does not need it goes on meanwhile."""
_POLL_SECONDS = 2.0
_ADVICE = "what is loaded stays, and the next run does the rest"


class Stopped(BaseException):
    """SIGTERM or Ctrl-C has ended the command."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}: {_ADVICE}")
        self.exit_code = 128 + number


class _Process:
    """What is known of this process's end."""

    cancel_run: Callable[[], object] | None = None
    """Cancels the run that this process is busy with."""
    why: Stopped | RunFailedError | None = None
    """Why it ends before its time."""
    cancelled_id: UUID | None = None
    """The flow run, if it was cancelled in the UI."""
    has_said_why = False
    """Whether the command says it."""


_process = _Process()


def heed_signals() -> None:
    """End the command within the grace time on SIGTERM and Ctrl-C."""
    _bound_signals()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _on_signal)


def _on_signal(number: int, _: FrameType | None) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    if _process.cancel_run is None:  # else the listener cancels it
        _process.has_said_why = True
        raise Stopped(number)


def _bound_signals() -> None:
    """Bound how long the process takes to end once it gets a signal, which the handler in place sees as well.

    A thread hears it at once. The main thread does not where it waits for a lock, if the signal came just before.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)

    def listen() -> None:
        while (number := os.read(reader, 1)[0]) not in (signal.SIGTERM, signal.SIGINT):
            pass
        _process.why = stopped = Stopped(number)
        end_within(GRACE_SECONDS, str(stopped), stopped.exit_code)
        if _process.cancel_run:
            _process.cancel_run()

    threading.Thread(target=listen, daemon=True).start()


def end_within(seconds: float, reason: str, exit_code: int) -> None:
    """End the process after a while, if it has not ended by then, whatever it is busy with."""

    def end() -> None:
        time.sleep(seconds)
        end_at_once(None if _process.has_said_why else reason, exit_code)

    threading.Thread(target=end, daemon=True).start()


def end_at_once(reason: str | None, exit_code: int) -> NoReturn:
    """End the process and its children, whatever they are busy with; None: the reason has been said."""
    import psutil

    logging.disable()  # the line is the last one
    with suppress(OSError):  # the worker that reads it has ended
        if reason:
            os.write(2, f"error: {reason}\n".encode())
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    os._exit(exit_code)


def is_ending() -> bool:
    """Return True once the process has been told to end: what fails then fails because of that."""
    return _process.why is not None


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
        _process.cancel_run = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            return await run
        finally:
            _process.cancel_run = None

    def work() -> None:
        try:
            outcome.set_result(asyncio.run(cancellable()))
        except BaseException as error:  # the main thread raises it
            outcome.set_exception(error)

    threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
    try:
        return outcome.result()
    except asyncio.CancelledError:
        if _process.cancelled_id:
            asyncio.run(_set_state(_process.cancelled_id, "CANCELLED"))
        if _process.why is None:
            raise
        _process.has_said_why = True  # the caller does
        raise _process.why from None


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
    if run is None or not (is_on_worker() or _process.cancel_run):
        yield  # a part of another program, such as a test
        return
    if is_on_worker():
        _bound_signals()  # Prefect's own handlers stay
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
                    _process.cancelled_id = flow_run_id
                    _end(run, "the run was cancelled")
                    return
    _end(run, f"Prefect's API has not answered for {_API_SECONDS:g} s")


def _end(run: asyncio.Task[Any], reason: str) -> None:
    _process.why = RunFailedError(f"{reason}: {_ADVICE}")
    end_within(GRACE_SECONDS, str(_process.why), 1)
    run.cancel()
