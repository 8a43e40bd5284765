"""`dataops features`: what the models of dbt/ make of core."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from flows.commands.arguments import parse_date
from flows.commands.console import AsJson, err, out, print_json
from flows.runtime.warehouse import open_migrated
from schemas.settings import Settings, load_settings

if TYPE_CHECKING:
    from tasks.transform.transform_changes import Transformed

app = typer.Typer(help="Features: what the models of dbt/ make of core.", no_args_is_help=True)

Start = Annotated[str | None, typer.Argument(metavar="[FROM]", help="First local day; by default the first.")]
End = Annotated[str | None, typer.Argument(metavar="[TO]", help="Last local day; by default FROM, or the last.")]
Building = Annotated[str | None, typer.Option(help="Code of a building; by default all.")]


@app.command()
def rebuild(start: Start = None, end: End = None, *, building: Building = None, as_json: AsJson = False) -> None:
    """Build features again from core, the newest first; what is interrupted the next run goes on with."""
    settings = load_settings()
    first = parse_date(start) if start else None
    last = parse_date(end) if end else first
    done = asyncio.run(_rebuild(settings, first, last, building))
    if as_json:
        print_json(done.model_dump())
    else:
        out.print(f"{done.building_days} building-days are built", highlight=False)


async def _rebuild(
    settings: Settings, first: dt.date | None, last: dt.date | None, building: str | None
) -> Transformed:
    from tasks.transform.track_changes import record_rebuild
    from tasks.transform.transform_changes import transform_changes

    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        await record_rebuild(connection, settings, first=first, last=last, building=building)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("building-days", total=None)
        return await transform_changes(warehouse, lambda built, of: bar.update(task, completed=built, total=of))
