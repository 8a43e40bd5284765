"""Prefect's server for one command, where none is configured."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from flows.runtime.child import PARENT
from flows.runtime.prefect_api import answers, server_environment
from schemas.errors import TransientError
from schemas.settings import Settings
from tasks.warehouse.ports import find_free_port

_START_SECONDS = 300  # for a hang: a server that ends is seen at once
_END_SECONDS = 5

_started: dict[Path, tuple[subprocess.Popen[bytes], str]] = {}
"""STATE_DIR → its server, and the URL of that one's API: a process that runs several days needs one."""


def start_temporary_server(settings: Settings) -> str:
    """Start a server, without the UI, that ends with this process, also when that is killed; return its API's URL.

    One that this process has started before serves on.

    Raises:
        TransientError: it ends, or does not answer; with the last line of what it says.

    """
    server, url = _started.get(settings.state_dir, (None, ""))
    if server and server.poll() is None:
        return url
    port = find_free_port([0])
    url = f"http://127.0.0.1:{port}/api"
    with tempfile.TemporaryFile() as output:
        server = _start(port, output, settings)
        # Prefect's threads send what they still have before that.
        atexit.register(_stop, server)
        import prefect.flows  # noqa: F401 - takes a second or two, as the server does meanwhile

        _wait_for(url, server, output)
    _started[settings.state_dir] = server, url
    return url


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _start(port: int, output: IO[bytes], settings: Settings) -> subprocess.Popen[bytes]:
    own = {
        "PREFECT_UI_ENABLED": "0",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",  # its tracebacks help nobody: what is wrong is said by the run
        "PREFECT__SERVER_EPHEMERAL": "1",  # without the services that schedules need
        "PREFECT__SERVER_FINAL": "1",
        PARENT: str(os.getpid()),
    }
    return subprocess.Popen(  # noqa: S603 - our own program and arguments
        [
            *(sys.executable, "-m", "flows.runtime.child", "uvicorn"),
            *("--factory", "prefect.server.api.server:create_app", "--host", "127.0.0.1", "--port", str(port)),
            *("--log-level", "error", "--lifespan", "on"),
        ],
        env=server_environment(settings) | own,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _wait_for(url: str, server: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        if answers(url):
            return
        time.sleep(0.1)
    output.seek(0)
    said = output.read().decode(errors="replace").strip().splitlines() or ["nothing"]
    raise TransientError(f"Prefect's temporary server does not start; it says: {said[-1][:500]}")
