"""What follows a load: aggregates and features of one day, with little and with much behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from prefect.settings import PREFECT_API_URL, temporary_settings

from benchmarks.costs import Cost, typical
from benchmarks.figures.loads import MILLION
from benchmarks.fill import fill
from benchmarks.inputs import READINGS_OF_A_BUILDING
from benchmarks.lab import Lab, check, say
from benchmarks.results import Result
from flows.runtime.local_server import start_server, stop_all
from tasks.transform.refresh_aggregates import find_targets, refresh
from tasks.transform.run_dbt import build, fingerprint, project_checksum
from tasks.transform.track_changes import finish_changes, one_transform, take_changes
from tasks.warehouse.connection import connector
from tasks.warehouse.roles import dbt_role

_FIRST = date(2025, 3, 1)
_REPEATS = 3


async def transform(lab: Lab) -> None:
    """Do what the flow does after the commit."""
    settings, connection = lab.pipeline.settings, lab.connection
    assert settings.database_url
    async with one_transform(connection), connector(settings.database_url) as warehouse:
        role = await dbt_role(connection, settings)
        targets = await find_targets(connection, settings)
        changes = await take_changes(warehouse, settings)
        full = changes.built_with != fingerprint(settings)
        await refresh(connection, targets, changes.windows, settings, full=full)
        dsn = settings.database_url
        await asyncio.to_thread(
            build, dsn, settings, windows=changes.windows, full=full, project=changes.project, role=role
        )
        await finish_changes(warehouse, fingerprint(settings), project_checksum(), settings)


@contextmanager
def prefect_server(lab: Lab) -> Iterator[None]:
    """Run a Prefect server: prefect-dbt reports each node to one, in a flow or not."""
    settings = lab.pipeline.settings
    try:
        with temporary_settings({PREFECT_API_URL: start_server(settings)}):
            yield
    finally:
        stop_all(settings)


async def measure_features(lab: Lab, wanted: Collection[str]) -> list[Result]:
    """Make the features of a day of a million readings on top of 10 and of 50 days like it."""
    with prefect_server(lab):
        return [await _measure(lab)]


async def _measure(lab: Lab) -> Result:
    await lab.clear()
    buildings = lab.size(MILLION) // READINGS_OF_A_BUILDING
    costs: dict[int, list[Cost]] = {}
    day = _FIRST
    for days_behind in (10, 50):
        until = _FIRST + timedelta(days=days_behind)
        await fill(lab, day, until, buildings, changed=True)
        await lab.connection.execute("vacuum analyze")
        say(f"features: {await lab.count():,} readings in core; making the features of all of them")
        await transform(lab)
        day = until
        for _ in range(_REPEATS):
            await fill(lab, day, day + timedelta(days=1), buildings, changed=True)
            await lab.settle()
            costs.setdefault(days_behind, []).append(await lab.meter.of(transform(lab)))
            day += timedelta(days=1)
            say(f"features: a day on top of {days_behind} in {costs[days_behind][-1].wall:.1f} s")
            made = await lab.connection.fetchval(
                "select count(*) from features.ml_hourly_by_building where local_date = $1", day - timedelta(days=1)
            )
            check("hours of the day", made, buildings * 24)
    few, many = typical(costs[10]), typical(costs[50])
    cpus = [many.cpu / few.cpu] if few.cpu and many.cpu else []
    note = (
        f"a day of {buildings * READINGS_OF_A_BUILDING:,} readings; on 10 days {few.wall:.1f} s; medians of {_REPEATS}"
    )
    return Result("features", [many.wall / few.wall], cpus, costs[50], note=note)
