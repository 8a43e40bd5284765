"""Bring aggregates and features up to every change that no earlier transform has finished."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from pydantic import BaseModel

from schemas.windows import windows_of
from tasks.transform.build_features import build_features, finish_days
from tasks.transform.feature_statements import FeatureStatements, compiled_statements, fingerprint
from tasks.transform.find_targets import find_targets
from tasks.transform.refresh_aggregates import refresh
from tasks.transform.run_dbt import DbtError, project_checksum, set_up_project, until_cancelled
from tasks.transform.track_changes import (
    TransformState,
    read_state,
    record_moved_meters,
    record_new_fingerprint,
    record_project,
    start_changes,
)
from tasks.warehouse.connection import Connection, Warehouse
from tasks.warehouse.locks import Lock, hold
from tasks.warehouse.roles import dbt_role

_log = logging.getLogger("dataops.transform")

# The hours of a city's day are 850,000 rows of 500 bytes to count and sort: with the server's default they go to disk.
_WORK_MEM = "256MB"

Progress = Callable[[int, int], None]


class Transformed(BaseModel):
    """How many building-days were rebuilt, and whether everything was."""

    building_days: int
    full: bool


async def transform_changes(warehouse: Warehouse, progress: Progress | None = None) -> Transformed:
    """Refresh aggregates and build features over the changed days, one transform at a time.

    A failure leaves the record of what is still to be built. `progress` is called with the building-days that are
    built so far, and how many there are in all.
    """
    settings = warehouse.settings
    async with warehouse.connect() as holder, hold(holder, Lock.TRANSFORM, settings), warehouse.connect() as connection:
        await connection.execute(f"set work_mem = '{_WORK_MEM}'")
        role = await dbt_role(connection, settings)
        targets = await find_targets(connection, settings)
        statements, full = await _prepare(connection, warehouse, role)
        changes = await start_changes(connection, settings)
        if not changes.building_days:
            _log.info("nothing changed since the last transform")
            return Transformed(building_days=0, full=full)
        building_days = changes.count()
        _log.info("%d building-days in %s", building_days, ", ".join(map(str, windows_of(changes.building_days))))
        kept, dropped = await refresh(connection, targets, changes.windows, settings)
        for window in dropped:
            _log.warning("%s: not refreshed, retention has dropped readings of these days", window)
            await finish_days(connection, window, settings)
        built = sum(map(changes.count, dropped))
        try:
            for window in reversed(kept):  # what is new is asked for first
                await build_features(connection, statements, window, settings, role=role)
                built += changes.count(window)
                if progress:
                    progress(built, building_days)
        except DbtError:
            # A table or a view may have been dropped, or be another.
            await record_project(connection, None, settings)
            raise
        return Transformed(building_days=building_days, full=full)


async def _prepare(connection: Connection, warehouse: Warehouse, role: str | None) -> tuple[FeatureStatements, bool]:
    """Return the statements that fill the features, and whether everything is to be built, for their like is new."""
    settings = warehouse.settings
    state, project = await read_state(connection, settings), project_checksum()
    if state.project != project:
        await until_cancelled(partial(set_up_project, warehouse.dsn, settings, role=role))
    statements = await until_cancelled(partial(compiled_statements, warehouse.dsn, settings))
    current = TransformState(fingerprint(statements, settings), project)
    if state.fingerprint != current.fingerprint:
        _log.info("settings, definitions or models are new: the features of all days are built")
        await record_new_fingerprint(connection, current, settings)
    else:
        await record_moved_meters(connection, settings)
        if state.project != project:
            await record_project(connection, project, settings)
    return statements, state.fingerprint != current.fingerprint
