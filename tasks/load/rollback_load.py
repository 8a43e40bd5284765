"""Roll a load back: core is then as if the load had never happened."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.load.load_meters import find_load_meters
from tasks.load.settle_readings import create_unsettled, settle_readings
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import find_load
from tasks.warehouse.locks import lock_loads
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class RolledBack(NamedTuple):
    """What a rollback did to core, in readings."""

    loads: list[UUID]
    """The load, and those that loaded its waiting rows."""
    removed: int
    """No other load has them."""
    restored: int
    """They have the value of the load before, or of another that has them, again."""
    unchanged: int
    """Another load has the same value: the reading stays and is now that load's."""
    rewritten: int
    """A later load had replaced them already: left as they are."""

    def describe(self, *, dry_run: bool = False) -> str:
        """Return the outcome as a line for the log and the command."""
        would = "would " if dry_run else ""
        remove, restore, keep, leave = (
            ("remove", "restore", "keep", "leave") if dry_run else ("removed", "restored", "kept", "left")
        )
        return (
            f"{would}{remove} {self.removed} readings, {would}{restore} {self.restored} to the value before, "
            f"{would}{keep} {self.unchanged} that another load has with the same value, "
            f"{would}{leave} {self.rewritten} as a later load rewrote them"
        )


async def rollback_load(connection: Connection, load_id: UUID, settings: Settings, *, dry_run: bool) -> RolledBack:
    """Roll a load back in one transaction; a dry run does the same and then undoes it.

    Waits until running merges have ended, and lets none begin meanwhile: each must see the other.

    Raises:
        TerminalError: there is no such load, or nothing of it is in core, or rows that the rollback needs were purged.

    """
    await _check(connection, load_id, settings)
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        moment = await lock_loads(connection, settings)
        await connection.execute(*sql("allow_decompression", settings))
        rolled_back = await _roll_back(connection, load_id, moment, settings)
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.rollback() if dry_run else transaction.commit())
    return rolled_back


async def find_day(connection: Connection, load_id: UUID, settings: Settings) -> date:
    """Return the day of a load, which is in the log."""
    load = await find_load(connection, load_id, settings)
    assert load  # noqa: S101 - it has just been rolled back
    return load.business_date


async def _check(connection: Connection, load_id: UUID, settings: Settings) -> None:
    load = await find_load(connection, load_id, settings)
    if load is None:
        raise TerminalError(f"there is no load {load_id}: dataops status lists the last ones")
    if load.rolled_back_at:
        raise TerminalError(f"load {load_id} was rolled back on {load.rolled_back_at:%Y-%m-%d %H:%M} UTC")
    if not load.ended_in_core:
        raise TerminalError(f"load {load_id} is {load.status}: nothing of it is in core")


async def _roll_back(connection: Connection, load_id: UUID, moment: datetime, settings: Settings) -> RolledBack:
    family = await connection.fetch(*sql("mark_rolled_back", settings, load_id=load_id))
    load_ids = [row["load_id"] for row in family]
    await _require_rows(connection, load_id, load_ids, settings)
    await connection.execute(*sql("reopen_row_errors", settings, load_ids=load_ids))
    first_time = min((row["first_time"] for row in family if row["first_time"]), default=None)
    last_time = max((row["last_time"] for row in family if row["last_time"]), default=None)
    # A purge may have left some rows, which do not name every meter.
    is_purged = any(row["purged_before"] for row in family)
    meters = None if is_purged else await find_load_meters(connection, load_ids, settings)
    bounds = {"load_ids": load_ids, "first_time": first_time, "last_time": last_time, "meters": meters}
    await create_unsettled(connection, settings)
    query, *values = sql("insert_rolled_back", settings, **bounds, zone=settings.default_tz)
    metric_type = await connection.fetchval(*sql("select_metric_type", settings))
    await connection.execute(query.replace("{metric_type}", metric_type), *values)
    settled = await settle_readings(connection, settings, change="rollback", moment=moment)
    removed, restored, unchanged = (sum(counts) for counts in zip(*(settled.values() or [(0, 0, 0)]), strict=True))
    rewritten = sum(row["rows_written"] for row in family) - (removed + restored + unchanged)
    return RolledBack(load_ids, removed, restored, unchanged, max(rewritten, 0))


async def _require_rows(connection: Connection, load_id: UUID, load_ids: list[UUID], settings: Settings) -> None:
    if purged := await connection.fetch(*sql("find_purged_obstacles", settings, load_ids=load_ids)):
        names = "; ".join(f"{row['source_file']!r}, load_id {row['load_id']}" for row in purged)
        raise TerminalError(
            f"load {load_id} cannot be rolled back: stage rows and row errors that it needs were purged ({names}); "
            "replay those files first, or replay the right file over it"
        )
