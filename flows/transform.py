"""What follows the commit: refresh of aggregates and views, features by dbt, over what changed."""

from __future__ import annotations

import asyncio

from prefect import flow, get_run_logger
from pydantic import BaseModel

from flows.runtime.warehouse import open_connection, resolve_dsn
from schemas.settings import load_settings
from tasks.transform.refresh_aggregates import find_targets, refresh
from tasks.transform.run_dbt import build, fingerprint, project_checksum
from tasks.transform.track_changes import finish_changes, one_transform, take_changes
from tasks.warehouse.connection import connector
from tasks.warehouse.roles import dbt_role


class Transformed(BaseModel):
    """How many building-days were made again, and whether everything was."""

    building_days: int
    full: bool


@flow(name="transform", flow_run_name="transform", persist_result=False)
async def transform() -> Transformed:
    """Bring aggregates and features up to every change that no earlier transform has finished.

    A failure leaves the record of changes as it is: the next run makes it up.
    """
    settings, log = load_settings(), get_run_logger()
    dsn = await resolve_dsn(settings)
    async with (
        open_connection(settings) as connection,
        one_transform(connection),
        connector(dsn) as warehouse,
    ):
        role = await dbt_role(connection, settings)
        targets = await find_targets(connection, settings)
        changes = await take_changes(warehouse, settings)
        full = changes.built_with != fingerprint(settings)
        if not changes.windows and not full:
            log.info("nothing changed since the last transform")
            return Transformed(building_days=0, full=False)
        log.info("%d building-days in %s", changes.building_days, ", ".join(map(str, changes.windows)))
        for window in await refresh(connection, targets, changes.windows, settings, full=full):
            log.warning("%s: not refreshed, retention has dropped readings of these days", window)
        await asyncio.to_thread(
            build, dsn, settings, windows=changes.windows, full=full, project=changes.project, role=role
        )
        await finish_changes(warehouse, fingerprint(settings), project_checksum(), settings)
        return Transformed(building_days=changes.building_days, full=full)
