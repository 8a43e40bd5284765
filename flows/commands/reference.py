"""`dataops reference`: buildings, ITPs and meters, without which no reading has a place."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.console import AsJson, out, print_json, print_table
from flows.runtime.warehouse import open_migrated
from schemas.settings import Settings, load_settings
from tasks.operate.load_reference import ReferenceCounts, load_reference
from tasks.operate.read_reference import read_reference

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
    if counts["meters"]["inserted"]:
        out.print("Rows that waited for these codes: dataops requeue", highlight=False)


async def load_folder(folder: Path, settings: Settings) -> ReferenceCounts:
    """Load the folder's three files into a migrated database."""
    reference = read_reference(folder)
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        return await load_reference(connection, reference, settings)
