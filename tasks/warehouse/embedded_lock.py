"""The lock of an embedded server: one server a data folder, whatever machine or container it runs in.

flock belongs to the open file, and every process of the server inherits that: the lock is free when the last of them
has ended, whatever ended it. It is seen across containers, which process ids are not.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.errors import TerminalError
from tasks.warehouse.embedded_home import Home

_WAIT_SECONDS = 5.0  # the processes of a server that was killed end a moment after it


@contextmanager
def lock_for_server(home: Home) -> Iterator[int]:
    """Acquire the lock; yields the descriptor, which a server that inherits it goes on holding.

    Raises:
        TerminalError: another server holds it; says where that was started and when.

    """
    descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        until = time.monotonic() + _WAIT_SECONDS
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > until:
                raise held_elsewhere(home)
            time.sleep(0.1)
        os.ftruncate(descriptor, 0)
        os.write(
            descriptor, f"on {socket.gethostname()} since {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC".encode()
        )
        yield descriptor
    finally:
        os.close(descriptor)


def is_locked(home: Home) -> bool:
    """Return True if a process of a server lives, here or elsewhere; looking does not keep anyone from starting one."""
    try:
        descriptor = os.open(home.lock_file, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def held_elsewhere(home: Home) -> TerminalError:
    """Return the error that names the server which holds the lock."""
    holder = home.read(home.lock_file.name)
    return TerminalError(
        f"an embedded PostgreSQL runs {holder} in {home.folder} and cannot be reached from here: "
        "stop it there with dataops db stop, or set another STATE_DIR"
    )


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
