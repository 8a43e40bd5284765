"""`dataops up` and `dataops down`: everything that a single machine needs."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from flows.commands.console import out, print_table, waiting
from flows.runtime.prefect_api import configured_api_url, login_file, require_answer, server_login, using_server
from flows.runtime.schedules import describe_schedule, read_schedules
from flows.runtime.warehouse import open_warehouse
from schemas.errors import TerminalError
from schemas.settings import load_settings
from tasks.warehouse import embedded_postgres
from tasks.warehouse.connection import display_name

Workers = Annotated[int, typer.Option("--workers", min=1, max=16, help="How many workers.")]
Port = Annotated[int | None, typer.Option("--port", min=1, max=65535, help="Port of the server; by default 4200.")]
ShowLogin = Annotated[bool, typer.Option("--show-login", help="Also print what the Prefect UI asks for.")]
All = Annotated[bool, typer.Option("--all", help="Also stop the embedded PostgreSQL.")]


def up(*, workers: Workers = 1, port: Port = None, show_login: ShowLogin = False) -> None:
    """Start database, Prefect server, work pool, schedules and workers; safe to repeat."""
    from flows.runtime.local_server import set_up_server, start_server, start_workers, wait_for_workers

    settings = load_settings()
    with waiting("database and Prefect server"):
        url = start_server(settings, port)
    with using_server(url, settings), waiting("work pool, schedules and workers"):
        asyncio.run(set_up_server(settings))
        running = start_workers(settings, workers)
        asyncio.run(wait_for_workers(running, settings))
        database = display_name(asyncio.run(open_warehouse(settings)).dsn)
    ui = url.removesuffix("/api")
    rows: list[dict[str, object]] = [
        {"what": "database", "where": database, "log": ""},
        {
            "what": "Prefect server and UI",
            "where": ui,
            "log": settings.artifacts_dir / "run_logs" / "prefect-server.log",
        },
        *({"what": worker.name, "where": f"pid {worker.pid}", "log": worker.log} for worker in running),
    ]
    if show_login:
        rows.append({"what": "login of the UI", "where": server_login(settings), "log": ""})
    print_table("Running", rows)
    schedules = "; ".join(map(describe_schedule, read_schedules()))
    out.print(
        f"For the prefect command: export PREFECT_API_URL={url} "
        f'PREFECT_API_AUTH_STRING="$(cat {login_file(settings)})"\n'
        f"Schedules in {settings.default_tz}: {schedules}. "
        "Stop: dataops down",
        highlight=False,
        soft_wrap=True,
    )


def deploy() -> None:
    """Register work pool, schedules and database with the Prefect server that PREFECT_API_URL names."""
    url = configured_api_url()
    if not url:
        raise TerminalError("PREFECT_API_URL names no Prefect server: dataops up starts one on this machine")
    require_answer(url)
    from flows.runtime.local_server import set_up_server

    with waiting("work pool, schedules and database"):
        asyncio.run(set_up_server(load_settings()))
    out.print(f"deployed to {url}", highlight=False)


def down(*, everything: All = False) -> None:
    """Stop workers and Prefect server."""
    from flows.runtime.local_server import stop_all

    settings = load_settings()
    stopped = stop_all(settings)
    if everything and embedded_postgres.stop(settings.state_dir):
        stopped.append("PostgreSQL")
    out.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running", highlight=False)
