"""Batches of files: small files share the fixed costs, and each still fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Self, TypeVar

from schemas.errors import ClaimLostError
from tasks.warehouse.connection import is_transient

T = TypeVar("T")

Progress = Callable[[float], None]
"""Takes the share of a batch that is done, 0 to 1."""


def ignore_progress(_: float) -> None:
    """Show nothing."""


_MAX_FILES = 500
_MAX_ROWS = 100_000


class BatchResult(NamedTuple):
    """What happened to the files of one or more batches."""

    files: int = 0
    failed: dict[str, str] = {}  # noqa: RUF012 - never changed
    """Source file → why it failed."""
    unchanged: int = 0
    """Those that were left as they are without a row in the load log."""

    @classmethod
    def of(cls, results: Iterable[Self]) -> Self:
        """Add results up."""
        results = list(results)
        failed = {name: why for result in results for name, why in result.failed.items()}
        unchanged = sum(result.unchanged for result in results)
        return cls(sum(result.files for result in results), failed, unchanged)


def batch_by_size(items: Iterable[T], rows: Callable[[T], int]) -> Iterator[list[T]]:
    """Split items into batches of at most 500 files and about 100,000 rows; a large file is a batch by itself."""
    batch: list[T] = []
    total = 0
    for item in items:
        if batch and (len(batch) == _MAX_FILES or total + rows(item) > _MAX_ROWS):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += rows(item)
    if batch:
        yield batch


async def run_concurrently(
    batches: Iterable[T], work: Callable[[T], Awaitable[BatchResult]], *, max_concurrency: int
) -> BatchResult:
    """Work on several batches at once.

    Raises:
        Exception: what a batch raised; only after all others have ended.

    """
    slots = asyncio.Semaphore(max_concurrency)

    async def run(batch: T) -> BatchResult:
        async with slots:
            return await work(batch)

    results = await asyncio.gather(*(run(batch) for batch in batches), return_exceptions=True)
    if errors := [result for result in results if isinstance(result, BaseException)]:
        raise errors[0]
    return BatchResult.of(result for result in results if isinstance(result, BatchResult))


def concerns_the_run(error: Exception) -> bool:
    """Return True if an error is no item's own: another try may cure it, or the run must not go on."""
    return is_transient(error) or isinstance(error, ClaimLostError)


async def together_or_each_alone(
    batch: Sequence[T],
    work: Callable[[Sequence[T]], Awaitable[object]],
    fail: Callable[[T, Exception], Awaitable[BatchResult]],
) -> BatchResult:
    """Work on a batch together; if that fails, on each item alone, so that only what is broken fails.

    Raises:
        Exception: a transient one, which a retry of the whole batch may cure.
        ClaimLostError: the run has lost a claim; it must not go on.

    """
    try:
        await work(batch)
    except Exception as error:
        if concerns_the_run(error):
            raise
        if len(batch) == 1:
            return await fail(batch[0], error)
        return BatchResult.of([await together_or_each_alone([item], work, fail) for item in batch])
    return BatchResult(len(batch))


async def prefetch(items: Iterator[T]) -> AsyncGenerator[T]:
    """Yield the items; while the caller uses one, a thread makes the next. No item may be None."""
    following = asyncio.ensure_future(asyncio.to_thread(next, items, None))
    try:
        while (item := await following) is not None:
            following = asyncio.ensure_future(asyncio.to_thread(next, items, None))
            yield item
    finally:
        await asyncio.wait([following])
