"""The order of the steps, which several flows share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from uuid import UUID

from prefect import get_run_logger

from flows.ingest import ingest
from flows.load import load_files
from flows.report import report
from flows.restage import restage
from flows.runtime.context import EndedStep, RunContext, describe_failed_steps, run_in_order
from flows.transform import transform
from flows.validate import validate
from schemas.problems import Step
from schemas.reasons import Reason
from tasks.ingest.claim_files import Replay
from tasks.ingest.find_replayed import find_content_files, find_without_file
from tasks.ingest.look_again import look_again
from tasks.load.requeue_rows import requeue_rows


async def ingest_into_core(
    context: RunContext,
    only: list[str] | None = None,
    *,
    replay: Replay | None = None,
    contents: list[str] | None = None,
) -> list[EndedStep]:
    """Bring the day's files into core, and once more those that another run has let go of meanwhile.

    A retry in the UI skips a step whose result is kept. Only that of the first ingest is: after a file is corrected
    the steps behind it have new work, and what is done costs them nothing.
    """
    options = {"replay": replay, "contents": contents}
    steps = [
        *await run_in_order(context, (Step.INGEST, partial(ingest, only=only, **options))),
        *await bring_into_core(context),
    ]
    if released := await look_again(context.run, context.warehouse):
        ingest_again = partial(ingest.with_options(persist_result=False), only=released, **options)
        steps += await run_in_order(context, (Step.INGEST, ingest_again))
        steps += await bring_into_core(context)
    return steps


async def load_waiting_rows(context: RunContext, reason: Reason = Reason.UNMAPPED_CODE) -> list[dt.date]:
    """Stage rows that waited as loads of this run; returns the day of each load that they came from."""
    async with context.warehouse.connect() as connection:
        days = await requeue_rows(connection, context.run, context.settings, reason=reason)
    if days:
        get_run_logger().info("rows of %d loads that waited are loaded once more", len(days))
    return days


async def restage_into_core(context: RunContext, load_ids: list[UUID], *, replay: Replay) -> list[EndedStep]:
    """Bring what stage has of loads into core once more."""
    return [
        *await run_in_order(context, (Step.INGEST, partial(restage, load_ids=load_ids, replay=replay))),
        *await bring_into_core(context),
    ]


async def replay_in_place(context: RunContext, load_ids: list[UUID]) -> list[EndedStep]:
    """Bring loads of the day into core once more, from their files where these are as they were, else from stage."""
    async with context.warehouse.connect() as connection:
        files = await find_content_files(connection, load_ids, context.settings)
    steps = await ingest_into_core(context, files.paths, replay="in place", contents=files.contents)
    async with context.warehouse.connect() as connection:
        without_file = await find_without_file(connection, load_ids, context.run, context.settings)
    return [*steps, *(await restage_into_core(context, without_file, replay="in place") if without_file else [])]


async def bring_into_core(context: RunContext) -> list[EndedStep]:
    """Bring into core what the run has staged."""
    return await run_in_order(context, (Step.VALIDATE, validate), (Step.LOAD, load_files))


async def follow_up(context: RunContext, steps: Iterable[EndedStep], days: Iterable[dt.date]) -> list[EndedStep]:
    """Build the features, then the reports of days, which name what failed in these steps and in the features."""
    steps = [*steps, *await run_in_order(context, (Step.REFRESH, transform))]
    report_step = (Step.REPORT, partial(report, failed_steps=await describe_failed_steps(steps)))
    for day in days:
        steps += await run_in_order(context.model_copy(update={"day": day}), report_step)
    return steps
