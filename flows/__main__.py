"""`python -m flows`, the container's entry point: RUN_MODE=once runs and ends, RUN_MODE=loop serves."""

from __future__ import annotations

import os

from flows.commands.console import failing_in_one_line
from flows.runtime.child import PARENT
from flows.runtime.database_watch import ending_without_database
from flows.runtime.ending import run_cancellably
from flows.runtime.prefect_api import configure_prefect, configured_api_url, using_server
from schemas.settings import Settings, load_settings


def main() -> None:
    """Do what RUN_MODE says; exit code 0 only if nothing failed."""
    with failing_in_one_line():
        settings = load_settings()
        configure_prefect(settings)
        if settings.run_mode == "once":
            from flows.commands.run import run

            run(None, as_json=False)
        else:
            _loop(settings)


def _loop(settings: Settings) -> None:
    """Serve the schedule in this process and look for files every LOOP_INTERVAL_SEC, until SIGTERM."""
    from flows.runtime.local_server import start_server, stop_all
    from flows.runtime.loop import serve_schedule

    os.environ[PARENT] = str(os.getpid())  # for the processes of the runs
    if configured_api_url():
        run_cancellably(serve_schedule(settings))
        return
    try:
        with using_server(start_server(settings), settings), ending_without_database(settings):
            run_cancellably(serve_schedule(settings))
    finally:
        stop_all(settings)


if __name__ == "__main__":
    main()
