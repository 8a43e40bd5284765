"""The parent flow: one day's files from the folder to features and a report."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from prefect import flow, get_run_logger, runtime
from prefect.client.schemas.objects import State

from flows.ingest import ingest
from flows.load import load_files
from flows.report import report
from flows.run_context import RunContext
from flows.transform import transform
from flows.validate import validate
from flows.warehouse import migrate_warehouse, open_connection
from schemas.errors import RunFailedError
from schemas.settings import Settings, date_of_folder, load_settings
from tasks.claim_files import adopt_loads, take_claim_key
from tasks.summarise_run import RunSummary, summarise_run


def resolve_day(date: dt.date | None, days_back: int, scheduled: dt.datetime, settings: Settings) -> dt.date:
    """Decide which day a run is for: the one asked for, else RAW_DIR's own, else the scheduled one.

    `days_back` counts from the scheduled local day: 1 is what the nightly schedules mean.
    """
    if date is not None:
        return date
    local = scheduled.astimezone(ZoneInfo(settings.default_tz)).date() - dt.timedelta(days=days_back)
    return date_of_folder(settings.raw_dir) or local


def _run_name() -> str:
    parameters = runtime.flow_run.parameters
    scheduled = runtime.flow_run.scheduled_start_time or dt.datetime.now(dt.UTC)
    date = parameters.get("date")
    day = resolve_day(
        dt.date.fromisoformat(date) if isinstance(date, str) else date,
        int(parameters.get("days_back") or 0),
        scheduled,
        load_settings(),
    )
    return f"load-day/{day.isoformat()}"


@flow(name="load-day", flow_run_name=_run_name, persist_result=True)
async def load_day(date: dt.date | None = None, days_back: int = 0) -> RunSummary:
    """Load one day's files, then features and report; files are independent of each other.

    Args:
        date: The day whose folder is read; by default the day of the schedule in DEFAULT_TZ.
        days_back: Without a date: so many days before the day of the schedule (1: yesterday).

    Raises:
        RunFailedError: some files failed, each with its reason; the others are loaded.

    """
    settings = load_settings()
    scheduled = runtime.flow_run.scheduled_start_time or dt.datetime.now(dt.UTC)
    day = resolve_day(date, days_back, scheduled, settings)
    settings.day_folder(day)
    with _run_log(day, settings):
        await migrate_warehouse(settings)
        async with _working(day, settings) as context:
            # A retry in the UI skips a part whose result is kept. Only ingest's is: after a file is mended
            # the parts behind it have new work, and what is done costs them nothing.
            parts: list[State[Any]] = [
                await ingest(context, return_state=True),
                await validate(context, return_state=True),
                await load_files(context, return_state=True),
                await transform(return_state=True),
                await report(context, return_state=True),
            ]
            return await _conclude(context, parts, settings)


@asynccontextmanager
async def _working(day: dt.date, settings: Settings) -> AsyncIterator[RunContext]:
    """Hold the claim key while the run lives, and take up what an earlier process of it left."""
    flow_run_id = UUID(str(runtime.flow_run.id)) if runtime.flow_run.id else uuid4()
    async with open_connection(settings) as connection:
        context = RunContext(flow_run_id=flow_run_id, claim_key=await take_claim_key(connection), day=day)
        await adopt_loads(connection, context.run, settings)
        yield context


async def _conclude(context: RunContext, parts: list[State[Any]], settings: Settings) -> RunSummary:
    async with open_connection(settings) as connection:
        summary = await summarise_run(connection, context.flow_run_id, settings)
    get_run_logger().info("%s", summary)
    broken = [part for part in parts if not part.is_completed()]
    if broken or summary.unfinished:
        # The log names the files; a part that failed before it came to one speaks for itself.
        files = [f"{name!r}: {why}" for name, why in (summary.failed | summary.unfinished).items()]
        raise RunFailedError("; ".join(files) or "; ".join(str(part.message) for part in broken))
    return summary


@contextmanager
def _run_log(day: dt.date, settings: Settings) -> Iterator[None]:
    """Write the run's log into a file of its own beside what Prefect keeps."""
    folder = settings.artifacts_dir / "run_logs"
    folder.mkdir(parents=True, exist_ok=True)
    started = dt.datetime.now(settings.zone)
    handler = logging.FileHandler(folder / f"{day}_{started:%Y%m%dT%H%M%S}_{runtime.flow_run.id}.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in ("prefect.flow_runs", "prefect.task_runs", "dataops")]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
