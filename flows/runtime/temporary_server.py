"""Prefect's temporary server, for commands where no server is configured."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import prefect
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import get_current_settings

from flows.runtime.child import PARENT


class TemporaryServer(SubprocessASGIServer):
    """Ends with this process also when that is killed.

    There is one in a process: once made, it is the one that Prefect's clients start.
    """

    def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
        """Start what Prefect starts, as a child that watches over this process."""
        own = {
            "PREFECT_UI_ENABLED": "0",
            "PREFECT__SERVER_EPHEMERAL": "1",
            "PREFECT__SERVER_FINAL": "1",
            PARENT: str(os.getpid()),
        }
        return subprocess.Popen(  # noqa: S603 - our own program and arguments
            [
                *(sys.executable, "-m", "flows.runtime.child", "uvicorn"),
                *("--app-dir", str(prefect.__module_path__.parent)),
                *("--factory", "prefect.server.api.server:create_app", "--host", "127.0.0.1", "--port", str(self.port)),
                *("--log-level", "error", "--lifespan", "on"),
            ],
            env=os.environ | own | get_current_settings().to_environment_variables(exclude_unset=True),
        )
