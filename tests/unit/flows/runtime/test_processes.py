from __future__ import annotations

import os
import socket
from pathlib import Path

from flows.runtime.processes import Running, listens


def test_port_of_another_program_is_not_taken_for_the_own_servers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        assert listens(Running("own", os.getpid(), Path("log")), port)
        assert not listens(Running("parent", os.getppid(), Path("log")), port + 1)
        assert not listens(Running("gone", 2**22 - 1, Path("log")), port)
