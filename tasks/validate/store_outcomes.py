"""Write the outcome of a batch of loads into stage and the row errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from schemas.raw_rows import SEPARATOR
from schemas.settings import Settings
from tasks.validate.pack_series import pack_series
from tasks.validate.staged_tables import StagedTable, table_columns
from tasks.warehouse.batches import prefetch
from tasks.warehouse.connection import Connection
from tasks.warehouse.copy import copy_table
from tasks.warehouse.heap import trim_heap_after
from tasks.warehouse.statements import Statements

sql = Statements(__file__)


async def store_series(
    connection: Connection, tables: Sequence[StagedTable], readings: pa.Table, settings: Settings
) -> None:
    """Copy validated readings into stage, rejected ones too."""
    await copy_table(connection, pack_series(tables, readings), into="parsed_series", schema=settings.stage_schema)


async def store_row_errors(
    connection: Connection, tables: Sequence[StagedTable], buckets: Iterator[pa.Table], settings: Settings
) -> None:
    """Insert row errors with their source rows (the columns of `RowErrorBuckets.join`), a bucket at a time."""
    is_created = False
    async for errors in prefetch(buckets):
        trim_heap_after(errors.nbytes)
        await connection.execute(*sql("truncate_row_errors_in" if is_created else "create_row_errors_in", settings))
        is_created = True
        columns = {name: errors.column(name) for name in errors.column_names if name != "table"}
        rows = pa.table(table_columns(tables, errors.column("table")) | columns)
        await copy_table(connection, rows, into="row_errors_in", schema=None)
        await connection.execute(*sql("insert_row_errors", settings, separator=SEPARATOR))
    if is_created:
        await connection.execute(*sql("drop_row_errors_in", settings))
