"""The parent flow: one day's files from the folder to features and a report."""

from __future__ import annotations

import datetime as dt

from prefect import flow, runtime

from flows.runtime.context import conclude, open_run, run_settings
from flows.runtime.days import resolve_day
from flows.runtime.run_log import run_log
from flows.steps import follow_up, ingest_into_core, load_waiting_rows
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

    Rows of other loads whose codes the reference tables have come to know are loaded too.

    Args:
        date: The day whose folder is read; by default the day of the schedule in DEFAULT_TZ.
        days_back: Without a date: this many days before the day of the schedule (1: yesterday).

    Raises:
        RunFailedError: names the files and steps that failed with their reasons; the other files are loaded.

    """
    day = _resolve_day(date, days_back)
    with run_log(day, run_settings()):
        async with open_run(day, run_settings()) as context:
            run_settings().day_folder(day)  # refuses a day that RAW_DIR is not for
            run_settings().require_raw_dir()
            waited = await load_waiting_rows(context)
            steps = await ingest_into_core(context)
            return await conclude(context, await follow_up(context, steps, sorted({day, *waited})))
