"""The process's heap, kept small: judging a city's file allocates and frees gigabytes in pieces of megabytes.

Threads with heaps of their own (glibc's arenas, Arrow's mimalloc) each keep the peak of what they have done, and a heap
that is never trimmed grows by its holes: together five times the memory, at the same speed. man 3 mallopt, malloc_trim.
"""

from __future__ import annotations

import contextlib
import ctypes

import pyarrow as pa

_M_ARENA_MAX = -8


def use_one_heap() -> None:
    """Let all threads and Arrow allocate from one heap; where the C library has no such choice, it stays as it is."""
    pa.set_memory_pool(pa.system_memory_pool())
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def trim_heap() -> None:
    """Give the heap's free pages back; the next allocations pay for them again, so do it rarely."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
