"""The meters of loads, where naming them lets PostgreSQL look up less of core."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

# A longer list costs more to compare than it saves in look-ups.
MAX_METERS = 2_000


async def find_load_meters(connection: Connection, load_ids: Sequence[UUID], settings: Settings) -> list[int] | None:
    """Find the meters of loads; None: too many to name, or stage no longer has them."""
    query = sql("select_load_meters", settings, load_ids=load_ids, max_meters=MAX_METERS + 1)
    meters: list[int] | None = await connection.fetchval(*query)
    return meters if meters and len(meters) <= MAX_METERS else None
