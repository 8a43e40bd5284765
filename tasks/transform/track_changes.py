"""The durable record of what loads changed, and of what the transform has still to do about it."""

from __future__ import annotations

from typing import NamedTuple

from schemas.settings import Settings
from schemas.windows import Window, windows_of
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class Changes(NamedTuple):
    """What a transform is working on: how many building-days, and the windows of their local days."""

    building_days: int
    windows: list[Window]
    fingerprint: str | None
    """Of the settings that the features were last built with; None: never."""
    project: str | None
    """Checksum of the dbt project whose views and seeds exist; None: they have to be built."""

    @property
    def last_is_unfinished(self) -> bool:
        """The features exist, but the last transform did not finish."""
        return self.fingerprint is not None and self.project is None


async def start_changes(connection: Connection, settings: Settings) -> Changes:
    """Mark what has changed so far as in progress; what changes later waits for the next transform."""
    async with connection.transaction():
        await connection.execute(*sql("record_unfinished", settings))
        await connection.execute(*sql("mark_in_progress", settings))
    row = await fetch_one(connection, *sql("select_changes_in_progress", settings))
    return Changes(row["building_days"], windows_of(row["days"]), row["fingerprint"], row["project"])


async def finish_changes(connection: Connection, fingerprint: str, project: str, settings: Settings) -> None:
    """Delete the changes that were in progress, and record the settings and the dbt project they were built with."""
    async with connection.transaction():
        await connection.execute(*sql("record_transform", settings, fingerprint=fingerprint, project=project))
        await connection.execute(*sql("delete_finished_days", settings))
