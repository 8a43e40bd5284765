"""`dataops rollback`: undo a load."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from flows.commands.arguments import parse_load
from flows.commands.console import AsJson, out, print_json
from flows.commands.flow_results import result_of
from flows.runtime.ending import run_cancellably
from flows.runtime.prefect_api import serving
from flows.runtime.warehouse import open_migrated
from schemas.settings import Settings, load_settings
from tasks.load.rollback_load import RolledBack, rollback_load
from tasks.operate.resolve_load_id import resolve_load_id

LoadId = Annotated[
    str,
    typer.Argument(
        parser=parse_load,
        metavar="LOAD_ID",
        help="A load_id as dataops status shows it, or as many of its digits as are unique.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


def rollback(load_id: LoadId, *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Undo a load: core is as if it had never been loaded, except readings that a later load rewrote."""
    settings = load_settings()
    resolved, counts = asyncio.run(_resolve(load_id, settings, dry_run=dry_run))
    if counts is None:
        with serving(settings):
            counts = run_cancellably(_rollback(resolved))
    if as_json:
        print_json(counts._asdict())
        return
    out.print(counts.describe(dry_run=dry_run), highlight=False, soft_wrap=True)
    if len(counts.loads) > 1:
        others = ", ".join(str(other) for other in counts.loads if other != resolved)
        out.print(f"with it the loads of its waiting rows: {others}", highlight=False, soft_wrap=True)


async def _resolve(text: str, settings: Settings, *, dry_run: bool) -> tuple[UUID, RolledBack | None]:
    """Find the load; with `dry_run` also what a rollback of it would do, which needs no flow."""
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        load_id = await resolve_load_id(connection, text, settings)
        return load_id, await rollback_load(connection, load_id, settings, dry_run=True) if dry_run else None


async def _rollback(load_id: UUID) -> RolledBack:
    from flows.rollback import rollback as rollback_flow

    return await result_of(await rollback_flow(load_id, return_state=True), RolledBack)
