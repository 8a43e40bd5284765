"""The durable record of what has changed, and of what the transform has still to do about it."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

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


async def read_state(connection: Connection, settings: Settings) -> TransformState:
    """Return what the features were last built with."""
    row = await connection.fetchrow(*sql("select_transform_state", settings))
    return TransformState(**row) if row else TransformState(None, None)


async def record_new_fingerprint(connection: Connection, state: TransformState, settings: Settings) -> None:
    """Record that all days of all buildings have changed, and with what they are built from now on."""
    async with connection.transaction():
        await connection.execute(*sql("record_all_days", settings, zone=settings.default_tz))
        await connection.execute(*sql("record_fingerprint", settings, **state._asdict()))


async def record_project(connection: Connection, project: str | None, settings: Settings) -> None:
    """Record the dbt project whose tables, views and seeds are there."""
    await connection.execute(*sql("record_project", settings, project=project))


async def start_changes(connection: Connection, settings: Settings) -> Changes:
    """Mark what has changed so far as in progress; what changes later waits for the next transform."""
    await connection.execute(*sql("mark_in_progress", settings))
    rows = await connection.fetch(*sql("select_changes_in_progress", settings))
    return Changes({row["local_date"]: row["building_days"] for row in rows})
