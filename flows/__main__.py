"""`python -m flows`, the container's entry point: RUN_MODE=once runs and ends, RUN_MODE=loop serves."""

from __future__ import annotations

import asyncio
import os
import sys

from flows.commands.console import fail
from flows.prefect_api import configure_prefect
from schemas.errors import DataopsError
from schemas.settings import Settings, load_settings


def main() -> None:
    """Do what RUN_MODE says; exit code 0 only if nothing failed."""
    try:
        settings = load_settings()
        configure_prefect(settings)
        if settings.run_mode == "once":
            from flows.commands.run import run

            run(None, as_json=False)
        else:
            _loop(settings)
    except DataopsError as error:
        sys.exit(fail(error))


def _loop(settings: Settings) -> None:
    """Serve the schedule in this process and look for files every LOOP_INTERVAL_SEC, until SIGTERM."""
    from flows.local_server import start_server, stop_all

    own_server = "PREFECT_API_URL" not in os.environ
    if own_server:
        os.environ["PREFECT_API_URL"] = start_server(settings)
    try:
        # Imported only now: Prefect reads PREFECT_API_URL when it is imported.
        from flows.loop import serve_schedule

        asyncio.run(serve_schedule(settings))
    finally:
        if own_server:
            stop_all(settings)


if __name__ == "__main__":
    main()
