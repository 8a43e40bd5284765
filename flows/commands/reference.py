"""`dataops reference`: buildings, ITPs and meters, without which no reading can be loaded."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands.arguments import parse_date
from flows.commands.console import AsJson, failure_as_json, out, print_json, print_table
from flows.commands.requeue import load_waiting_rows
from flows.runtime.warehouse import open_migrated
from schemas.reasons import Reason
from schemas.settings import Settings, load_settings

if TYPE_CHECKING:
    from tasks.operate.load_reference import ReferenceCounts

app = typer.Typer(help="Reference data: buildings, itp, meters.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Argument(help="Folder with buildings.csv, itp.csv and meters.csv; by default REFERENCE_DIR."),
]
Retire = Annotated[
    Any,
    typer.Option(
        "--retire",
        parser=parse_date,
        metavar="YYYY-MM-DD",
        help="Meters that meters.csv lacks have been removed when this day began.",
    ),
]
_MAX_SHOWN = 20


@app.command()
def load(folder: Folder = None, *, retire: Retire = None, as_json: AsJson = False) -> None:
    """Add and update buildings, itp and meters by external_code; all of it, or every error listed.

    Then load the rows that waited for a code which is known now.
    """
    settings = load_settings()
    loaded = asyncio.run(load_folder(folder or settings.reference_dir, settings, retire_from=retire))
    counts = loaded.model_dump()
    if not as_json:
        print_table("Reference data", [{"table": name, **counts[name]} for name in ("buildings", "itp", "meters")])
        if loaded.changes:
            more = len(loaded.changes) - _MAX_SHOWN
            title = f"Changes{f', the first {_MAX_SHOWN} of {len(loaded.changes)}' if more > 0 else ''}"
            print_table(title, [change.model_dump() for change in loaded.changes[:_MAX_SHOWN]])
        if retire:
            out.print(f"Retired from {retire} on, for meters.csv lacks them: {loaded.retired}", highlight=False)
    with failure_as_json(as_json=as_json):
        summary = load_waiting_rows(Reason.UNMAPPED_CODE, settings)
    if as_json:
        print_json(counts | {"requeued": summary.model_dump() if summary else None})
    elif summary:
        out.print(f"Rows that waited for these codes: {summary}", highlight=False, soft_wrap=True)


async def load_folder(folder: Path, settings: Settings, *, retire_from: dt.date | None = None) -> ReferenceCounts:
    """Load the folder's three files into a migrated database."""
    from tasks.operate.load_reference import load_reference
    from tasks.operate.read_reference import read_reference

    reference = read_reference(folder, settings.zone)
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        return await load_reference(connection, reference, settings, retire_from=retire_from)
