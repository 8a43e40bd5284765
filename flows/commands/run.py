"""`dataops run`: one day, now, in this process."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any, TypeVar

import typer
from prefect.client.schemas.objects import State

from flows.commands.console import AsJson, failure_as_json, out, print_json
from flows.load_day import load_day
from flows.runtime.prefect_api import serving
from schemas.errors import RunFailedError
from schemas.settings import Settings, load_settings
from tasks.report.summarise_run import RunSummary

Result = TypeVar("Result")


def parse_date(text: str) -> dt.date:
    """Read a date as people type it.

    Raises:
        typer.BadParameter: the text is no ISO date.

    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date: write it as 2025-04-30") from None


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
        RunFailedError: some files failed; the text names them.

    """
    with serving(settings):
        return asyncio.run(_run_day(date))


async def _run_day(date: dt.date | None) -> RunSummary:
    return await result_of(await load_day(date=date, return_state=True), RunSummary)


async def result_of(state: State[Any], kind: type[Result]) -> Result:
    """Give what a flow returned, or raise what it raised.

    Raises:
        RunFailedError: the run was cancelled or crashed before it came to a result.

    """
    if state.is_cancelled():
        raise RunFailedError(state.message or "the run was cancelled")
    result = await state.aresult(raise_on_failure=False)
    if isinstance(result, Exception):
        raise result
    if not isinstance(result, kind):
        raise RunFailedError(state.message or "the run did not finish")
    return result
