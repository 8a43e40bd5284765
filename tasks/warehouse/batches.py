"""Put small files together, so that each pays a fraction of what one group costs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

_MOST_FILES = 100
_MOST_ROWS = 100_000


def group(items: Iterable[T], rows: Callable[[T], int]) -> Iterator[list[T]]:
    """Split items into groups of at most 100 files and about 100,000 rows; a large file stands alone."""
    current: list[T] = []
    total = 0
    for item in items:
        if current and (len(current) == _MOST_FILES or total + rows(item) > _MOST_ROWS):
            yield current
            current, total = [], 0
        current.append(item)
        total += rows(item)
    if current:
        yield current


async def each(groups: Iterable[T], work: Callable[[T], Awaitable[dict[str, str]]], *, at_once: int) -> dict[str, str]:
    """Do the work for each group, so many at once; gives all that failed with their reasons.

    Raises:
        Exception: what a group raised; only after every other has had its turn.

    """
    slots = asyncio.Semaphore(at_once)

    async def one(some: T) -> dict[str, str]:
        async with slots:
            return await work(some)

    results = await asyncio.gather(*(one(some) for some in groups), return_exceptions=True)
    if broken := [result for result in results if isinstance(result, BaseException)]:
        raise broken[0]
    return {name: why for result in results if isinstance(result, dict) for name, why in result.items()}
