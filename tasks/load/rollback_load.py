"""Take a load back: core is then as if the load had never been."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.load_log import find_load
from tasks.warehouse.locks import Lock, hold
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_MOST_METERS_TO_NAME = 2_000


class RolledBack(NamedTuple):
    """What a rollback did to core, in readings."""

    loads: list[UUID]
    """The load, and those that took up its waiting rows."""
    removed: int
    """No other load holds them."""
    restored: int
    """The value of the load before, or of another that holds it, stands again."""
    unchanged: int
    """Another load holds the same value: the reading stays and is now that load's."""
    rewritten: int
    """A later load had replaced them already: left as they are."""


async def rollback_load(connection: Connection, load_id: UUID, settings: Settings, *, dry_run: bool) -> RolledBack:
    """Take a load back in one transaction; a dry run does the same and then undoes it.

    Waits until running loads are through, and lets none begin meanwhile: each must see the other.

    Raises:
        TerminalError: there is no such load, or nothing of it is in core.

    """
    await _check(connection, load_id, settings)
    async with hold(connection, Lock.LOADS):
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            await connection.execute(sql.text("allow_decompression", settings))
            done = await _roll_back(connection, load_id, settings)
        except BaseException:
            await transaction.rollback()
            raise
        await (transaction.rollback() if dry_run else transaction.commit())
    return done


async def _check(connection: Connection, load_id: UUID, settings: Settings) -> None:
    load = await find_load(connection, load_id, settings)
    if load is None:
        raise TerminalError(f"there is no load {load_id}: dataops status lists the last ones")
    if load.rolled_back_at:
        raise TerminalError(f"load {load_id} was rolled back on {load.rolled_back_at:%Y-%m-%d %H:%M} UTC")
    if not load.ended_in_core:
        raise TerminalError(f"load {load_id} is {load.status}: nothing of it is in core")


async def _roll_back(connection: Connection, load_id: UUID, settings: Settings) -> RolledBack:
    family = await connection.fetch(sql.text("mark_rolled_back", settings), load_id)
    loads = [row["load_id"] for row in family]
    first = min((row["first_time"] for row in family if row["first_time"]), default=None)
    last = max((row["last_time"] for row in family if row["last_time"]), default=None)
    written = sum(row["rows_written"] for row in family)
    if purged := await connection.fetch(sql.text("find_purged_obstacles", settings), loads):
        names = "; ".join(f"{row['source_file']!r}, load_id {row['load_id']}" for row in purged)
        raise TerminalError(
            f"load {load_id} cannot be taken back: stage rows and row errors that it takes were purged ({names}); "
            "replay those files first, or replay the right file over it"
        )
    await connection.execute(sql.text("reopen_row_errors", settings), loads)
    if first is None or last is None:
        return RolledBack(loads, 0, 0, 0, 0)
    named = None
    # A purge may have left some rows, which do not name every meter.
    if not any(row["purged_before"] for row in family):
        meters = await connection.fetchval(sql.text("select_load_meters", settings), loads, _MOST_METERS_TO_NAME + 1)
        named = meters if meters and len(meters) <= _MOST_METERS_TO_NAME else None
    removed, restored, unchanged = await fetch_one(
        connection, sql.text("roll_back_readings", settings), loads, first, last, named, settings.default_tz
    )
    await connection.execute(sql.text("remove_readings", settings), loads, first, last, named)
    rewritten = max(written - removed - restored - unchanged, 0)
    return RolledBack(loads, removed, restored, unchanged, rewritten)
