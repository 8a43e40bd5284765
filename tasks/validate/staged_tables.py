"""The tables of a batch of staged loads, and their raw rows in the spool."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import asyncpg
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


async def restore_raw_rows(
    connection: Connection, tables: Sequence[StagedTable], spool: Spool, settings: Settings
) -> None:
    """Restore the raw rows of tables in the spool from stage where they are not on this machine."""
    missing = {
        (table.load_id, table.table_num): table
        for table in tables
        if LOCAL.stat(spool.raw(table.load_id, table.table_num)) is None
    }
    if not missing:
        return
    width = max(len(table.schema.columns) for table in missing.values())
    query, *values = sql("select_raw_rows", settings, load_ids=[*{load_id for load_id, _ in missing}])
    with _Restorer(spool) as restorer:
        async with connection.transaction():
            cursor = await connection.cursor(query, *values)
            while rows := await cursor.fetch(_FETCH_CELLS // (width + 2) + 1):
                for key, of_table in groupby(rows, key=lambda row: (row["load_id"], row["table_num"])):
                    if key in missing:
                        restorer.write(missing[key], [*of_table])
        for key in missing.keys() - restorer.written:
            restorer.write(missing[key], [])


class _Restorer(ExitStack):
    """Writes the raw rows of one table after the other; the last one stays open for more of it."""

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._spool = spool
        self._table: StagedTable | None = None
        self._writer: StreamWriter | None = None
        self.written: set[tuple[UUID, int]] = set()

    def write(self, table: StagedTable, rows: Sequence[asyncpg.Record]) -> None:
        """Append rows of a table."""
        keys = [column.key for column in table.schema.columns]
        schema = raw_row_schema(keys)
        if table is not self._table or self._writer is None:
            self.close()
            path = self._spool.raw(table.load_id, table.table_num)
            self._table, self._writer = table, self.enter_context(StreamWriter(path, schema))
            self.written.add((table.load_id, table.table_num))
        cells = [json.loads(row["payload"]) for row in rows]
        columns = [[row[name] for row in rows] for name in ("row_num", "row_problem")]
        columns += [[row.get(key) for row in cells] for key in keys]
        self._writer.write(pa.record_batch(columns, schema=schema))
