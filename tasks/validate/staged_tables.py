"""The tables of a batch of staged loads, and their raw rows in the spool."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

import pyarrow as pa

from schemas.raw_rows import raw_row_schema
from schemas.settings import Settings
from schemas.table_schema import TableSchema
from tasks.warehouse.connection import Connection
from tasks.warehouse.spool import Spool, StreamWriter, read_stream
from tasks.warehouse.statements import Statements
from tasks.warehouse.storage import LOCAL

sql = Statements(__file__)

_FETCH_CELLS = 400_000


class StagedTable(NamedTuple):
    """One table of a batch of loads; the column `table` of parsed readings is the index into the list of them."""

    load_id: UUID
    source_file: str
    table_num: int
    schema: TableSchema


def table_columns(tables: Sequence[StagedTable], indices: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    """Return what stage and the row errors keep of a row's table, for rows with these table indices."""
    columns = {
        "load_id": pa.array([table.load_id.bytes for table in tables], pa.binary(16)),
        "source_file": pa.array([table.source_file for table in tables], pa.string()),
        "sheet": pa.array([table.schema.sheet for table in tables], pa.string()),
        "table_num": pa.array([table.table_num for table in tables], pa.int16()),
    }
    return {name: values.take(indices) for name, values in columns.items()}


def read_raw_rows(table: StagedTable, spool: Spool) -> Iterator[pa.RecordBatch]:
    """Read the raw rows of a table."""
    return read_stream(spool.raw(table.load_id, table.table_num))


def read_all_raw_rows(tables: Sequence[StagedTable], spool: Spool) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Read the raw rows of all tables, each batch with the index of its table."""
    for index, table in enumerate(tables):
        for batch in read_raw_rows(table, spool):
            yield index, batch


async def restore_raw_rows(connection: Connection, table: StagedTable, spool: Spool, settings: Settings) -> None:
    """Restore a table's raw rows in the spool from stage if they are not on this machine."""
    path = spool.raw(table.load_id, table.table_num)
    if LOCAL.stat(path):
        return
    keys = [column.key for column in table.schema.columns]
    schema = raw_row_schema(keys)
    query, *values = sql("select_raw_rows", settings, load_id=table.load_id, table_num=table.table_num)
    with StreamWriter(path, schema) as writer:
        async with connection.transaction():
            cursor = await connection.cursor(query, *values)
            while rows := await cursor.fetch(_FETCH_CELLS // len(schema) + 1):
                cells = [json.loads(row["payload"]) for row in rows]
                columns = [[row[name] for row in rows] for name in ("row_num", "row_problem")]
                columns += [[row.get(key) for row in cells] for key in keys]
                writer.write(pa.record_batch(columns, schema=schema))
