"""The parent flow: one day's files from the folder to features and a report."""

from __future__ import annotations

import datetime as dt
from functools import partial

from prefect import flow, runtime

from flows.ingest import ingest
from flows.load import load_files
from flows.report import report
from flows.runtime.context import conclude, describe_failed_steps, open_run, run_in_order, run_settings
from flows.runtime.days import resolve_day
from flows.runtime.run_log import run_log
from flows.transform import transform
from flows.validate import validate
from schemas.problems import Step
from tasks.ingest.look_again import look_again
from tasks.report.summarise_run import RunSummary


def _resolve_day(date: dt.date | None, days_back: int) -> dt.date:
    scheduled = runtime.flow_run.scheduled_start_time or dt.datetime.now(dt.UTC)
    return resolve_day(date, days_back, scheduled, run_settings())


def _run_name() -> str:
    parameters = runtime.flow_run.parameters
    date = parameters.get("date")
    day = _resolve_day(
        dt.date.fromisoformat(date) if isinstance(date, str) else date, int(parameters.get("days_back") or 0)
    )
    return f"load-day/{day.isoformat()}"


@flow(name="load-day", flow_run_name=_run_name, persist_result=True)
async def load_day(date: dt.date | None = None, days_back: int = 0) -> RunSummary:
    """Load one day's files, then features and report; files are independent of each other.

    Args:
        date: The day whose folder is read; by default the day of the schedule in DEFAULT_TZ.
        days_back: Without a date: this many days before the day of the schedule (1: yesterday).

    Raises:
        RunFailedError: names the files and steps that failed with their reasons; the other files are loaded.

    """
    day = _resolve_day(date, days_back)
    run_settings().day_folder(day)  # refuses a day that RAW_DIR is not for
    run_settings().require_raw_dir()
    with run_log(day, run_settings()):
        async with open_run(day, run_settings()) as context:
            # A retry in the UI skips a step whose result is kept. Only ingest's is: after a file is corrected
            # the steps behind it have new work, and what is done costs them nothing.
            into_core = (Step.VALIDATE, validate), (Step.LOAD, load_files)
            steps = await run_in_order(context, (Step.INGEST, ingest), *into_core)
            if released := await look_again(context.run, context.warehouse):
                ingest_again = partial(ingest.with_options(persist_result=False), only=released)
                steps += await run_in_order(context, (Step.INGEST, ingest_again), *into_core)
            steps += await run_in_order(context, (Step.REFRESH, transform))
            failed_steps = await describe_failed_steps(steps)
            steps += await run_in_order(context, (Step.REPORT, partial(report, failed_steps=failed_steps)))
            return await conclude(context, steps)
