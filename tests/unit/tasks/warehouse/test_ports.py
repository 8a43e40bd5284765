from __future__ import annotations

import socket

import pytest

from tasks.warehouse.ports import find_free_port


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        taken = server.getsockname()[1]

        any_port = find_free_port([taken, 0])

        assert any_port not in (0, taken)
        with pytest.raises(OSError, match="in use"):
            find_free_port([taken])
