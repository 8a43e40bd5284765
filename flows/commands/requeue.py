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
    with failure_as_json(as_json=as_json):
        summary = load_waiting_rows(reason, load_settings())
    if as_json:
        print_json((summary or RunSummary()).model_dump())
    else:
        nothing = f"no row rejected for {reason} has become loadable"
        out.print(str(summary or nothing), highlight=False, soft_wrap=True)


def load_waiting_rows(reason: Reason, settings: Settings) -> RunSummary | None:
    """Run the flow; None: no row has become loadable, and no Prefect server is started."""
    if not asyncio.run(_has_rows(reason, settings)):
        return None
    with waiting(f"rows rejected for {reason}"), serving(settings):
        return run_cancellably(_requeue(reason))


async def _has_rows(reason: Reason, settings: Settings) -> bool:
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        return await count_requeueable_rows(connection, reason, settings) > 0


async def _requeue(reason: Reason) -> RunSummary:
    from flows.requeue import requeue as requeue_flow

    return await result_of(await requeue_flow(reason, return_state=True), RunSummary)
