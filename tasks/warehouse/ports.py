"""Ports on loopback for the servers that we start."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterable


def find_free_port(wanted: Iterable[int]) -> int:
    """Return the first port that is free, 0 standing for any.

    Raises:
        OSError: none of them is.

    """
    for port in wanted:
        with socket.socket() as probe, contextlib.suppress(OSError):
            # Connections of a server that has just ended do not block the next one.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
