"""Load a span of days: one run a day through the same deployment, a bounded number at a time."""

from __future__ import annotations

import asyncio
import datetime as dt

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Cancelled

from flows.runtime.backfill_runs import BackfillCancelledError, DayRunner, cancel_own_days, on_crash, on_day_done
from flows.runtime.days import days_of
from schemas.errors import RunFailedError


@flow(name="backfill", flow_run_name="backfill/{start}..{end}", on_crashed=[on_crash])
async def backfill(start: dt.date, end: dt.date, concurrency: int = 2) -> dict[str, str] | State[None]:
    """Load every day from start to end, oldest first; a repeat after a failure does the failed days only.

    Through the deployment where a Prefect server is configured, else in this process. Cancelled in the UI or by
    Ctrl-C it takes its days with it.

    Raises:
        RunFailedError: names the days that failed; their reasons are its details.

    """
    runner = await DayRunner.of(start, end)
    slots = asyncio.Semaphore(min(concurrency, runner.max_concurrency))

    async def load(day: dt.date) -> tuple[str, str]:
        async with slots:
            reason = await runner.run(day)
            get_run_logger().info("%s: %s", day, "failed, as its own run says" if reason else "done")
            on_day_done.get()()
            return day.isoformat(), reason

    try:
        outcome = dict(await asyncio.gather(*(load(day) for day in days_of(start, end))))
    except BackfillCancelledError:
        await cancel_own_days()
        return Cancelled(message="the backfill was cancelled; what is loaded stays, and a repeat goes on from there")
    if failed := {day: reason for day, reason in outcome.items() if reason}:
        error = RunFailedError.of_days(failed)
        error.summary = outcome
        raise error
    return outcome
