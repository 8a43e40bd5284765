"""Answer where a reading comes from and who changed it."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


async def require_meter(connection: Connection, meter_code: str, settings: Settings) -> None:
    """Check that a meter's code is in the reference tables, or at least in a row error.

    Raises:
        TerminalError: nobody knows the code.

    """
    if not await connection.fetchval(*sql("is_known_meter", settings, meter_code=meter_code)):
        raise TerminalError(
            f"there is no meter {meter_code!r}: neither core.meters nor a row error names it; "
            "correct the code, or add the meter to meters.csv: dataops reference load"
        )


async def find_last_load(connection: Connection, source_file: str, settings: Settings) -> UUID | None:
    """Find the newest load of a file that ended in core, by the file's name in the load log."""
    load_id: UUID | None = await connection.fetchval(*sql("find_last_load", settings, source_file=source_file))
    return load_id


async def list_revisions(
    connection: Connection,
    meter_code: str,
    since: dt.datetime,
    until: dt.datetime,
    settings: Settings,
    *,
    metric: str | None = None,
) -> list[dict[str, Any]]:
    """List who changed which reading of a meter in [since, until), value or quality, oldest first."""
    query = sql("select_revisions", settings, meter_code=meter_code, since=since, until=until, metric=metric)
    return [dict(row) for row in await connection.fetch(*query)]


async def trace_reading(
    connection: Connection, meter_code: str, time: dt.datetime, metric: str, settings: Settings
) -> list[dict[str, Any]]:
    """Find file, sheet, row and cell of a reading in core; an empty list if core does not have the reading."""
    query = sql("trace_reading", settings, meter_code=meter_code, time=time, metric=metric)
    return [dict(row) for row in await connection.fetch(*query)]
