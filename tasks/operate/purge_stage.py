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

_PAGE_SIZE = 5_000


class OldLoad(NamedTuple):
    """A load that ended long ago and has stage rows or resolved row errors."""

    load_id: UUID
    source_file: str
    size_bytes: int | None
    rows: int
    must_have_file: bool
    """Without its file, stage holds the only copy of its content."""


class Purged(NamedTuple):
    """What was deleted of a batch of loads, in rows."""

    raw_rows: int
    parsed_rows: int
    row_errors: int


async def find_old_loads(
    connection: Connection, before: dt.datetime, after: UUID | None, settings: Settings
) -> list[OldLoad]:
    """Find the next page of loads that a purge has to look at, in the order of their rows in stage."""
    query = sql(
        "find_purgeable_loads",
        settings,
        ended_before=before,
        after_load_id=after or UUID(int=0),
        page_size=_PAGE_SIZE,
    )
    return [OldLoad(**row) for row in await connection.fetch(*query)]


async def purge_loads(
    connection: Connection,
    loads: Sequence[OldLoad],
    before: dt.datetime,
    settings: Settings,
    *,
    dry_run: bool,
) -> Purged:
    """Purge a batch of loads in one transaction; a dry run does the same and then undoes it.

    Rows with an open error are kept, so that they can still be loaded.
    """
    transaction = connection.transaction()
    await transaction.start()
    try:
        # A rollback in progress reads stage under the exclusive lock.
        await lock_transaction(connection, Lock.LOADS, settings, shared=True)
        purged = await _purge([load.load_id for load in loads], before, connection, settings)
    except BaseException:
        await transaction.rollback()
        raise
    await (transaction.rollback() if dry_run else transaction.commit())
    return purged


async def _purge(load_ids: list[UUID], before: dt.datetime, connection: Connection, settings: Settings) -> Purged:
    # The errors first: those that are kept decide which rows are kept.
    row_errors = await connection.fetchval(*sql("purge_row_errors", settings, load_ids=load_ids, ended_before=before))
    raw_rows = await connection.fetchval(*sql("purge_raw_rows", settings, load_ids=load_ids))
    await connection.execute(*sql("purge_raw_tables", settings, load_ids=load_ids))
    parsed_rows = await connection.fetchval(*sql("purge_parsed_series", settings, load_ids=load_ids))
    await connection.execute(*sql("mark_purged", settings, load_ids=load_ids, ended_before=before))
    return Purged(raw_rows, parsed_rows, row_errors)
