"""`dataops requeue`: rows that waited for their code."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from flows.commands.console import AsJson, failure_as_json, out, print_json, waiting
from flows.commands.flow_results import result_of
from flows.runtime.ending import run_cancellably
from flows.runtime.prefect_api import serving
from flows.runtime.warehouse import open_migrated
from schemas.reasons import Reason
from schemas.settings import Settings, load_settings
from tasks.load.requeue_rows import count_requeueable_rows
from tasks.report.summarise_run import RunSummary

Why = Annotated[Reason, typer.Option("--reason", help="Rows that were rejected for this reason.")]


def requeue(*, reason: Why = Reason.UNMAPPED_CODE, as_json: AsJson = False) -> None:
    """Load rejected rows that have become loadable, from stage: no file is needed.

    Without --reason those whose codes the reference tables know by now.
    """
    settings = load_settings()
    summary = RunSummary()
    if has_rows := asyncio.run(_has_rows(reason, settings)):
        with failure_as_json(as_json=as_json), waiting(f"rows rejected for {reason}"), serving(settings):
            summary = run_cancellably(_requeue(reason))
    if as_json:
        print_json(summary.model_dump())
    elif not has_rows:
        out.print(f"no row rejected for {reason} has become loadable", highlight=False, soft_wrap=True)
    else:
        out.print(str(summary), highlight=False, soft_wrap=True)


async def _has_rows(reason: Reason, settings: Settings) -> bool:
    """Look before a Prefect server is started for nothing."""
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        return await count_requeueable_rows(connection, reason, settings) > 0


async def _requeue(reason: Reason) -> RunSummary:
    from flows.requeue import requeue as requeue_flow

    return await result_of(await requeue_flow(reason, return_state=True), RunSummary)
