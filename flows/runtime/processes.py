"""Start background processes that outlive the command, find them and end them."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil


class Running(NamedTuple):
    """A background process of ours."""

    name: str
    pid: int
    log: Path


def start_process(
    name: str, command: Sequence[str], *, folder: Path, log: Path, cwd: Path, env: Mapping[str, str]
) -> Running:
    """Start a process in a separate session, unless it runs; its id is kept in `folder`."""
    if running := find_process(name, folder=folder, log=log):
        return running
    folder.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own programs and arguments
            list(command),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = psutil.Process(process.pid).create_time()
    _file(folder, name).write_text(f"{process.pid} {started}", encoding="utf-8")
    return Running(name, process.pid, log)


def find_process(name: str, *, folder: Path, log: Path) -> Running | None:
    """Find a process that was started; None if it ended, even if its id now belongs to another."""
    process = _process(_file(folder, name))
    return Running(name, process.pid, log) if process else None


def started_at(running: Running) -> dt.datetime:
    """Return when a process was started; now, if it has ended."""
    try:
        return dt.datetime.fromtimestamp(psutil.Process(running.pid).create_time(), dt.UTC)
    except psutil.Error:
        return dt.datetime.now(dt.UTC)


def was_started_with(running: Running, variables: Mapping[str, str]) -> bool:
    """Return True if a process got these environment variables when it was started."""
    try:
        return variables.items() <= psutil.Process(running.pid).environ().items()
    except psutil.Error:
        return False


def listens(running: Running, port: int) -> bool:
    """Return True if it is this process, or a child of it, that listens on a port, not another program."""
    try:
        process = psutil.Process(running.pid)
        family = [process, *process.children(recursive=True)]
        return any(
            connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            for member in family
            for connection in member.net_connections(kind="tcp")
        )
    except psutil.Error:
        return False


def stop_process(name: str, *, folder: Path, seconds: float = 20) -> bool:
    """End a process and its children: asked first, killed after a while; False if it did not run."""
    process = _process(_file(folder, name))
    if process:
        family = [process, *process.children(recursive=True)]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=seconds)
        for survivor in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                survivor.kill()
        psutil.wait_procs(alive, timeout=5)
    _file(folder, name).unlink(missing_ok=True)
    return process is not None


def started_names(folder: Path) -> list[str]:
    """Name every process that was started and not stopped."""
    return sorted(file.stem for file in folder.glob("*.pid"))


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.pid"


def _process(file: Path) -> psutil.Process | None:
    """Return the process of a pid file if it is the one that was started: ids are reused."""
    try:
        pid, started = file.read_text(encoding="utf-8").split()
        process = psutil.Process(int(pid))
        is_same = abs(process.create_time() - float(started)) < 1
        return process if is_same and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None
