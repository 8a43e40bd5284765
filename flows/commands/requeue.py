"""`dataops requeue`: rows that waited for their code."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from flows.commands.console import AsJson, failure_as_json, out, print_json
from flows.commands.run import result_of
from flows.requeue import requeue as requeue_flow
from flows.runtime.prefect_api import serving
from schemas.reasons import Reason
from schemas.settings import load_settings
from tasks.report.summarise_run import RunSummary

Why = Annotated[Reason, typer.Option("--reason", help="Rows that were rejected for this reason.")]


def requeue(*, reason: Why = Reason.UNMAPPED_CODE, as_json: AsJson = False) -> None:
    """Load rejected rows that have become loadable, from stage: no file is needed.

    Without --reason those whose codes the reference tables know by now.
    """
    with failure_as_json(as_json=as_json), serving(load_settings()):
        summary = asyncio.run(_requeue(reason))
    if as_json:
        print_json(summary.model_dump())
    else:
        out.print(str(summary), highlight=False, soft_wrap=True)


async def _requeue(reason: Reason) -> RunSummary:
    return await result_of(await requeue_flow(reason, return_state=True), RunSummary)
