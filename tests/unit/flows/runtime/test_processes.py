from __future__ import annotations

import datetime as dt
import os
import socket
import sys
from pathlib import Path

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

SLEEPS = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]


def start(folder: Path, name: str = "worker-1") -> Running:
    return start_process(name, SLEEPS, folder=folder, log=folder / "logs" / f"{name}.log", cwd=folder, env=os.environ)


def test_port_of_another_program_is_not_taken_for_the_own_servers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        assert listens(Running("own", os.getpid(), Path("log")), port)
        assert not listens(Running("parent", os.getppid(), Path("log")), port + 1)
        assert not listens(Running("gone", 2**22 - 1, Path("log")), port)


def test_process_is_started_once_found_and_stopped(tmp_path: Path) -> None:
    first, second = start(tmp_path), start(tmp_path)
    try:
        found = find_process("worker-1", folder=tmp_path, log=first.log)
        names = started_names(tmp_path)
        start_time = started_at(first)
        with_path = was_started_with(first, {"PATH": os.environ["PATH"]})
        with_other_path = was_started_with(first, {"PATH": "/nowhere"})
    finally:
        stopped = stop_process("worker-1", folder=tmp_path, seconds=5)

    assert first.pid == second.pid
    assert with_path
    assert not with_other_path
    assert abs((dt.datetime.now(dt.UTC) - start_time).total_seconds()) < 60
    assert found
    assert found.pid == first.pid
    assert names == ["worker-1"]
    assert stopped
    assert find_process("worker-1", folder=tmp_path, log=first.log) is None
    assert started_names(tmp_path) == []
    assert not stop_process("worker-1", folder=tmp_path)


def test_process_that_reuses_the_id_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "server.pid").write_text(f"{os.getpid()} 1000000000.0")

    assert find_process("server", folder=tmp_path, log=tmp_path / "log") is None
    assert not stop_process("server", folder=tmp_path)


def test_damaged_pid_file_means_no_process(tmp_path: Path) -> None:
    (tmp_path / "server.pid").write_text("")

    assert find_process("server", folder=tmp_path, log=tmp_path / "log") is None
