"""Delete stage rows and resolved row errors of old loads, and keep what is still needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.locks import Lock, lock_transaction
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_PAGE = 5_000


class OldLoad(NamedTuple):
    """A load that ended long ago and has stage rows or resolved row errors."""

    load_id: UUID
    source_file: str
    size_bytes: int | None
    rows: int
    must_have_file: bool
    """Without its file, stage is the only copy of what it held."""


class Purged(NamedTuple):
    """What was deleted of a group of loads, in rows."""

    raw_rows: int
    parsed_rows: int
    row_errors: int


async def find_old_loads(
    connection: Connection, before: dt.datetime, after: UUID | None, settings: Settings
) -> list[OldLoad]:
    """Find the next page of loads that a purge has to look at, in the order of their rows in stage."""
    rows = await connection.fetch(sql.text("find_purgeable_loads", settings), before, after or UUID(int=0), _PAGE)
    return [OldLoad(**row) for row in rows]


async def purge_loads(
    connection: Connection,
    loads: Sequence[OldLoad],
    before: dt.datetime,
    settings: Settings,
    *,
    dry_run: bool,
) -> Purged:
    """Purge a group of loads in one transaction; a dry run does the same and then undoes it.

    Rows with an open error stay, so that they can be loaded once more.
    """
    ids = [load.load_id for load in loads]
    transaction = connection.transaction()
    await transaction.start()
    try:
        # A rollback under way reads stage: it holds the lock alone.
        await lock_transaction(connection, Lock.LOADS, shared=True)
        errors = await connection.execute(sql.text("purge_row_errors", settings), ids, before)
        raw = await connection.execute(sql.text("purge_raw_rows", settings), ids)
        await connection.execute(sql.text("purge_raw_tables", settings), ids)
        parsed = await connection.fetchval(sql.text("purge_parsed_series", settings), ids)
        await connection.execute(sql.text("mark_purged", settings), ids, before)
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.rollback() if dry_run else transaction.commit())
    raw_rows, row_errors = (int(done.rpartition(" ")[2]) for done in (raw, errors))
    return Purged(raw_rows, int(parsed), row_errors)
