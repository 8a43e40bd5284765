"""`python -m flows`, the container's entry point: RUN_MODE=once runs and ends, RUN_MODE=loop serves."""

from __future__ import annotations

import os
import sys

from flows.commands.console import fail
from flows.runtime.ending import Stopped, heed_signals, run_cancellably
from flows.runtime.prefect_api import configure_prefect
from schemas.errors import DataopsError
from schemas.settings import Settings, load_settings


def main() -> None:
    """Do what RUN_MODE says; exit code 0 only if nothing failed."""
    heed_signals()
    try:
        settings = load_settings()
        configure_prefect(settings)
        if settings.run_mode == "once":
            from flows.commands.run import run

            run(None, as_json=False)
        else:
            _loop(settings)
    except (DataopsError, OSError) as error:
        sys.exit(fail(error))
    except Stopped as stopped:
        fail(str(stopped))
        sys.exit(stopped.exit_code)


def _loop(settings: Settings) -> None:
    """Serve the schedule in this process and look for files every LOOP_INTERVAL_SEC, until SIGTERM."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.runtime.local_server import start_server, stop_all
    from flows.runtime.loop import serve_schedule

    configured = PREFECT_API_URL.value()
    url = configured or start_server(settings)
    os.environ["PREFECT_API_URL"] = url  # for the processes of the runs
    try:
        with temporary_settings({PREFECT_API_URL: url}):
            run_cancellably(serve_schedule(settings))
    finally:
        if not configured:
            stop_all(settings)


if __name__ == "__main__":
    main()
