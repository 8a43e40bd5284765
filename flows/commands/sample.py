"""`dataops sample`: days of a small city to try the pipeline with."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.arguments import parse_date
from flows.commands.console import AsJson, out, print_json, print_table
from schemas.settings import load_settings
from tasks.operate.generate_samples import MIN_BUILDINGS, generate

FIRST_DAY = dt.date(2025, 4, 29)
DAYS = 3
BUILDINGS = 6
SEED = 1

Days = Annotated[int, typer.Option("--days", min=1, max=400, help="How many days.")]
Buildings = Annotated[
    int,
    typer.Option(
        "--buildings",
        min=MIN_BUILDINGS,
        max=35_000,
        help="Buildings with day-sheets; as many more in csv files.",
    ),
]
Start = Annotated[
    dt.date | None,
    typer.Option("--start", parser=parse_date, metavar="YYYY-MM-DD", help=f"The first day; by default {FIRST_DAY}."),
]
Faults = Annotated[bool, typer.Option("--faults/--no-faults", help="Put bad rows and bad files into the last day.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the days; by default RAW_DIR.")]


def sample(
    *,
    days: Days = DAYS,
    buildings: Buildings = BUILDINGS,
    start: Start = None,
    faults: Faults = True,
    out_dir: Out = None,
    as_json: AsJson = False,
) -> None:
    """Make days of raw files of a small city, and say what they should load to."""
    folder = out_dir or load_settings().raw_dir
    dates = [(start or FIRST_DAY) + dt.timedelta(days=number) for number in range(days)]
    made = generate(folder, days=dates, buildings=buildings, seed=SEED, faults=faults)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    counts = ("read", "loaded", "rejected", "duplicate", "suspect")
    unusual = [file for file in made.files if file.status != "success" or file.suspect]
    print_table(
        "Files that are not plain successes",
        [
            {
                "file": file.source_file,
                "expected": file.status,
                **{name: getattr(file, name) for name in counts},
            }
            for file in unusual
        ],
        ["file", "expected", *counts],
    )
    totals = ", ".join(f"{made.total(name)} {name}" for name in counts)  # type: ignore[arg-type]
    out.print(
        f"{len(made.files)} files of {days} day(s) in {folder}; readings expected: {totals}",
        highlight=False,
        soft_wrap=True,
    )
    if made.reference:
        out.print(f"Their reference data: dataops reference load {made.reference}", highlight=False, soft_wrap=True)
