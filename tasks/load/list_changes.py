"""List what loads have changed in core, for a person."""

from __future__ import annotations

import datetime as dt
from typing import Literal, NamedTuple
from uuid import UUID

from schemas.load_states import LoadStatus
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import Run, find_load
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class Change(NamedTuple):
    """Readings of one metric that a load has changed in the same way, and the first of them."""

    metric: str
    change: Literal["new", "changed", "gone"]
    readings: int
    meter: str
    time: dt.datetime
    old_value: float | None
    new_value: float | None


class LoadResult(NamedTuple):
    """What became of a load."""

    load_id: UUID
    source_file: str
    status: LoadStatus
    rows_inserted: int
    rows_updated: int
    rows_removed: int
    rows_unchanged: int
    rows_rejected: int
    message: str | None


async def list_results(connection: Connection, run: Run, settings: Settings) -> list[LoadResult]:
    """List the loads of a run in the order of their files."""
    rows = await connection.fetch(*sql("select_load_results", settings, flow_run_id=run.flow_run_id))
    return [LoadResult(**{**row, "status": LoadStatus(row["status"])}) for row in rows]


async def list_changes(connection: Connection, load_id: UUID, settings: Settings) -> list[Change]:
    """List what a load that ended in core has changed there."""
    load = await find_load(connection, load_id, settings)
    assert load  # noqa: S101 - it has ended in core
    bounds = {"first_time": load.first_time, "last_time": load.last_time}
    rows = await connection.fetch(*sql("select_load_changes", settings, load_id=load_id, **bounds))
    return [Change(**row) for row in rows]
