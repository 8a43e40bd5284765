"""A run's log, also as a separate file; what the user can act on is logged once and without a traceback."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from prefect import runtime

from flows.runtime.stopping import is_ending
from schemas.errors import DataopsError, RunFailedError, StepError
from schemas.problems import StepProblem
from schemas.settings import Settings
from tasks.warehouse.connection import is_transient

_PREFECT_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")
_SAY_WHAT_BROKE = ("prefect.task_runs", "asyncio")
# They warn on the terminal while they send what is left, which the user can do nothing about.
_PREFECT_SENDERS = (
    *("EventsWorker", "APILogWorker", "prefect._internal.concurrency", "prefect.events.clients"),
    "websockets.client",
)


class _Brief(logging.Filter):
    """Shorten what Prefect logs about an error that the user can act on: the lines of our code do not help then.

    Of a run with failed files nothing is left but that it failed: each file is logged by the step that it failed in.
    """

    _named: str | None = None
    """What the last failed run names, which Prefect repeats in the line that ends the run."""

    def filter(self, record: logging.LogRecord) -> bool:
        if is_ending() and record.name in _SAY_WHAT_BROKE:
            return False  # the signal broke it
        if str(record.msg).startswith("Traceback ("):
            return False  # of dbt, which has just said what broke and keeps the lines in its own log
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, RunFailedError):
            self._named = repr(str(error))[1:-1]  # as in the line that ends the run, where it is quoted
            return False
        is_known = error and (isinstance(error, DataopsError | OSError | httpx.HTTPError) or is_transient(error))
        if is_known or is_ending():
            record.exc_info = None
        elif self._named and self._named in str(record.msg):
            record.msg = "Finished in state Failed()"
        return True


_BRIEF = _Brief()


def _drop(_: logging.LogRecord) -> bool:
    return False


def prepare_logging(settings: Settings) -> None:
    """Let the steps log, and keep what Prefect says about their errors short; in this process, safe to repeat."""
    logging.getLogger("dataops").setLevel(settings.log_level)
    logging.raiseExceptions = False  # a log that Prefect's server does not take is no news on a terminal
    for name in _PREFECT_SENDERS:
        logging.getLogger(name).addFilter(_drop)  # a level would not survive that Prefect sets its own
    for name in (*_PREFECT_LOGGERS, "asyncio"):
        logging.getLogger(name).addFilter(_BRIEF)


@contextmanager
def run_log(day: dt.date, settings: Settings) -> Iterator[None]:
    """Write the run's log into a separate file beside what Prefect keeps; without it loading goes on."""
    loggers = [logging.getLogger(name) for name in (*_PREFECT_LOGGERS, "dataops")]
    handler = _open(day, settings)
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        with suppress(OSError):  # a full disk must not hide how the run ended
            handler.close()


def _open(day: dt.date, settings: Settings) -> logging.Handler:
    started = dt.datetime.now(settings.zone)
    path = settings.artifacts_dir / "run_logs" / f"{day}_{started:%Y%m%dT%H%M%S}_{runtime.flow_run.id}.log"
    try:
        handler = _file_handler(path)
    except OSError as error:
        logging.getLogger("dataops").warning("%s; the run goes on without a log file", _not_writable(settings, error))
        return logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    return handler


def _file_handler(path: Path) -> logging.Handler:
    path.parent.mkdir(parents=True, exist_ok=True)
    return logging.FileHandler(path, encoding="utf-8")


@contextmanager
def naming_artifacts_dir(settings: Settings) -> Iterator[None]:
    """Say which setting is behind it if a file of a run cannot be written.

    Raises:
        StepError: it cannot.

    """
    try:
        yield
    except OSError as error:
        if not str(error.filename or "").startswith(str(settings.artifacts_dir)):
            raise
        raise _not_writable(settings, error) from None


def _not_writable(settings: Settings, error: OSError) -> StepError:
    return StepError(StepProblem.ARTIFACTS_NOT_WRITABLE, folder=settings.artifacts_dir, error=error.strerror)
