"""`dataops reference`: buildings, ITPs and meters, without which no reading can be loaded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.console import AsJson, out, print_json, print_table
from flows.runtime.warehouse import open_migrated
from schemas.settings import Settings, load_settings
from tasks.operate.list_row_errors import count_waiting_rows

if TYPE_CHECKING:
    from tasks.operate.load_reference import ReferenceCounts

app = typer.Typer(help="Reference data: buildings, itp, meters.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Argument(help="Folder with buildings.csv, itp.csv and meters.csv; by default REFERENCE_DIR."),
]


@app.command()
def load(folder: Folder = None, *, as_json: AsJson = False) -> None:
    """Add and update buildings, itp and meters by external_code; all of it, or every error listed."""
    settings = load_settings()
    counts = asyncio.run(load_folder(folder or settings.reference_dir, settings)).model_dump()
    if as_json:
        print_json(counts)
        return
    print_table("Reference data", [{"table": name, **row} for name, row in counts.items()])
    if counts["meters"]["inserted"] and asyncio.run(_have_rows_become_loadable(settings)):
        out.print("Rows that waited for these codes: dataops requeue", highlight=False)


async def load_folder(folder: Path, settings: Settings) -> ReferenceCounts:
    """Load the folder's three files into a migrated database."""
    from tasks.operate.load_reference import load_reference
    from tasks.operate.read_reference import read_reference

    reference = read_reference(folder)
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        return await load_reference(connection, reference, settings)


async def _have_rows_become_loadable(settings: Settings) -> bool:
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        return await count_waiting_rows(connection, settings) > 0
