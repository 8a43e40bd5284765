"""Put small files together, so that each pays a fraction of what one group costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
