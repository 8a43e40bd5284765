"""What a piece of work costs: wall time, and CPU time of this program and of the database server."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence
from statistics import median
from typing import NamedTuple

import psutil


class Cost(NamedTuple):
    """Seconds."""

    wall: float
    client: float
    """CPU of this process and its children."""
    server: float | None
    """CPU of the server and all its processes; None where it is not on this machine."""

    @property
    def cpu(self) -> float | None:
        """CPU of both sides."""
        return None if self.server is None else self.client + self.server


def total(costs: Sequence[Cost]) -> Cost:
    """Add up the costs of the steps of one piece of work."""
    servers = [cost.server for cost in costs if cost.server is not None]
    return Cost(
        sum(cost.wall for cost in costs),
        sum(cost.client for cost in costs),
        sum(servers) if len(servers) == len(costs) else None,
    )


def typical(costs: Sequence[Cost]) -> Cost:
    """Return the median of each column."""
    servers = [cost.server for cost in costs if cost.server is not None]
    return Cost(
        median(cost.wall for cost in costs),
        median(cost.client for cost in costs),
        median(servers) if len(servers) == len(costs) else None,
    )


class Meter:
    """Measures what work costs on both sides of the connection."""

    def __init__(self, server: psutil.Process | None) -> None:
        self._server = server
        self._client = psutil.Process()

    async def of(self, work: Awaitable[object]) -> Cost:
        """Do the work and return its cost."""
        client, server, started = self._client_seconds(), self._server_seconds(), time.perf_counter()
        await work
        wall, end = time.perf_counter() - started, self._server_seconds()
        spent = None if server is None or end is None else end - server
        return Cost(wall, self._client_seconds() - client, spent)

    def _client_seconds(self) -> float:
        return time.process_time() + _of_children(self._client)

    def _server_seconds(self) -> float | None:
        if self._server is None:
            return None
        own = self._server.cpu_times()
        return float(own.user + own.system) + _of_children(self._server)


def _of_children(process: psutil.Process) -> float:
    """Return the CPU seconds of all children, including those that have ended."""
    times = process.cpu_times()
    seconds = times.children_user + times.children_system
    for child in process.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        seconds += times.user + times.system + times.children_user + times.children_system
    return float(seconds)


def server_process(backend_pid: int, *, is_local: bool) -> psutil.Process | None:
    """Find the server's main process from the id of one of its backends; None if it is on another machine."""
    try:
        backend = psutil.Process(backend_pid)
        return backend.parent() if is_local and "postgres" in backend.name() else None
    except psutil.NoSuchProcess:
        return None
