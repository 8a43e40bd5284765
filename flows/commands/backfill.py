"""`dataops backfill`: a span of days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated

import typer
from rich.progress import Progress

from flows.commands.arguments import parse_date
from flows.commands.console import AsJson, err, failure_as_json, out, print_json
from flows.commands.flow_results import result_of
from flows.runtime.days import days_of
from flows.runtime.ending import run_cancellably
from flows.runtime.prefect_api import serving
from schemas.errors import TerminalError
from schemas.settings import load_settings

First = Annotated[dt.date, typer.Argument(parser=parse_date, metavar="START", help="First day, YYYY-MM-DD.")]
Last = Annotated[dt.date, typer.Argument(parser=parse_date, metavar="END", help="Last day, YYYY-MM-DD.")]
Concurrency = Annotated[int, typer.Option("--concurrency", min=1, max=16, help="Days at a time.")]


def backfill(start: First, end: Last, *, concurrency: Concurrency = 2, as_json: AsJson = False) -> None:
    """Load every day from START to END; repeated after a failure it does the failed days only."""
    if end < start:
        raise TerminalError(f"the last day {end} is before the first {start}")
    settings = load_settings()
    days = days_of(start, end)
    for day in days:
        settings.day_folder(day)
    with Progress(console=err, disable=not err.is_terminal) as bar, failure_as_json(as_json=as_json), serving(settings):
        progress = bar.add_task(f"{start} … {end}", total=len(days))
        outcome = run_cancellably(_run(start, end, concurrency, lambda: bar.advance(progress)))
    if as_json:
        print_json(outcome)
    else:
        out.print(f"{len(outcome)} days loaded", highlight=False)


async def _run(start: dt.date, end: dt.date, concurrency: int, on_day_done: Callable[[], object]) -> dict[str, str]:
    from flows.backfill import backfill as backfill_flow
    from flows.runtime import backfill_runs

    backfill_runs.on_day_done.set(on_day_done)
    return await result_of(await backfill_flow(start, end, concurrency, return_state=True), dict)
