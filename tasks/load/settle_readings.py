"""Decide again which load's value stands in core: after a rollback, and where a newer version of a file has less.

So before a merge of loads that do not come last, whose values are compared with those of later ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from schemas.settings import Settings
from tasks.load.load_meters import MAX_METERS
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class SettledReadings(NamedTuple):
    """What became of readings of the temporary table `unsettled`."""

    removed: int = 0
    """No other load has them."""
    restored: int = 0
    """They have the value of another load now."""
    unchanged: int = 0
    """Another load has the same value: the reading stays and is now that load's."""


async def create_unsettled(connection: Connection, settings: Settings) -> None:
    """Create the temporary table of the readings to decide on, empty; it ends with the transaction."""
    await connection.execute(*sql("create_unsettled", settings))


async def credit_later_loads(
    connection: Connection, load_ids: Sequence[UUID], bounds: Mapping[str, object], moment: datetime, settings: Settings
) -> None:
    """Make readings the latest load's that has them, where the temporary table `incoming` has earlier loads' values.

    Those loads have a place among the loads before they end in core: their rows waited, or they are replays in place.
    """
    await create_unsettled(connection, settings)
    await connection.execute(*sql("insert_contested", settings, load_ids=load_ids, **bounds))
    await settle_readings(connection, settings, change="removal", moment=moment)


async def settle_readings(
    connection: Connection, settings: Settings, *, change: Literal["rollback", "removal"], moment: datetime
) -> dict[UUID, SettledReadings]:
    """Give each reading of `unsettled` the value of the latest effective load that has it, or delete it.

    Replaced and deleted values go to `measurement_revisions` as such a change, their building-days to `changed_days`.
    A value that stays and is another load's is a revision, too: else nobody knew whose it was before.
    Nothing may be merged meanwhile (Lock.LOADS): a load that finds a reading in core with its own value writes nothing.

    Returns:
        The counts of each load on whose account readings were decided on.

    """
    await connection.execute("analyze unsettled")
    bounds = dict(await fetch_one(connection, *sql("select_unsettled_bounds", settings, max_meters=MAX_METERS)))
    if bounds["first_time"] is None:
        return {}
    zone = settings.default_tz
    span = {name: bounds[name] for name in ("first_time", "last_time")}
    await connection.execute(*sql("create_decisions", settings))
    await connection.execute(*sql("insert_decisions", settings, **span, zone=zone))
    await connection.execute("analyze decisions")
    values = {**bounds, "zone": zone, "change": change, "moment": moment}
    rows = await connection.fetch(*sql("apply_decisions", settings, **values))
    await connection.execute(*sql("delete_readings", settings, **bounds))
    await connection.execute("drop table unsettled, decisions")
    return {row["withdrawn_by"]: SettledReadings(row["removed"], row["restored"], row["unchanged"]) for row in rows}
