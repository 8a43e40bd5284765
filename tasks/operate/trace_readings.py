"""Answer where a reading comes from, who changed it, and which rows are wrong."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from schemas.settings import Settings
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    import asyncpg

sql = Statements(__file__)


class ErrorFilter(NamedTuple):
    """Which row errors to show; None: any."""

    day: dt.date | None = None
    load_id: UUID | None = None
    reason: str | None = None
    meter_code: str | None = None


async def find_last_load(connection: asyncpg.Connection, source_file: str, settings: Settings) -> UUID | None:
    """Find the last load of a file that came to an end, by the name that the log gives it."""
    found: UUID | None = await connection.fetchval(sql.text("find_last_load", settings), source_file)
    return found


async def list_row_errors(
    connection: asyncpg.Connection, wanted: ErrorFilter, limit: int | None, settings: Settings
) -> list[dict[str, Any]]:
    """List open row errors in the order of day, file and row."""
    return [dict(row) for row in await connection.fetch(sql.text("select_row_errors", settings), *wanted, limit)]


async def count_row_errors(
    connection: asyncpg.Connection, wanted: ErrorFilter, settings: Settings
) -> list[dict[str, Any]]:
    """Count open row errors by reason, the most frequent first."""
    return [dict(row) for row in await connection.fetch(sql.text("count_row_errors", settings), *wanted)]


async def list_revisions(
    connection: asyncpg.Connection,
    meter_code: str,
    since: dt.datetime,
    until: dt.datetime,
    settings: Settings,
    *,
    metric: str | None = None,
) -> list[dict[str, Any]]:
    """List who changed which reading of a meter in [since, until), oldest first."""
    rows = await connection.fetch(sql.text("select_revisions", settings), meter_code, since, until, metric)
    return [dict(row) for row in rows]


async def trace_reading(
    connection: asyncpg.Connection, meter_code: str, time: dt.datetime, metric: str, settings: Settings
) -> list[dict[str, Any]]:
    """Find file, sheet, row and cell of a reading in core; no row: there is no such reading."""
    rows = await connection.fetch(sql.text("select_lineage", settings), meter_code, time, metric)
    return [dict(row) for row in rows]
