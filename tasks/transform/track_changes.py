"""The durable record of what a load changed and what must still follow it."""

from __future__ import annotations

from typing import NamedTuple

from prefect_sqlalchemy import AsyncSqlAlchemyConnector

from schemas.settings import Settings
from schemas.windows import Window, windows_of
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class Changes(NamedTuple):
    """What a transform has taken: how many building-days, and the windows of their local days."""

    building_days: int
    windows: list[Window]
    built_with: str | None
    """Fingerprint of the settings that the features were last built with; None: never."""
    project: str | None
    """Checksum of the dbt project whose views and seeds stand; None: none, or the last transform did not finish."""


async def take_changes(warehouse: AsyncSqlAlchemyConnector, settings: Settings) -> Changes:
    """Mark what has changed so far as being worked on; what changes later waits for the next time."""
    await warehouse.execute(sql.text("take_changed_days", settings))
    row = await warehouse.fetch_one(sql.text("select_taken_days", settings))
    building_days, days, built_with, project = row
    return Changes(building_days, windows_of(days), built_with, project)


async def finish_changes(
    warehouse: AsyncSqlAlchemyConnector, fingerprint: str, project: str, settings: Settings
) -> None:
    """Forget what was taken and is done, and note the settings and the dbt project that it was done with."""
    made_with = {"fingerprint": fingerprint, "project": project}
    await warehouse.execute(sql.text("note_transform", settings), parameters=made_with)
    await warehouse.execute(sql.text("forget_taken_days", settings))
