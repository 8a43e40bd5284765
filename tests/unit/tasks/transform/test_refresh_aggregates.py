"""Waiting for another refresh; the buckets are in tests/integration/test_aggregates.py."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from schemas.errors import TerminalError
from tasks.transform import refresh_aggregates
from tasks.transform.refresh_aggregates import retry_on_lock


class Locked:
    """A connection on which an object is locked for the first tries."""

    def __init__(self, tries: int) -> None:
        self.tries = tries
        self.calls: list[tuple[object, ...]] = []

    async def execute(self, *call: object) -> None:
        self.calls.append(call)
        if len(self.calls) <= self.tries:
            raise asyncpg.LockNotAvailableError("locked")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh_aggregates, "_RETRY_SECONDS", 0)


async def test_refresh_waits_until_the_object_is_free() -> None:
    connection: Any = Locked(2)

    await retry_on_lock(connection, "refresh", 1)

    assert connection.calls == [("refresh", 1)] * 3


async def test_refresh_that_is_never_free_is_an_error() -> None:
    connection: Any = Locked(1_000)

    with pytest.raises(TerminalError, match="another refresh does not end"):
        await retry_on_lock(connection, "refresh")


async def test_other_errors_are_not_waited_for() -> None:
    class Broken(Locked):
        async def execute(self, *call: object) -> None:
            self.calls.append(call)
            raise asyncpg.UndefinedTableError("no table")

    connection: Any = Broken(0)

    with pytest.raises(asyncpg.UndefinedTableError):
        await retry_on_lock(connection, "refresh")
    assert len(connection.calls) == 1
