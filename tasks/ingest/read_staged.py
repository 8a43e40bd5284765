"""Read the rows that stage has of a load by another mapping than its file was read by."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from uuid import UUID

import pyarrow as pa

from schemas.errors import FileError
from schemas.mappings import SourceMapping
from schemas.problems import FileProblem, FileRemark
from schemas.reasons import Reason
from schemas.settings import Settings
from schemas.source_files import day_and_path
from schemas.source_lines import GridLines
from schemas.table_schema import TableSchema
from tasks.ingest.grids import LineBatch, Row, column_index
from tasks.ingest.read_tables import FileTables, read_grids
from tasks.ingest.read_workbook import SheetGrid, SheetInfo
from tasks.warehouse.connection import Connection
from tasks.warehouse.load_log import LogRow, find_staging
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_BATCH_CELLS = 400_000


class StagedGrid:
    """The lines that stage has of a sheet or a csv, at their numbers; other lines are blank."""

    def __init__(
        self, lines: GridLines, batches: list[pa.RecordBatch], width: int, problems: Mapping[int, Reason]
    ) -> None:
        self.sheet = lines.sheet
        self.epoch = lines.epoch
        self.counts_blank_lines = lines.counts_blank_lines
        self._cells = SheetGrid(SheetInfo(lines.sheet or "", visible=True, epoch=lines.epoch), batches, width)
        self._problems = problems

    def rows(self) -> Iterator[Row]:
        """Yield the lines from the top, one by one."""
        return self._cells.rows()

    def used_columns(self, header_line: int, width: int) -> list[int]:
        """Return the indexes of the columns, from 0, that have a heading or any cell below the header."""
        return self._cells.used_columns(header_line, width)

    def batches_below(self, line: int, width: int) -> Iterator[LineBatch]:
        """Yield the lines below a line; what was wrong with their cells still is."""
        for batch in self._cells.batches_below(line, width):
            first, last = batch.numbers[0].as_py(), batch.numbers[-1].as_py()
            own = {number: why for number, why in self._problems.items() if first <= number <= last}
            yield batch._replace(problems=own)


async def open_staged(
    connection: Connection,
    load: LogRow,
    mapping: SourceMapping,
    settings: Settings,
) -> FileTables:
    """Return the tables of a load's rows in stage, as a mapping reads them.

    Raises:
        FileError: stage has not all lines that the mapping could take, or other cells of them.

    """
    staged = await find_staging(connection, load.load_id, settings)
    lines = staged.source_lines
    is_cut_otherwise = lines is not None and lines.cut != mapping.cut
    if lines is None or lines.left_out or is_cut_otherwise or any(table.stated_codes for table in staged.tables):
        raise FileError(FileProblem.NOT_ALL_IN_STAGE)
    grids = [await _open_grid(connection, load.load_id, grid, staged.tables, settings) for grid in lines.grids]
    return read_grids(
        grids,
        mapping,
        relative_path=day_and_path(load.source_file)[1],
        settings=settings,
        origin=FileRemark.FROM_STAGE.format(load_id=load.load_id),
    )


async def _open_grid(
    connection: Connection, load_id: UUID, lines: GridLines, schemas: Sequence[TableSchema], settings: Settings
) -> StagedGrid:
    keys = {
        number: [(column_index(column.letter), column.key) for column in schema.columns]
        for number, schema in enumerate(schemas)
        if schema.sheet == lines.sheet
    }
    widths = [len(row) for row in lines.lines.values()]
    width = max([*widths, *(index + 1 for columns in keys.values() for index, _ in columns)], default=0)
    problems: dict[int, Reason] = {}

    async def rows() -> AsyncIterator[tuple[int, Row]]:
        query = sql("select_staged_lines", settings, load_id=load_id, tables=[*keys])
        async with connection.transaction():
            async for row in connection.cursor(query[0], *query[1:]):
                cells: Row = [None] * width
                payload = json.loads(row["payload"])
                for index, key in keys[row["table_num"]]:
                    cells[index] = payload.get(key)
                if row["row_problem"]:
                    problems[row["row_num"]] = Reason(row["row_problem"])
                yield row["row_num"], cells

    batches = [batch async for batch in _batches(_merged(lines.lines, rows()), width)]
    return StagedGrid(lines, batches, width, problems)


async def _merged(lines: Mapping[int, Row], rows: AsyncIterator[tuple[int, Row]]) -> AsyncIterator[tuple[int, Row]]:
    """Yield lines and rows in the order of their numbers; a row that is a line above a table comes once."""
    waiting = sorted(lines.items(), reverse=True)
    async for number, cells in rows:
        while waiting and waiting[-1][0] < number:
            yield waiting.pop()
        if not (waiting and waiting[-1][0] == number):
            yield number, cells
    while waiting:
        yield waiting.pop()


async def _batches(lines: AsyncIterator[tuple[int, Row]], width: int) -> AsyncIterator[pa.RecordBatch]:
    """Yield lines, from the first, as batches of text columns; those that are not there are blank."""
    schema = pa.schema([(str(index), pa.string()) for index in range(width)])
    waiting: list[Row] = []
    last = 0
    async for number, cells in lines:
        waiting += [[None] * width] * (number - last - 1)
        waiting.append(cells[:width] + [None] * (width - len(cells)))
        last = number
        if len(waiting) * width >= _BATCH_CELLS:
            yield _batch(waiting, schema)
            waiting = []
    if waiting:
        yield _batch(waiting, schema)


def _batch(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
