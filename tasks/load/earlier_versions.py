"""What earlier versions of a file have in core and the new one no longer holds: counted and named, or taken out.

A version is a load of the same path. With `replaces: days` in the mapping the new version stands in the place of the
older ones on the days of which it has readings of the same meter and metric; on others nothing is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from schemas.problems import FileRemark
from schemas.reasons import ADVICE, Reason, severity_of
from schemas.settings import Settings
from tasks.load.load_meters import MAX_METERS
from tasks.load.settle_readings import create_unsettled, settle_readings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class Superseded(NamedTuple):
    """Readings of earlier versions that a load's file no longer holds."""

    remaining: int = 0
    """They stay in core."""
    removed: int = 0

    def describe(self) -> str | None:
        """Return the counts in words, for the load log."""
        remarks = {FileRemark.NO_LONGER_IN_FILE: self.remaining, FileRemark.REMOVED: self.removed}
        return "; ".join(remark.format(count=count) for remark, count in remarks.items() if count) or None


async def find_superseded(
    connection: Connection, load_ids: Sequence[UUID], settings: Settings
) -> dict[UUID, Superseded]:
    """Find what loads supersede that are about to end in core, in this transaction; most nothing, and are not named.

    The readings wait in the temporary table `unsettled` for `settle_superseded`.
    """
    versions = await connection.fetch(*sql("find_earlier_versions", settings, load_ids=load_ids))
    differing = [version for version in versions if version["meters"] or version["is_purged"]]
    if not differing:
        return {}
    await create_unsettled(connection, settings)
    for version in differing:
        can_be_named = not version["is_purged"] and len(version["meters"]) <= MAX_METERS
        values = {name: version[name] for name in ("load_id", "replaces_days", "earlier", "first_time", "last_time")}
        meters = version["meters"] if can_be_named else None
        await connection.execute(
            *sql("insert_no_longer_in_file", settings, **values, meters=meters, zone=settings.default_tz)
        )
    return await _count_unsettled(connection, settings)


async def find_replaced(connection: Connection, load_ids: Sequence[UUID], settings: Settings) -> dict[UUID, Superseded]:
    """Find what loads of rows that waited in stage have brought on days that a newer version of their file replaces.

    The readings are in core, in this transaction, and wait in `unsettled` as those of `find_superseded`.
    """
    replaced = await connection.fetch(*sql("find_replaced_origins", settings, load_ids=load_ids))
    if not replaced:
        return {}
    await create_unsettled(connection, settings)
    for load in replaced:
        await connection.execute(*sql("insert_replaced", settings, **dict(load), zone=settings.default_tz))
    return await _count_unsettled(connection, settings)


async def _count_unsettled(connection: Connection, settings: Settings) -> dict[UUID, Superseded]:
    counts = await connection.fetch(*sql("count_unsettled", settings))
    return {row["withdrawn_by"]: Superseded(row["remaining"], row["removed"]) for row in counts}


async def settle_superseded(connection: Connection, settings: Settings) -> None:
    """Name what stays in core in row errors, and take out the rest; the loads have ended in core by now."""
    reason = Reason.NO_LONGER_IN_FILE
    named = {"reason": reason, "severity": severity_of(reason), "message": ADVICE[reason]}
    await connection.execute(*sql("list_no_longer_in_file", settings, **named, zone=settings.default_tz))
    await connection.execute(*sql("delete_unsettled_remaining", settings))
    await settle_readings(connection, settings, change="removal")
