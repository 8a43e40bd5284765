"""What earlier versions of a file have in core and the new one no longer holds: counted and named, or taken out.

A replay stands in the place of all loads of its content: what they have and it has not is taken out.

A version is a load of the same path. With `replaces: days` in the mapping the new version stands in the place of the
older ones on the days of which it has readings of the same meter and metric; on others nothing is taken out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
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
    """Readings of earlier versions that a load's file no longer holds, nor another file with the same value."""

    remaining: int = 0
    """They stay in core."""
    removed: int = 0
    """They are to be taken out."""


async def must_be_alone(connection: Connection, load_ids: Sequence[UUID], settings: Settings) -> bool:
    """Return True if a merge of loads may take readings out of core: then no other merge may be under way."""
    return bool(await connection.fetchval(*sql("must_be_alone", settings, load_ids=load_ids)))


async def find_superseded(
    connection: Connection, load_ids: Sequence[UUID], settings: Settings
) -> dict[UUID, Superseded]:
    """Find what loads supersede that are about to end in core, in this transaction; most nothing, and are not named.

    The readings wait in the temporary table `unsettled` for `settle_superseded`.
    """
    versions = await connection.fetch(*sql("find_earlier_versions", settings, load_ids=load_ids))
    differing = [version for version in versions if version["meters"] or version["is_purged"]]
    replays = await connection.fetch(*sql("find_replayed_loads", settings, load_ids=load_ids))
    if not differing and not replays:
        return {}
    await create_unsettled(connection, settings)
    for replay in replays:
        await connection.execute(*sql("insert_no_longer_read", settings, **dict(replay)))
    for version in differing:
        can_be_named = not version["is_purged"] and len(version["meters"]) <= MAX_METERS
        names = ("load_id", "replaces_days", "family", "earlier", "first_time", "last_time")
        values = {name: version[name] for name in names}
        meters = version["meters"] if can_be_named else None
        await connection.execute(
            *sql("insert_no_longer_in_file", settings, **values, meters=meters, zone=settings.default_tz)
        )
    counts = await connection.fetch(*sql("count_unsettled", settings))
    return {row["withdrawn_by"]: Superseded(row["remaining"], row["removed"]) for row in counts}


async def settle_superseded(
    connection: Connection,
    load_ids: Sequence[UUID],
    superseded: Mapping[UUID, Superseded],
    moment: datetime,
    settings: Settings,
) -> None:
    """Name what stays in core in row errors, and take out and count the rest; the loads have ended in core by now.

    So is what loads that have waited, as rows in stage or held, have brought in the place of a newer version.
    """
    replaced = await connection.fetch(*sql("find_replaced_loads", settings, load_ids=load_ids))
    if not superseded and not replaced:
        return
    await create_unsettled(connection, settings)
    reason = Reason.NO_LONGER_IN_FILE
    named = {"reason": reason, "severity": severity_of(reason), "message": ADVICE[reason]}
    await connection.execute(*sql("list_no_longer_in_file", settings, **named, zone=settings.default_tz))
    await connection.execute(*sql("delete_unsettled_remaining", settings))
    for load in replaced:
        await connection.execute(*sql("insert_replaced", settings, **dict(load)))
    settled = await settle_readings(connection, settings, change="removal", moment=moment)
    for load_id, counts in settled.items():
        if removed := counts.removed + counts.restored:
            remarks = {"of_version": FileRemark.REMOVED, "of_replay": FileRemark.NO_LONGER_READ}
            messages = {name: remark.format(count=removed) for name, remark in remarks.items()}
            await connection.execute(*sql("record_removed", settings, load_id=load_id, removed=removed, **messages))
