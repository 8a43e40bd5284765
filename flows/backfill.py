"""Load a span of days: one run a day through the same deployment, a bounded number at a time."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from prefect import flow, get_client, get_run_logger, runtime
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
from schemas.errors import RunFailedError

DEPLOYMENT = "load-day/day"
_POLL_SECONDS = 2.0
_CANCEL_ATTEMPTS = 45  # a minute and a half: a worker gives a process 30 seconds to end before it kills it
_UNENDED = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]
_ORIGIN = "origin:"


on_day_done: ContextVar[Callable[[], object]] = ContextVar("on_day_done", default=lambda: None)
"""Called after each day; a terminal's progress bar hangs here, which is no parameter of a flow."""


def days_of(start: dt.date, end: dt.date) -> list[dt.date]:
    """List the days from start to end, both included."""
    return [start + dt.timedelta(days=number) for number in range((end - start).days + 1)]


class _CancelledError(Exception):
    """Somebody has cancelled the backfill in the UI."""


async def _cancel_days(backfill_id: UUID) -> None:
    """Cancel the day runs with their backfill: Prefect does not do so by itself.

    A worker hears of a cancellation only while the run's process exists, not while it is still starting it: so the
    runs are told again until they have ended. What nobody has answered for is no longer watched by any worker.
    """
    async with get_client() as client:
        origin = _origin_of(await client.read_flow_run(backfill_id))
        unended_days = FlowRunFilter(
            tags=FlowRunFilterTags(all_=[f"backfill:{origin}"]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNENDED)),
        )
        for _ in range(_CANCEL_ATTEMPTS):
            if not (runs := await client.read_flow_runs(flow_run_filter=unended_days)):
                return
            for run in runs:
                await client.set_flow_run_state(run.id, Cancelling(), force=True)
            await asyncio.sleep(_POLL_SECONDS)
        for run in await client.read_flow_runs(flow_run_filter=unended_days):
            await client.set_flow_run_state(run.id, Cancelled(message="no worker answers for this run"), force=True)


async def _on_crash(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ANN401 - Prefect's signature
    """Ctrl-C: the days are not left to go on alone."""
    await _cancel_days(flow_run.id)


@flow(name="backfill", flow_run_name="backfill/{start}..{end}", on_crashed=[_on_crash])
async def backfill(start: dt.date, end: dt.date, concurrency: int = 2) -> dict[str, str] | State[None]:
    """Load every day from start to end, oldest first; a repeat after a failure does the failed days only.

    Through the deployment where a Prefect server is configured, else in this process. Cancelled in the UI or by
    Ctrl-C it takes its days with it.

    Raises:
        RunFailedError: names the days that failed, with their reasons.

    """
    through_server = bool(PREFECT_API_URL.value())
    origin = await _origin(start, end) if through_server else ""
    slots = asyncio.Semaphore(concurrency if through_server else 1)

    async def one(day: dt.date) -> tuple[str, str]:
        async with slots:
            why = await (_through_deployment(day, origin) if through_server else _in_process(day))
            get_run_logger().info("%s: %s", day, why or "done")
            on_day_done.get()()
            return day.isoformat(), why

    try:
        outcome = dict(await asyncio.gather(*(one(day) for day in days_of(start, end))))
    except _CancelledError:
        await _cancel_days(UUID(str(runtime.flow_run.id)))
        return Cancelled(message="the backfill was cancelled; what is loaded stays, and a repeat goes on from there")
    if failed := {day: why for day, why in outcome.items() if why}:
        raise RunFailedError.of(failed)
    return outcome


async def _in_process(day: dt.date) -> str:
    state = await load_day(date=day, return_state=True)
    return _why_not(state)


def _why_not(state: State[Any]) -> str:
    """Say why a day did not come to its end, in its own words; nothing if it did."""
    words = (state.message or "").removeprefix("Flow run encountered an exception: RunFailedError: ")
    return "" if state.is_completed() else words or str(state.name)


async def _through_deployment(day: dt.date, origin: str) -> str:
    """Run one day; a run of the same backfill that exists is kept, and tried again if it failed."""
    key = f"backfill/{origin}/{day}"
    async with get_client() as client:
        await _end_if_cancelled(client)
        while (run := await _started(day, origin, key)).state and run.state.is_cancelled():
            key = f"backfill/{origin}/{day}/{run.id}"  # not the same run: its worker would cancel it once more
        if run.state and (run.state.is_failed() or run.state.is_crashed()):
            # What the Retry button does: the same run goes on with what it has not done.
            await client.set_flow_run_state(run.id, AwaitingRetry(), force=True)
        while True:
            current = await client.read_flow_run(run.id)
            await _end_if_cancelled(client)
            if current.state and current.state.is_final():
                return _why_not(current.state)
            await asyncio.sleep(_POLL_SECONDS)


async def _started(day: dt.date, origin: str, key: str) -> FlowRun:
    return await arun_deployment(
        DEPLOYMENT,
        parameters={"date": day.isoformat()},
        timeout=0,
        idempotency_key=key,
        flow_run_name=f"load-day/{day}",
        tags=[f"backfill:{origin}"],
    )


async def _end_if_cancelled(client: PrefectClient) -> None:
    """End a backfill that somebody has cancelled in the UI: no worker watches over it that would.

    Raises:
        _CancelledError: it was cancelled.

    """
    own = await client.read_flow_run(UUID(str(runtime.flow_run.id)))
    if own.state and own.state.is_cancelling():
        raise _CancelledError


async def _origin(start: dt.date, end: dt.date) -> str:
    """Name the backfill whose day runs this one goes on with: the unfinished one before it, or itself."""
    own = UUID(str(runtime.flow_run.id))
    span = f"span:{start}..{end}"
    async with get_client() as client:
        earlier = await client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["backfill"])),
            flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[span])),
            sort=FlowRunSort.START_TIME_DESC,
            limit=5,
        )
        origin = _unfinished_origin([run for run in earlier if run.id != own]) or str(own)
        tags = {*(runtime.flow_run.tags or ()), span, f"{_ORIGIN}{origin}"}
        await client.update_flow_run(own, tags=tags)
    return origin


def _unfinished_origin(earlier: Sequence[FlowRun]) -> str | None:
    if not earlier or (earlier[0].state and earlier[0].state.is_completed()):
        return None
    return _origin_of(earlier[0])


def _origin_of(backfill_run: FlowRun) -> str | None:
    return next((tag.removeprefix(_ORIGIN) for tag in backfill_run.tags if tag.startswith(_ORIGIN)), None)
