"""The figures, a module for each family."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple

from benchmarks.environment import BenchEnvironment
from benchmarks.figures import features, files, growth, loads, peers, running, start, wide
from benchmarks.results import Result


class Family(NamedTuple):
    """Figures that are measured together."""

    names: tuple[str, ...]
    measure: Callable[[BenchEnvironment, Collection[str]], Awaitable[list[Result]]]
    quick: bool = True


FAMILIES = (
    Family(("start-help", "start"), start.measure_start),
    Family(("csv", "changed", "unchanged", "same"), loads.measure_csv),
    Family(("small-files",), files.measure_small_csvs),
    Family(("small-workbooks",), files.measure_small_workbooks),
    Family(("broken-files",), files.measure_broken),
    Family(("day-workbooks",), files.measure_day_workbooks, quick=False),
    Family(("day-csvs",), files.measure_day_csvs, quick=False),
    Family(("known-files",), files.measure_known, quick=False),
    Family(("files-memory",), files.measure_files_memory, quick=False),
    Family(("requeue",), files.measure_requeue),
    Family(("xlsx",), files.measure_xlsx),
    Family(("wide", "wide-meters"), wide.measure_wide),
    Family(("rejected-1", "rejected-100"), loads.measure_rejected),
    Family(("rejected-4m",), loads.measure_rejected_4m, quick=False),
    Family(("naive",), peers.measure_naive),
    Family(("dlt", "dlt-arrow"), peers.measure_dlt, quick=False),
    Family(("growth",), growth.measure_growth, quick=False),
    Family(("city",), growth.measure_city, quick=False),
    Family(("memory", "memory-growth"), growth.measure_memory, quick=False),
    Family(("features",), features.measure_features, quick=False),
    Family(("orchestration",), running.measure_orchestration, quick=False),
    Family(("backfill",), running.measure_backfill, quick=False),
)
