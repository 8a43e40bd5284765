"""Bring aggregates and features up to every change that no earlier transform has finished."""

from __future__ import annotations

import logging
from functools import partial

from pydantic import BaseModel

from tasks.transform.find_targets import find_targets
from tasks.transform.refresh_aggregates import refresh
from tasks.transform.run_dbt import build, fingerprint, project_checksum, until_cancelled
from tasks.transform.track_changes import finish_changes, start_changes
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.locks import Lock, hold
from tasks.warehouse.roles import dbt_role

_log = logging.getLogger("dataops.transform")


class Transformed(BaseModel):
    """How many building-days were rebuilt, and whether everything was."""

    building_days: int
    full: bool


async def transform_changes(warehouse: Warehouse) -> Transformed:
    """Refresh aggregates and build features over the changed days, one transform at a time.

    A failure leaves the record of changes as it is.
    """
    settings = warehouse.settings
    async with warehouse.connect() as holder, hold(holder, Lock.TRANSFORM, settings), warehouse.connect() as connection:
        role = await dbt_role(connection, settings)
        targets = await find_targets(connection, settings)
        changes = await start_changes(connection, settings)
        full = changes.fingerprint != fingerprint(settings)
        if not changes.windows and not full:
            _log.info("nothing changed since the last transform")
            return Transformed(building_days=0, full=False)
        if changes.last_is_unfinished:
            _log.info("the last transform did not finish: its days are included, views and seeds are built again")
        _log.info("%d building-days in %s", changes.building_days, ", ".join(map(str, changes.windows)))
        for window in await refresh(connection, targets, changes.windows, settings, full=full):
            _log.warning("%s: not refreshed, retention has dropped readings of these days", window)
        work = partial(
            build, warehouse.dsn, settings, windows=changes.windows, full=full, project=changes.project, role=role
        )
        await until_cancelled(work)
        await finish_changes(connection, fingerprint(settings), project_checksum(), settings)
        return Transformed(building_days=changes.building_days, full=full)
