"""The day runs of a backfill: through the deployment where a Prefect server is configured, else in this process."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, NamedTuple
from uuid import UUID

from prefect import get_client, runtime
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import arun_deployment
from prefect.settings import PREFECT_API_URL
from prefect.states import AwaitingRetry, Cancelled, Cancelling

from flows.load_day import load_day

DEPLOYMENT = "load-day/day"
_POLL_SECONDS = 2.0
_CANCEL_ATTEMPTS = 10  # twenty seconds: a process that is told to end takes half of that at most
_UNENDED = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]
_ORIGIN = "origin:"
_MAX_SERVED = 16

on_day_done: ContextVar[Callable[[], object]] = ContextVar("on_day_done", default=lambda: None)
"""Called after each day; a terminal's progress bar hangs here, which is not a parameter of a flow."""


class BackfillCancelledError(Exception):
    """Someone has cancelled the backfill in the UI."""


class DayRunner(NamedTuple):
    """How the days of one backfill are run."""

    origin: str | None
    """The backfill whose day runs are continued; None: without a server, in this process."""

    @classmethod
    async def of(cls, start: dt.date, end: dt.date) -> DayRunner:
        """Return the runner of the backfill that is this flow run."""
        return cls(await _find_origin(start, end) if PREFECT_API_URL.value() else None)

    @property
    def max_concurrency(self) -> int:
        """How many days may run at a time: one process does one."""
        return 1 if self.origin is None else _MAX_SERVED

    async def run(self, day: dt.date) -> str:
        """Run one day; return why it failed, or nothing."""
        if self.origin is None:
            return describe_failure(await load_day(date=day, return_state=True))
        return await _run_through_deployment(day, self.origin)


async def cancel_own_days() -> None:
    """Cancel the day runs of this backfill: Prefect does not do so by itself."""
    await _cancel_days(_own_id())


async def on_crash(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ANN401 - Prefect's signature
    """Cancel the days on Ctrl-C: they are not left to go on alone."""
    await _cancel_days(flow_run.id)


async def _cancel_days(backfill_id: UUID) -> None:
    """Cancel the day runs until they have ended.

    A worker hears of a cancellation only while the run's process exists, not while it is still starting it: so the
    runs are told again until they have ended. What nobody has answered for is no longer watched by any worker.
    """
    async with get_client() as client:
        origin = origin_of(await client.read_flow_run(backfill_id))
        unended_days = FlowRunFilter(
            tags=FlowRunFilterTags(all_=[f"backfill:{origin}"]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNENDED)),
        )
        for _ in range(_CANCEL_ATTEMPTS):
            if not (runs := await client.read_flow_runs(flow_run_filter=unended_days)):
                return
            for run in runs:
                # What is scheduled has no process that could be told.
                state: State[None] = Cancelled() if run.state and run.state.is_scheduled() else Cancelling()
                await client.set_flow_run_state(run.id, state, force=True)
            await asyncio.sleep(_POLL_SECONDS)
        for run in await client.read_flow_runs(flow_run_filter=unended_days):
            await client.set_flow_run_state(run.id, Cancelled(message="no worker answers for this run"), force=True)


def describe_failure(state: State[Any]) -> str:
    """Return why a day did not complete, in its own words; nothing if it did."""
    message = (state.message or "").removeprefix("Flow run encountered an exception: RunFailedError: ")
    return "" if state.is_completed() else message or str(state.name)


async def _run_through_deployment(day: dt.date, origin: str) -> str:
    """Run one day; a run of the same backfill that exists is kept, and tried again if it failed."""
    key = f"backfill/{origin}/{day}"
    async with get_client() as client:
        await _end_if_cancelled(client)
        while (run := await _start(day, origin, key)).state and run.state.is_cancelled():
            key = f"backfill/{origin}/{day}/{run.id}"  # not the same run: its worker would cancel it once more
        # Of a run that an earlier backfill has left under way, the process may be dead without anyone knowing yet.
        may_be_dead = bool(run.state and (run.state.is_running() or run.state.is_pending()))
        if run.state and (run.state.is_failed() or run.state.is_crashed()):
            await _try_again(client, run)
        while True:
            current = await client.read_flow_run(run.id)
            await _end_if_cancelled(client)
            if may_be_dead and current.state and current.state.is_crashed():
                may_be_dead = False
                await _try_again(client, run)
            elif current.state and current.state.is_final():
                return describe_failure(current.state)
            await asyncio.sleep(_POLL_SECONDS)


async def _try_again(client: PrefectClient, run: FlowRun) -> None:
    """Do what the Retry button does: the same run goes on with what it has not done."""
    await client.set_flow_run_state(run.id, AwaitingRetry(), force=True)


async def _start(day: dt.date, origin: str, key: str) -> FlowRun:
    """Start a day's run, or find the one that was started with the same key."""
    return await arun_deployment(
        DEPLOYMENT,
        parameters={"date": day.isoformat()},
        timeout=0,
        idempotency_key=key,
        flow_run_name=f"load-day/{day}",
        tags=[f"backfill:{origin}"],
    )


async def _end_if_cancelled(client: PrefectClient) -> None:
    """End a backfill that someone has cancelled in the UI: no worker watches over it that would.

    Raises:
        BackfillCancelledError: it was cancelled.

    """
    own = await client.read_flow_run(_own_id())
    if own.state and own.state.is_cancelling():
        raise BackfillCancelledError


async def _find_origin(start: dt.date, end: dt.date) -> str:
    """Name the backfill whose day runs this one goes on with: the unfinished one before it, or itself."""
    own = _own_id()
    span = f"span:{start}..{end}"
    async with get_client() as client:
        earlier = await client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["backfill"])),
            flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[span])),
            sort=FlowRunSort.START_TIME_DESC,
            limit=5,
        )
        origin = unfinished_origin([run for run in earlier if run.id != own]) or str(own)
        tags = {*(runtime.flow_run.tags or ()), span, f"{_ORIGIN}{origin}"}
        await client.update_flow_run(own, tags=tags)
    return origin


def unfinished_origin(earlier: Sequence[FlowRun]) -> str | None:
    """Return the origin of the latest earlier backfill of the same span, unless that has completed."""
    if not earlier or (earlier[0].state and earlier[0].state.is_completed()):
        return None
    return origin_of(earlier[0])


def origin_of(backfill_run: FlowRun) -> str | None:
    """Return the origin that a backfill's tags name."""
    return next((tag.removeprefix(_ORIGIN) for tag in backfill_run.tags if tag.startswith(_ORIGIN)), None)


def _own_id() -> UUID:
    return UUID(str(runtime.flow_run.id))
