"""Wait for what happens outside a test: a server, a worker, another process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

SECONDS = 300.0
"""A bound for a hang, not for a slow machine: only a test that fails waits this long."""


async def wait_for(
    what: str,
    check: Callable[[], T],
    seconds: float = SECONDS,
    *,
    every: float = 0.2,
    done: Callable[[T], object] = bool,
) -> T:
    """Call `check` until its result is `done` (by default: true), and return that result.

    Raises:
        TimeoutError: says what was waited for and what was seen last.

    """

    async def check_async() -> T:
        return check()

    return await wait_for_result(what, check_async, seconds, every=every, done=done)


async def wait_for_result(
    what: str,
    check: Callable[[], Awaitable[T]],
    seconds: float = SECONDS,
    *,
    every: float = 0.2,
    done: Callable[[T], object] = bool,
) -> T:
    """Like `wait_for`, for a check that is awaited.

    Raises:
        TimeoutError: says what was waited for and what was seen last.

    """
    until = time.monotonic() + seconds
    while not done(seen := await check()):
        if time.monotonic() > until:
            raise TimeoutError(f"waited {seconds:g} s for {what}; last seen: {seen!r}")
        await asyncio.sleep(every)
    return seen
