"""The durable record of what has changed, and of what the transform has still to do about it."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from schemas.errors import TerminalError
from schemas.settings import Settings
from schemas.windows import Window
from tasks.transform.plan_windows import split_windows
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class TransformState(NamedTuple):
    """What the features were last built with."""

    fingerprint: str | None
    """Of settings, definitions and models; None: there are no features."""
    project: str | None
    """Checksum of the dbt project whose tables, views and seeds are there; None: they have to be looked at."""


class Changes(NamedTuple):
    """What a transform is working on."""

    building_days: dict[dt.date, int]
    """Local day → how many buildings have changed on it."""

    @property
    def windows(self) -> list[Window]:
        """The days as windows that one transaction can hold."""
        return split_windows(self.building_days)

    def count(self, window: Window | None = None) -> int:
        """Count the building-days: of a window, or all."""
        return sum(
            buildings
            for day, buildings in self.building_days.items()
            if window is None or window.first <= day <= window.last
        )


async def read_state(connection: Connection, settings: Settings) -> TransformState:
    """Return what the features were last built with."""
    row = await connection.fetchrow(*sql("select_transform_state", settings))
    return TransformState(**row) if row else TransformState(None, None)


async def record_new_fingerprint(connection: Connection, state: TransformState, settings: Settings) -> None:
    """Record that all days of all buildings have changed, and with what they are built from now on."""
    async with connection.transaction():
        await _record_days(connection, settings)
        await connection.execute(*sql("record_left_districts", settings))
        await connection.execute(*sql("delete_built_placements", settings))
        await connection.execute(*sql("insert_built_placements", settings))
        await connection.execute(*sql("record_fingerprint", settings, **state._asdict()))


async def record_moved_meters(connection: Connection, settings: Settings) -> None:
    """Record the building-days of meters and buildings of which the reference tables say something else than before."""
    await connection.execute(*sql("record_moved_meters", settings, zone=settings.default_tz))


async def record_rebuild(
    connection: Connection, settings: Settings, *, first: dt.date | None, last: dt.date | None, building: str | None
) -> None:
    """Record that the features of days are to be built again; None: from the first, to the last, of all buildings.

    Raises:
        TerminalError: no building has the code, or nothing has been built yet.

    """
    if (await read_state(connection, settings)).fingerprint is None:
        raise TerminalError("there are no features yet: `dataops run` builds them")
    building_id = None
    if building is not None:
        building_id = await connection.fetchval(*sql("find_building", settings, code=building))
        if building_id is None:
            raise TerminalError(f"no building has the code {building!r} (external_code of core.buildings)")
    await _record_days(connection, settings, building_id=building_id, first_day=first, last_day=last)


async def _record_days(
    connection: Connection,
    settings: Settings,
    *,
    building_id: int | None = None,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
) -> None:
    days = {"building_id": building_id, "first_day": first_day, "last_day": last_day}
    await connection.execute(*sql("record_days", settings, zone=settings.default_tz, **days))


async def record_project(connection: Connection, project: str | None, settings: Settings) -> None:
    """Record the dbt project whose tables, views and seeds are there."""
    await connection.execute(*sql("record_project", settings, project=project))


async def start_changes(connection: Connection, settings: Settings) -> Changes:
    """Mark what has changed so far as in progress; what changes later waits for the next transform.

    With a day of a meter that reports registers alone goes the day before, whose last hour ends at its midnight.
    """
    await connection.execute(*sql("mark_in_progress", settings))
    await connection.execute(*sql("record_days_before", settings, zone=settings.default_tz))
    rows = await connection.fetch(*sql("select_changes_in_progress", settings))
    return Changes({row["local_date"]: row["building_days"] for row in rows})
