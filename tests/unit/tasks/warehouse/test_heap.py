"""In separate processes: a test must not freeze the heap of all tests."""

from __future__ import annotations

import subprocess
import sys

import pytest

from schemas.settings import PROJECT_ROOT


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_one_heap_for_arrow_and_nothing_more_is_frozen_the_second_time() -> None:
    code = (
        "import gc, pyarrow as pa; from tasks.warehouse.heap import use_one_heap, trim_heap_after; use_one_heap();"
        "first = gc.get_freeze_count(); kept = [[] for _ in range(1000)]; use_one_heap(); trim_heap_after(1 << 30);"
        "print(first > 0, gc.get_freeze_count() <= first, pa.default_memory_pool().backend_name)"
    )

    assert run(code) == "True True system"


def test_c_library_without_mallopt_is_left_as_it_is() -> None:
    code = (
        "import ctypes; ctypes.CDLL = lambda _: object();"
        "from tasks.warehouse.heap import use_one_heap, trim_heap_after; use_one_heap();"
        "trim_heap_after(1 << 30); print('done')"
    )

    assert run(code) == "done"


@pytest.mark.skipif(sys.platform != "linux", reason="the C library has no malloc_trim")
def test_free_pages_of_a_process_that_has_grown_go_back_to_the_system() -> None:
    code = (
        "import psutil; from tasks.warehouse.heap import use_one_heap, trim_heap_after; use_one_heap();"
        "size = lambda: psutil.Process().memory_info().rss >> 20; before = size();"
        "blocks = [bytearray(1 << 20) for _ in range(200)]; kept = blocks[1::50]; grown = size();"
        "del blocks; holes = size(); [trim_heap_after(1 << 20) for _ in range(70)];"
        "print(grown - before > 150, holes - before > 100, size() - before < 50)"
    )

    assert run(code) == "True True True"
