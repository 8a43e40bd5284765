"""The figures, a module for each family."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple

from benchmarks.figures import files, loads
from benchmarks.lab import Lab
from benchmarks.results import Result


class Family(NamedTuple):
    """Figures that are measured together."""

    names: tuple[str, ...]
    measure: Callable[[Lab, Collection[str]], Awaitable[list[Result]]]
    quick: bool = True


FAMILIES = (
    Family(("csv", "changed", "unchanged", "same"), loads.measure_csv),
    Family(("small-files",), files.measure_small_csvs),
    Family(("small-workbooks",), files.measure_small_workbooks),
    Family(("xlsx",), files.measure_xlsx),
)
