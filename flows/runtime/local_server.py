"""Everything that a single machine needs to run the schedule: database, Prefect server, pool, workers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from flows.runtime.prefect_api import answers, local_api_url, server_database, server_url_file
from flows.runtime.processes import Running, find_process, listens, start_process, started_names, stop_process
from flows.runtime.warehouse import open_migrated
from schemas.errors import TerminalError
from schemas.settings import PROJECT_ROOT, Settings
from tasks.warehouse import embedded_postgres

POOL = "dataops"
# Parents wait for their children in the same pool: a limit must leave room for both.
_POOL_LIMIT = 8
_SERVER = "server"
_ZOMBIES = "Crash zombie flows"
_START_SECONDS = 120


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
        return _start_on(_free_port(port), settings)
    except TerminalError:
        if port:
            raise
        # Another server that started at the same time has got the port.
        return _start_on(_free_port(0), settings)


def _start_on(port: int, settings: Settings) -> str:
    stop_process(_SERVER, folder=_processes(settings))
    url = f"http://127.0.0.1:{port}/api"
    environment = os.environ | {
        "PREFECT_API_DATABASE_CONNECTION_URL": server_database(settings),
        "PREFECT_UI_API_URL": url,
    }
    environment.pop("PREFECT_API_URL", None)
    log = _log(settings, _SERVER)
    command = _program("server", "start", "--host", "127.0.0.1", "--port", str(port))
    running = start_process(_SERVER, command, folder=_processes(settings), log=log, cwd=PROJECT_ROOT, env=environment)
    _wait_for(url, port, running, settings)
    server_url_file(settings).write_text(url, encoding="utf-8")
    return url


def _wait_for(url: str, port: int, server: Running, settings: Settings) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and find_process(server.name, folder=_processes(settings), log=server.log):
        # Of two servers that start at once on one port, the other one may be what answers.
        if answers(url) and listens(server, port):
            return
        time.sleep(0.3)
    raise TerminalError(f"the Prefect server does not answer on {url}: see {server.log}")


def _free_port(wanted: int | None) -> int:
    """Return the port that is wanted (0: any); if none is, Prefect's own, which people know, or any."""
    for port in (4200, 0) if wanted is None else (wanted,):
        with socket.socket() as probe:
            # Connections of a server that has just ended do not block the next one.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise TerminalError(f"port {wanted} is taken by another program: name another with --port, or none")


async def set_up_server(settings: Settings) -> None:
    """Create database, work pool, zombie automation, block and deployment; safe to repeat.

    Needs PREFECT_API_URL in Prefect's settings.
    """
    from tasks.warehouse.credentials_block import ensure_block

    if settings.database_url is None:
        await ensure_block(SecretStr(embedded_postgres.start(settings.state_dir)))
    await open_migrated(settings)
    await _ensure_pool()
    await _ensure_zombie_automation()
    deploy(settings)


async def _ensure_pool() -> None:
    from prefect import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists

    async with get_client() as client:
        try:
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process", concurrency_limit=_POOL_LIMIT))
        except ObjectAlreadyExists:
            return


async def _ensure_zombie_automation() -> None:
    """End runs whose process died silently (Prefect's documentation, "detect zombie flows")."""
    from prefect.automations import Automation
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import EventTrigger, Posture

    try:
        await Automation.aread(name=_ZOMBIES)
    except ValueError:  # Prefect's answer for an automation that does not exist
        ends = ("heartbeat", "Completed", "Failed", "Cancelled", "Crashed")
        await Automation(
            name=_ZOMBIES,
            trigger=EventTrigger(
                after={"prefect.flow-run.heartbeat"},
                expect={f"prefect.flow-run.{end}" for end in ends},
                match={"prefect.resource.id": ["prefect.flow-run.*"]},
                for_each={"prefect.resource.id"},
                posture=Posture.Proactive,
                threshold=1,
                within=timedelta(seconds=180),
            ),
            actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no sign of life from the run's process")],
        ).acreate()


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
    """Start workers until `count` of them run."""
    workers = []
    for number in range(1, count + 1):
        name = f"worker-{number}"
        command = _program("worker", "start", "--pool", POOL, "--type", "process", "--name", name)
        workers.append(
            start_process(
                name,
                command,
                folder=_processes(settings),
                log=_log(settings, name),
                cwd=PROJECT_ROOT,
                env=_environment(settings),
            )
        )
    return workers


def _environment(settings: Settings) -> dict[str, str]:
    url = local_api_url(settings) or os.environ.get("PREFECT_API_URL", "")
    return os.environ | {
        "PREFECT_API_URL": url,
        "DEFAULT_TZ": settings.default_tz,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }


def stop_all(settings: Settings) -> list[str]:
    """End workers, then the server; return the names of those that ran."""
    folder = _processes(settings)
    names = sorted(started_names(folder), key=lambda name: name == _SERVER)
    stopped = [name for name in names if stop_process(name, folder=folder)]
    server_url_file(settings).unlink(missing_ok=True)
    return stopped
