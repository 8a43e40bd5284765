"""The process's heap, kept small and used again: judging a city's file allocates and frees gigabytes in megabytes.

Threads with heaps of their own (glibc's arenas, Arrow's mimalloc) each keep the peak of what they have done, and a heap
that is never trimmed grows by its holes: together five times the memory, at the same speed. What the C library gives
back at once it asks for again a moment later, and the kernel clears each page anew. man 3 mallopt, malloc_trim.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc

import pyarrow as pa

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def use_one_heap() -> None:
    """Let all threads and Arrow allocate from one heap; where the C library has no such choice, it stays as it is."""
    pa.set_memory_pool(pa.system_memory_pool())
    with contextlib.suppress(AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_M_TRIM_THRESHOLD, 64 << 20)
    # What has been imported by now stays: looking through it for cycles costs 0.15 s each time.
    gc.freeze()


def trim_heap() -> None:
    """Give the heap's free pages back; the next allocations pay for them again, so do it rarely."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
