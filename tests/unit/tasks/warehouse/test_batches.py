from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence

import pytest

from schemas.errors import TransientError
from tasks.warehouse.batches import (
    BatchResult,
    batch_by_size,
    prefetch,
    run_concurrently,
    together_or_each_alone,
)


def batch_rows(*rows: int) -> list[list[int]]:
    return list(batch_by_size(rows, rows=lambda item: item))


def test_small_files_share_a_batch_and_a_large_one_is_a_batch_by_itself() -> None:
    assert batch_rows(10, 20, 250_000, 30, 40) == [[10, 20], [250_000], [30, 40]]


def test_batch_ends_before_it_passes_100_000_rows() -> None:
    assert batch_rows(60_000, 40_000, 1) == [[60_000, 40_000], [1]]


def test_batch_has_at_most_500_files_however_small() -> None:
    assert [len(batch) for batch in batch_rows(*[0] * 1250)] == [500, 500, 250]


def test_no_files_make_no_batch() -> None:
    assert batch_rows() == []


def test_results_add_up_files_and_failures() -> None:
    results = [BatchResult(2, {"a.csv": "x"}), BatchResult(3, {}), BatchResult(1, {"b.csv": "y"})]

    assert BatchResult.of(results) == BatchResult(6, {"a.csv": "x", "b.csv": "y"})


async def test_no_more_batches_are_worked_on_at_once_than_allowed() -> None:
    running = most = 0

    async def work(_: int) -> BatchResult:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return BatchResult(1)

    result = await run_concurrently(range(7), work, max_concurrency=3)

    assert (result.files, most) == (7, 3)


async def test_error_of_a_batch_is_raised_only_after_the_others_have_ended() -> None:
    ended = []

    async def work(batch: str) -> BatchResult:
        if batch == "broken":
            raise TransientError("lost")
        await asyncio.sleep(0.001)
        ended.append(batch)
        return BatchResult(1)

    with pytest.raises(TransientError, match="lost"):
        await run_concurrently(["broken", "a", "b"], work, max_concurrency=2)

    assert ended == ["a", "b"]


class Attempts:
    """Work that fails whenever a batch has a broken item; records what it was asked for."""

    def __init__(self, **broken: Exception) -> None:
        self.broken = broken
        self.asked: list[tuple[str, ...]] = []

    async def work(self, items: Sequence[str]) -> None:
        self.asked.append(tuple(items))
        for item in items:
            if item in self.broken:
                raise self.broken[item]

    async def fail(self, item: str, error: Exception) -> BatchResult:
        return BatchResult(1, {item: str(error)})


async def test_batch_that_succeeds_is_worked_on_once() -> None:
    attempts = Attempts()

    result = await together_or_each_alone("abc", attempts.work, attempts.fail)

    assert (result, attempts.asked) == (BatchResult(3), [("a", "b", "c")])


async def test_only_the_broken_item_fails_and_each_other_one_is_worked_on_alone() -> None:
    attempts = Attempts(b=ValueError("broken"))

    result = await together_or_each_alone("abc", attempts.work, attempts.fail)

    assert result == BatchResult(3, {"b": "broken"})
    assert attempts.asked == [("a", "b", "c"), ("a",), ("b",), ("c",)]


async def test_transient_error_ends_the_batch_so_that_all_of_it_is_tried_again() -> None:
    attempts = Attempts(b=TransientError("lost"))

    with pytest.raises(TransientError):
        await together_or_each_alone("abc", attempts.work, attempts.fail)

    assert attempts.asked == [("a", "b", "c")]


async def test_prefetch_yields_every_item_in_order_and_makes_the_next_one_meanwhile() -> None:
    is_second_made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        is_second_made.set()
        yield 2
        yield 3

    received = []
    async for item in prefetch(items()):
        if item == 1:
            assert await asyncio.to_thread(is_second_made.wait, 5)
        received.append(item)

    assert received == [1, 2, 3]


async def test_prefetch_passes_on_an_error_of_its_source() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    source = prefetch(items())

    assert await anext(source) == 1
    with pytest.raises(ValueError, match="broken"):
        await anext(source)


async def test_prefetch_waits_for_the_thread_when_its_caller_stops_early() -> None:
    made = []

    def items() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    source = prefetch(items())
    async for _ in source:
        break
    assert isinstance(source, AsyncGenerator)
    await source.aclose()
    after_close = list(made)
    await asyncio.sleep(0.01)

    assert made == after_close == [0, 1]
