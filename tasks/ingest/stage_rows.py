"""Write each source row unchanged into stage, and keep the raw rows in the spool while the run lives."""

from __future__ import annotations

import dataclasses
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
from tasks.warehouse.load_log import Run, StagedFile, as_json, finish_staging
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


class FileToStage(NamedTuple):
    """A claimed file, opened with its mapping."""

    load_id: UUID
    source_file: str
    tables: FileTables


async def stage_files(
    connection: Connection,
    files: Sequence[FileToStage],
    run: Run,
    settings: Settings,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Copy every row of some files' tables into stage, all or nothing; returns their number.

    `progress` is told the bytes that are read. The Arrow files of the spool only save reading stage again; validation
    can do without them.
    """
    rows = _RawRows(files, Spool(settings), progress)
    async with connection.transaction():
        await copy_tables(connection, rows, of=_RAW_ROWS, into="raw_rows", schema=settings.stage_schema)
        await connection.execute(*sql("insert_raw_table", settings, tables=as_json(rows.raw_tables())))
        staged = [
            StagedFile(
                file.load_id,
                found.tables,
                raw_rows=found.rows,
                lines=None if file.tables.origin else file.tables.lines,
                source_lines=file.tables.source_lines,
                message=describe_staged(file.tables.notes, found.tables, found.rows),
            )
            for file, found in zip(files, rows.found, strict=True)
        ]
        await finish_staging(connection, staged, run.claim_key, settings)
        await insert_file_errors(connection, {file.load_id: _unread_sheets(file.tables) for file in files}, settings)
    return sum(found.rows for found in rows.found)


def _unread_sheets(tables: FileTables) -> list[FileRowError]:
    return [
        FileRowError(Reason.UNREAD_SHEET, ADVICE[Reason.UNREAD_SHEET], 0, sheet, raw_value=str(count))
        for sheet, count in tables.unread.items()
    ]


@dataclasses.dataclass
class _Found:
    """What has been read of a file."""

    tables: list[TableSchema] = dataclasses.field(default_factory=list)
    rows: int = 0


class _RawRows:
    """The rows of files as stage takes them, counted, and written into the spool on the way."""

    def __init__(self, files: Sequence[FileToStage], spool: Spool, progress: Callable[[int], None]) -> None:
        self._files = files
        self._spool = spool
        self._progress = progress
        self._bytes = 0
        self.found: list[_Found] = []

    def __iter__(self) -> Iterator[pa.Table]:
        for file in self._files:
            found = _Found()
            self.found.append(found)
            load_id = pa.scalar(file.load_id.bytes, pa.binary(16))
            for table_num, table in enumerate(file.tables):
                found.tables.append(table.schema)
                number = pa.scalar(table_num, pa.int16())
                for batch in self._spooled(file.load_id, table_num, table):
                    found.rows += len(batch)
                    ids, numbers = pa.repeat(load_id, len(batch)), pa.repeat(number, len(batch))
                    own = (batch.column(name) for name in ("row_num", ROW_PROBLEM))
                    yield pa.table([ids, numbers, *own, *pack_cells(batch)], schema=_RAW_ROWS)

    def _spooled(self, load_id: UUID, table_num: int, table: RawTable) -> Iterator[pa.RecordBatch]:
        schema = raw_row_schema(column.key for column in table.schema.columns)
        with StreamWriter(self._spool.raw(load_id, table_num), schema) as writer:
            for batch in table.batches:
                writer.write(batch)
                yield batch
                self._bytes += batch.nbytes
                self._progress(self._bytes)

    def raw_tables(self) -> Iterator[dict[str, object]]:
        """Yield what the rows of each table have in common, once all are read."""
        for file, found in zip(self._files, self.found, strict=True):
            for table_num, schema in enumerate(found.tables):
                columns = [column.key for column in schema.columns]
                own = {"source_file": file.source_file, "sheet": schema.sheet, "columns": columns}
                yield {"load_id": file.load_id, "table_num": table_num, **own}


def describe_staged(notes: Sequence[str], tables: Sequence[TableSchema], rows: int) -> str | None:
    """Return what is worth knowing of a file that loads, for the log's message: new columns, lines left out."""
    remarks = [] if rows else [FileRemark.NO_ROWS.value]
    remarks += [note for table in tables for note in table.notes]
    return "; ".join([*remarks, *notes]) or None
