"""Row errors of what is no reading: a header without a column, a sheet that nobody reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from schemas.reasons import Reason, severity_of
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import as_json
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


class FileRowError(NamedTuple):
    """What is wrong in one place of a file."""

    reason: Reason
    message: str
    row_num: int
    """Line in the file or sheet as a person counts it; 0: no line of it."""
    sheet: str | None = None
    column_name: str | None = None
    raw_value: str | None = None


async def insert_file_errors(
    connection: Connection, errors: Mapping[UUID, Sequence[FileRowError]], settings: Settings
) -> None:
    """Add row errors to those of loads; they take the place of those of failed attempts at the same files."""
    await connection.execute(*sql("resolve_failed_attempts", settings, load_ids=[*errors]))
    rows = [
        {"load_id": load_id, "severity": severity_of(error.reason), **error._asdict()}
        for load_id, of_load in errors.items()
        for error in of_load
    ]
    if rows:
        await connection.execute(*sql("insert_file_error", settings, errors=as_json(rows)))
