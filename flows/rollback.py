"""Take a load back, and make anew what was built from it."""

from __future__ import annotations

from uuid import UUID

from prefect import flow, get_run_logger

from flows.runtime.warehouse import migrate_warehouse, open_connection
from flows.transform import transform
from schemas.settings import load_settings
from tasks.load.merge_readings import LOADS_LOCK
from tasks.load.rollback_load import RolledBack, rollback_load


@flow(name="rollback", flow_run_name="rollback/{load_id}", persist_result=False)
async def rollback(load_id: UUID, *, dry_run: bool = False) -> RolledBack:
    """Leave core as if the load had never been, but for readings that a later load rewrote."""
    settings = load_settings()
    await migrate_warehouse(settings)
    async with open_connection(settings) as connection:
        done = await rollback_load(connection, load_id, settings, loads_lock=LOADS_LOCK, dry_run=dry_run)
    get_run_logger().info("%s", done)
    if not dry_run:
        await transform()
    return done
