"""Everything that a single machine needs to run the schedule: database, Prefect server, pool, workers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from prefect.settings import PREFECT_API_URL
from pydantic import SecretStr

from flows.runtime.prefect_api import answers, local_api_url, server_environment, server_url_file
from flows.runtime.processes import (
    Running,
    find_process,
    listens,
    start_process,
    started_at,
    started_names,
    stop_process,
    was_started_with,
)
from flows.runtime.run_health import POOL, ensure_automations, free_stuck_runs, unheard_workers
from flows.runtime.run_log import naming_artifacts_dir
from flows.runtime.warehouse import open_migrated
from schemas.errors import TerminalError
from schemas.settings import PROJECT_ROOT, Settings
from tasks.warehouse import embedded_postgres
from tasks.warehouse.ports import find_free_port

# Parents wait for their children in the same pool: a limit must leave room for both.
_POOL_LIMIT = 8
_SERVER = "server"
_START_SECONDS = 300  # for a hang: a server that ends is seen at once
_USUAL_PORTS = (4200, 0)  # Prefect's own, which people know; any


def _processes(settings: Settings) -> Path:
    return settings.state_dir / "prefect"


def _log(settings: Settings, name: str) -> Path:
    return settings.artifacts_dir / "run_logs" / f"prefect-{name}.log"


def _program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "prefect", *arguments]


def start_server(settings: Settings, port: int | None = None) -> str:
    """Start the Prefect server on loopback if it does not run; return the URL of its API.

    Raises:
        TerminalError: the port is taken, or the server does not answer; names its log.

    """
    if url := local_api_url(settings):
        return url
    try:
        return _start_on(_free_port([port] if port else [*_last_port(settings), *_USUAL_PORTS]), settings)
    except TerminalError:
        if port:
            raise
        # Another server that started at the same time has got the port.
        return _start_on(_free_port([0]), settings)


def _start_on(port: int, settings: Settings) -> str:
    stop_process(_SERVER, folder=_processes(settings))
    url = f"http://127.0.0.1:{port}/api"
    command = _program("server", "start", "--host", "127.0.0.1", "--port", str(port))
    running = _start(_SERVER, command, server_environment(settings) | {"PREFECT_UI_API_URL": url}, settings)
    _wait_for(url, port, running, settings)
    server_url_file(settings).write_text(url, encoding="utf-8")
    return url


def _start(name: str, command: list[str], environment: Mapping[str, str], settings: Settings) -> Running:
    with naming_artifacts_dir(settings):
        return start_process(
            name,
            command,
            folder=_processes(settings),
            log=_log(settings, name),
            cwd=PROJECT_ROOT,
            env=environment,
        )


def _wait_for(url: str, port: int, server: Running, settings: Settings) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and find_process(server.name, folder=_processes(settings), log=server.log):
        # Of two servers that start at once on one port, the other one may be what answers.
        if answers(url) and listens(server, port):
            return
        time.sleep(0.3)
    raise TerminalError(f"the Prefect server does not answer on {url}: see {server.log}")


def _last_port(settings: Settings) -> list[int]:
    """Return the port of a server that ended without `dataops down`: its workers still call it there."""
    try:
        return [int(urlsplit(server_url_file(settings).read_text(encoding="utf-8")).port or 0)]
    except (OSError, ValueError):
        return []


def _free_port(wanted: Sequence[int]) -> int:
    """Return the first port that is free; 0: any.

    Raises:
        TerminalError: none is.

    """
    try:
        return find_free_port(wanted)
    except OSError:
        raise TerminalError(
            f"port {wanted[0]} is taken by another program: name another with --port, or none"
        ) from None


async def set_up_server(settings: Settings) -> None:
    """Create database, work pool, automations, block and deployment, free stuck runs; safe to repeat.

    Needs PREFECT_API_URL in Prefect's settings.
    """
    from tasks.warehouse.credentials_block import ensure_block

    if settings.database_url is None:
        await ensure_block(SecretStr(embedded_postgres.start(settings.state_dir)))
    await open_migrated(settings)
    await _ensure_pool()
    await ensure_automations()
    deploy(settings)
    await free_stuck_runs()


async def _ensure_pool() -> None:
    from prefect import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists

    async with get_client() as client:
        try:
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process", concurrency_limit=_POOL_LIMIT))
        except ObjectAlreadyExists:
            return


def deploy(settings: Settings) -> None:
    """Deploy prefect.yaml with the utility's time zone.

    Raises:
        TerminalError: with what Prefect says.

    """
    done = subprocess.run(  # noqa: S603 - our own program and arguments
        _program("--no-prompt", "deploy", "--all"),
        cwd=PROJECT_ROOT,
        env=_environment(settings),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise TerminalError(f"prefect deploy failed: {(done.stderr or done.stdout).strip()[-2000:]}")


def start_workers(settings: Settings, count: int) -> list[Running]:
    """Start workers until `count` of them run; those that call another server than today's are ended first."""
    environment = _environment(settings)
    server = {name: environment[name] for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING")}
    folder = _processes(settings)
    for name in started_names(folder):
        worker = find_process(name, folder=folder, log=_log(settings, name))
        if worker and name != _SERVER and not was_started_with(worker, server):
            stop_process(name, folder=folder)
    return [_start_worker(f"worker-{number}", environment, settings) for number in range(1, count + 1)]


async def wait_for_workers(workers: Sequence[Running], settings: Settings) -> None:
    """Wait until the server has heard of the workers: a process that runs may not reach it.

    Raises:
        TerminalError: it does not hear of one; names the worker's log.

    """
    until = time.monotonic() + _START_SECONDS
    started = {worker.name: started_at(worker) for worker in workers}
    while unheard := await unheard_workers(started):
        worker = next(worker for worker in workers if worker.name in unheard)
        is_alive = find_process(worker.name, folder=_processes(settings), log=worker.log)
        if time.monotonic() > until or not is_alive:
            raise TerminalError(f"{worker.name} does not reach the Prefect server: see {worker.log}")
        await asyncio.sleep(0.5)


def _start_worker(name: str, environment: Mapping[str, str], settings: Settings) -> Running:
    prefect = ("prefect", "worker", "start", "--pool", POOL, "--type", "process", "--name", name)
    return _start(name, [sys.executable, "-m", "flows.runtime.child", *prefect], environment, settings)


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {"PREFECT_API_URL": str(PREFECT_API_URL.value()), "DEFAULT_TZ": settings.default_tz}


def stop_all(settings: Settings) -> list[str]:
    """End workers, then the server; return the names of those that ran."""
    folder = _processes(settings)
    names = sorted(started_names(folder), key=lambda name: name == _SERVER)
    stopped = [name for name in names if stop_process(name, folder=folder)]
    server_url_file(settings).unlink(missing_ok=True)
    return stopped
