"""`dataops release`: load what waits as held."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated
from uuid import UUID

import typer

from flows.commands.arguments import parse_load
from flows.commands.console import AsJson, failure_as_json, out, print_json
from flows.commands.flow_results import result_of
from flows.runtime.ending import run_cancellably
from flows.runtime.prefect_api import serving
from flows.runtime.warehouse import open_migrated
from schemas.settings import Settings, load_settings
from tasks.load.release_load import require_held
from tasks.operate.resolve_load_id import resolve_load_id
from tasks.report.summarise_run import RunSummary

LoadId = Annotated[
    str,
    typer.Argument(
        parser=parse_load, metavar="LOAD_ID", help="A held load, or as many digits of its id as are unique."
    ),
]


def release(load_id: LoadId, *, as_json: AsJson = False) -> None:
    """Load a file that is held because it changes more readings than HOLD_CHANGED_SHARE."""
    settings = load_settings()
    resolved, day = asyncio.run(_resolve(load_id, settings))
    with failure_as_json(as_json=as_json), serving(settings):
        summary = run_cancellably(_release(resolved, day))
    if as_json:
        print_json(summary.model_dump())
    else:
        out.print(str(summary), highlight=False, soft_wrap=True)


async def _resolve(text: str, settings: Settings) -> tuple[UUID, dt.date]:
    """Find the load before a Prefect server is started for nothing."""
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        load_id = await resolve_load_id(connection, text, settings)
        return load_id, await require_held(connection, load_id, settings)


async def _release(load_id: UUID, day: dt.date) -> RunSummary:
    from flows.release import release as release_flow

    return await result_of(await release_flow(load_id, day, return_state=True), RunSummary)
