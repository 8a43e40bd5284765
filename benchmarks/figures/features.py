"""What follows a load: aggregates and features of one day, with little and with much behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from prefect.settings import PREFECT_API_URL, temporary_settings

from benchmarks.costs import Cost, typical
from benchmarks.environment import BenchEnvironment, check, say
from benchmarks.figures.loads import MILLION
from benchmarks.fill import fill
from benchmarks.inputs import READINGS_OF_A_BUILDING
from benchmarks.results import Result
from flows.runtime.local_server import start_server, stop_all
from tasks.transform.transform_changes import transform_changes
from tasks.warehouse.connection import Warehouse

_FIRST = date(2025, 3, 1)
_REPEATS = 3


async def transform(bench: BenchEnvironment) -> None:
    """Do what the flow does after the commit."""
    settings = bench.pipeline.settings
    assert settings.database_url
    await transform_changes(Warehouse(settings=settings, dsn=settings.database_url))


@contextmanager
def prefect_server(bench: BenchEnvironment) -> Iterator[None]:
    """Run a Prefect server: prefect-dbt reports each node to one, in a flow or not."""
    settings = bench.pipeline.settings
    try:
        with temporary_settings({PREFECT_API_URL: start_server(settings)}):
            yield
    finally:
        stop_all(settings)


async def measure_features(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Make the features of a day of a million readings on top of 10 and of 50 days like it."""
    with prefect_server(bench):
        return [await _measure(bench)]


async def _measure(bench: BenchEnvironment) -> Result:
    await bench.clear()
    buildings = bench.size(MILLION) // READINGS_OF_A_BUILDING
    costs: dict[int, list[Cost]] = {}
    day = _FIRST
    for days_behind in (10, 50):
        until = _FIRST + timedelta(days=days_behind)
        await fill(bench, day, until, buildings, changed=True)
        await bench.connection.execute("vacuum analyze")
        say(f"features: {await bench.count():,} readings in core; making the features of all of them")
        await transform(bench)
        day = until
        for _ in range(_REPEATS):
            await fill(bench, day, day + timedelta(days=1), buildings, changed=True)
            await bench.settle()
            costs.setdefault(days_behind, []).append(await bench.meter.of(transform(bench)))
            day += timedelta(days=1)
            say(f"features: a day on top of {days_behind} in {costs[days_behind][-1].wall:.1f} s")
            made = await bench.connection.fetchval(
                "select count(*) from features.ml_hourly_by_building where local_date = $1", day - timedelta(days=1)
            )
            check("hours of the day", made, buildings * 24)
    few, many = typical(costs[10]), typical(costs[50])
    cpus = [many.cpu / few.cpu] if few.cpu and many.cpu else []
    note = (
        f"a day of {buildings * READINGS_OF_A_BUILDING:,} readings; on 10 days {few.wall:.1f} s; medians of {_REPEATS}"
    )
    return Result("features", [many.wall / few.wall], cpus, costs[50], note=note)
