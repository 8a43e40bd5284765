"""Write each source row unchanged into stage, and keep the raw rows in the spool while the run lives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

import pyarrow as pa

from schemas.problems import FileRemark
from schemas.raw_rows import ROW_PROBLEM, raw_row_schema
from schemas.reasons import ADVICE, Reason
from schemas.settings import Settings
from schemas.table_schema import TableSchema
from tasks.ingest.read_tables import FileTables, RawTable
from tasks.warehouse.connection import Connection
from tasks.warehouse.copy import copy_tables
from tasks.warehouse.file_errors import FileRowError, insert_file_errors
from tasks.warehouse.load_log import Run, finish_staging
from tasks.warehouse.raw_cells import pack_cells
from tasks.warehouse.spool import Spool, StreamWriter
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_RAW_ROWS = pa.schema(
    [
        ("load_id", pa.binary(16)),
        ("table_num", pa.int16()),
        ("row_num", pa.int32()),
        (ROW_PROBLEM, pa.string()),
        ("cells", pa.string()),
        ("payload", pa.string()),
    ]
)


class Staged(NamedTuple):
    """What was staged of a file."""

    raw_rows: int
    tables: list[TableSchema]


async def stage_tables(
    connection: Connection,
    load_id: UUID,
    source_file: str,
    tables: FileTables,
    run: Run,
    settings: Settings,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Staged:
    """Copy every row of a file's tables into stage, all or nothing; `progress` is told the bytes that are read.

    The Arrow files of the spool only save reading stage again; validation can do without them.
    """
    staged: list[TableSchema] = []
    rows = done = 0

    def watch(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        nonlocal done
        for batch in batches:
            yield batch
            done += batch.nbytes
            progress(done)

    async with connection.transaction():
        for table_num, table in enumerate(tables):
            await connection.execute(
                *sql(
                    "insert_raw_table",
                    settings,
                    load_id=load_id,
                    table_num=table_num,
                    source_file=source_file,
                    sheet=table.schema.sheet,
                    columns=[column.key for column in table.schema.columns],
                )
            )
            watched = table._replace(batches=watch(table.batches))
            rows += await _copy_rows(connection, load_id, table_num, watched, settings)
            staged.append(table.schema)
        await finish_staging(
            connection,
            load_id,
            staged,
            run.claim_key,
            settings,
            raw_rows=rows,
            lines=None if tables.origin else tables.lines,
            source_lines=tables.source_lines,
            message=describe_staged(tables.notes, staged, rows),
        )
        unread = [
            FileRowError(Reason.UNREAD_SHEET, ADVICE[Reason.UNREAD_SHEET], 0, sheet, raw_value=str(count))
            for sheet, count in tables.unread.items()
        ]
        await insert_file_errors(connection, load_id, unread, settings)
    return Staged(rows, staged)


async def _copy_rows(connection: Connection, load_id: UUID, table_num: int, table: RawTable, settings: Settings) -> int:
    arrow_schema = raw_row_schema(column.key for column in table.schema.columns)
    with StreamWriter(Spool(settings).raw(load_id, table_num), arrow_schema) as writer:
        rows = _RawRows(load_id, table_num, table.batches, writer)
        await copy_tables(connection, rows, of=_RAW_ROWS, into="raw_rows", schema=settings.stage_schema)
    return rows.count


class _RawRows:
    """The rows of a table as stage takes them, counted, and written into the spool on the way."""

    def __init__(self, load_id: UUID, table_num: int, batches: Iterator[pa.RecordBatch], writer: StreamWriter) -> None:
        self._load_id = pa.scalar(load_id.bytes, pa.binary(16))
        self._table_num = pa.scalar(table_num, pa.int16())
        self._batches = batches
        self._writer = writer
        self.count = 0

    def __iter__(self) -> Iterator[pa.Table]:
        for batch in self._batches:
            self._writer.write(batch)
            self.count += len(batch)
            ids, numbers = pa.repeat(self._load_id, len(batch)), pa.repeat(self._table_num, len(batch))
            own = (batch.column(name) for name in ("row_num", ROW_PROBLEM))
            yield pa.table([ids, numbers, *own, *pack_cells(batch)], schema=_RAW_ROWS)


def describe_staged(notes: Sequence[str], tables: Sequence[TableSchema], rows: int) -> str | None:
    """Return what is worth knowing of a file that loads, for the log's message: new columns, lines left out."""
    remarks = [] if rows else [FileRemark.NO_ROWS.value]
    remarks += [note for table in tables for note in table.notes]
    return "; ".join([*remarks, *notes]) or None
