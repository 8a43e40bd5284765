"""The process's heap, kept small: validating a city's file allocates and frees gigabytes in pieces of megabytes.

Threads with separate heaps (glibc's arenas, Arrow's mimalloc) each keep the peak of what they have allocated, and a
heap that is never trimmed grows by its holes: together five times the memory, at the same speed. Memory that the C
library returns at once is requested again shortly after, and the kernel clears each page again. See man 3 mallopt and
malloc_trim.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc

import pyarrow as pa

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8

_MAX_WORK = 32 << 20
"""Bytes of batches between one trim and the next."""
_work = 0


def use_one_heap() -> None:
    """Let all threads and Arrow allocate from one heap, where the C library can; safe to repeat."""
    pa.set_memory_pool(pa.system_memory_pool())
    with contextlib.suppress(AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_M_TRIM_THRESHOLD, 64 << 20)
    # What has been imported so far stays: searching it for cycles costs 0.15 s each time.
    # Once only: frozen again and again, the garbage of a process that runs for months would never be freed.
    if not gc.get_freeze_count():
        gc.freeze()


def trim_heap_after(work: int) -> None:
    """Return the heap's free pages to the system after so many bytes of work; call it for every batch.

    The next allocations pay for the pages again, and all free pieces are searched: it is not done for each batch.
    """
    global _work  # a process has one heap
    _work += work
    if _work > _MAX_WORK:
        _work = 0
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
