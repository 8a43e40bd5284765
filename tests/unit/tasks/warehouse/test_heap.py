"""In separate processes: a test must not freeze the heap of all tests."""

from __future__ import annotations

import subprocess
import sys

from schemas.settings import PROJECT_ROOT


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_one_heap_for_arrow_and_nothing_more_is_frozen_the_second_time() -> None:
    code = (
        "import gc, pyarrow as pa; from tasks.warehouse.heap import use_one_heap, trim_heap; use_one_heap();"
        "first = gc.get_freeze_count(); kept = [[] for _ in range(1000)]; use_one_heap(); trim_heap();"
        "print(first > 0, gc.get_freeze_count() <= first, pa.default_memory_pool().backend_name)"
    )

    assert run(code) == "True True system"


def test_c_library_without_mallopt_is_left_as_it_is() -> None:
    code = (
        "import ctypes; ctypes.CDLL = lambda _: object();"
        "from tasks.warehouse.heap import use_one_heap, trim_heap; use_one_heap(); trim_heap(); print('done')"
    )

    assert run(code) == "done"
