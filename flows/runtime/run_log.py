"""What a run says, also as a file of its own; what the user can act on is said without a traceback."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from prefect import runtime

from schemas.errors import DataopsError
from schemas.settings import Settings


class _OneLine(logging.Filter):
    """Take the traceback off errors whose text says what to do: the lines of our code help nobody then."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], DataopsError):
            record.exc_info = None
        return True


_ONE_LINE = _OneLine()


def prepare_logging(settings: Settings) -> None:
    """Let the steps be heard, and show what the user can act on without a traceback; safe to repeat."""
    logging.getLogger("dataops").setLevel(settings.log_level)
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_ONE_LINE)


@contextmanager
def run_log(day: dt.date, settings: Settings) -> Iterator[None]:
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
        with suppress(OSError):  # a full disk must not hide how the run ended
            handler.close()
