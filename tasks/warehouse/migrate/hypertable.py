"""Make core.measurements a hypertable, and estimate what that takes."""

from __future__ import annotations

import time
from typing import NamedTuple

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_SAMPLE_ROWS = 100_000


class Conversion(NamedTuple):
    """What it would take to make core.measurements a hypertable."""

    rows: int
    seconds: float


async def measure_conversion(connection: Connection, settings: Settings) -> Conversion:
    """Copy a sample of core.measurements, and roll that back; returns what the whole table would take."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(*sql("create_sample", settings))
        started = time.perf_counter()
        copied: int = await connection.fetchval(*sql("copy_sample", settings, max_rows=_SAMPLE_ROWS))
        seconds = time.perf_counter() - started
        ratio: float = await connection.fetchval(*sql("select_sample_ratio", settings))
    finally:
        await transaction.rollback()
    return extrapolate(copied, seconds, ratio)


def extrapolate(copied: int, seconds: float, ratio: float) -> Conversion:
    """Scale a sample up to a table that is `ratio` times as large; a small table was copied whole."""
    if copied < _SAMPLE_ROWS:
        return Conversion(copied, seconds)
    return Conversion(round(copied * ratio), seconds * ratio)


async def make_hypertable(connection: Connection, settings: Settings, *, is_partitioned: bool) -> None:
    """Make a hypertable of core.measurements; a partitioned table is copied into a new one first.

    Raises:
        TerminalError: materialised views read the table that would be replaced.

    """
    table = f"{settings.core_schema}.measurements"
    async with connection.transaction():
        await connection.execute(*sql("lock_measurements", settings))
        if not is_partitioned:
            await _create_hypertable(connection, table, settings)
            return
        await _refuse_materialized_views(connection, settings)
        await connection.execute(*sql("create_measurements_new", settings))
        await _create_hypertable(connection, f"{table}_new", settings)
        for partition in await connection.fetch(*sql("select_partitions", settings)):
            await connection.execute(sql.text("copy_partition", settings).replace("{partition}", partition["name"]))
        await connection.execute(*sql("swap_measurements", settings))


async def _create_hypertable(connection: Connection, table: str, settings: Settings) -> None:
    await connection.execute(
        *sql("create_hypertable", settings, table_name=table, chunk_days=settings.chunk_days),
    )


async def _refuse_materialized_views(connection: Connection, settings: Settings) -> None:
    """Refuse to drop what only its owner can create again; plain views move to the new table."""
    views = [row["name"] for row in await connection.fetch(*sql("select_materialized_views", settings))]
    if views:
        raise TerminalError(
            f"{', '.join(views)}: materialised views that read {settings.core_schema}.measurements: "
            "drop them, convert, and create them again"
        )
