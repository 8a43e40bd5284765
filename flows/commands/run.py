"""`dataops run`: one day, now, in this process."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from flows.commands.arguments import parse_date
from flows.commands.console import AsJson, failure_as_json, out, print_json
from flows.commands.flow_results import result_of
from flows.runtime.ending import run_cancellably
from flows.runtime.prefect_api import serving
from schemas.settings import Settings, load_settings
from tasks.report.summarise_run import RunSummary

Day = Annotated[
    dt.date | None,
    typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="The day; by default today in DEFAULT_TZ."),
]


def run(date: Day = None, *, as_json: AsJson = False) -> None:
    """Load one day's files from RAW_DIR, then features and report; exit code 1 if any file failed."""
    settings = load_settings()
    if date is not None:
        settings.day_folder(date)
    with failure_as_json(as_json=as_json):
        summary = run_day(date, settings)
    if as_json:
        print_json(summary.model_dump())
    else:
        out.print(str(summary), highlight=False, soft_wrap=True)
        if summary.readings_rejected:
            out.print("Why rows were rejected: dataops errors", highlight=False)


def run_day(date: dt.date | None, settings: Settings) -> RunSummary:
    """Run the parent flow in this process.

    Raises:
        SettingsError: there is no RAW_DIR.
        RunFailedError: some files failed; the text names them.

    """
    settings.require_raw_dir()
    with serving(settings):
        return run_cancellably(_run_day(date))


async def _run_day(date: dt.date | None) -> RunSummary:
    from flows.load_day import load_day

    return await result_of(await load_day(date=date, return_state=True), RunSummary)
