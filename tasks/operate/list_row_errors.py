"""List and count row errors that nothing has resolved yet, and the rows that could be loaded by now."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple
from uuid import UUID

from schemas.reasons import Reason, Severity
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class ErrorFilter(NamedTuple):
    """Which row errors to show; None: all."""

    day: dt.date | None = None
    load_id: UUID | None = None
    source: str | None = None
    severity: Severity | None = None
    reason: Reason | None = None
    meter_code: str | None = None


async def list_row_errors(
    connection: Connection, filters: ErrorFilter, limit: int | None, settings: Settings
) -> list[dict[str, Any]]:
    """List open row errors in the order of day, file and row."""
    query = sql("select_row_errors", settings, **filters._asdict(), max_rows=limit)
    return [dict(row) for row in await connection.fetch(*query)]


async def count_row_errors(connection: Connection, filters: ErrorFilter, settings: Settings) -> list[dict[str, Any]]:
    """Count open row errors by reason, the most frequent first."""
    return [dict(row) for row in await connection.fetch(*sql("count_row_errors", settings, **filters._asdict()))]
