"""Read a file of any kind into raw rows of text, as its mapping says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from schemas.errors import FileError
from schemas.mappings import SourceMapping
from schemas.metrics import fold
from schemas.problems import FileProblem, Kind, SkippedLines
from schemas.settings import Settings
from schemas.table_schema import TableSchema
from schemas.table_spec import TableSpec
from tasks.ingest.bind_columns import bind
from tasks.ingest.detect_kind import kind_of
from tasks.ingest.filter_rows import RowFilter
from tasks.ingest.find_codes import find_codes
from tasks.ingest.find_header import Header, find_header
from tasks.ingest.read_csv import CsvGrid
from tasks.ingest.read_workbook import open_sheets
from tasks.ingest.table_rows import Grid, RawTable, Row, raw_batches

_MAX_LINES_PEEKED = 2_000


def read_tables(path: Path, mapping: SourceMapping, *, relative_path: str, settings: Settings) -> Iterator[RawTable]:
    """Yield the tables of a file; the content decides how it is read, not the suffix.

    Raises:
        FileError: the file cannot be read or does not fit its mapping; says why and what to do.

    """
    for spec, grid in _open_grids(path, mapping, settings):
        yield read_table(grid, spec, relative_path=relative_path, settings=settings)


def peek(path: Path, settings: Settings) -> list[tuple[str | None, list[Row]]]:
    """Return the first lines of each visible sheet, or of a csv, without a mapping.

    Raises:
        FileError: the file cannot be read; says why.

    """
    kind = kind_of(path, settings)
    if kind is Kind.WORKBOOK:
        grids: list[Grid] = [*open_sheets(path, [("*",)], settings)[0]]
    elif kind is Kind.TEXT:
        grids = [CsvGrid.open(path, ())]
    else:
        raise FileError(FileProblem.WRONG_KIND, kind=kind)
    return [(grid.sheet, list(islice(grid.rows(), _MAX_LINES_PEEKED))) for grid in grids]


def _open_grids(path: Path, mapping: SourceMapping, settings: Settings) -> list[tuple[TableSpec, Grid]]:
    kind = kind_of(path, settings)
    if kind is Kind.EMPTY:
        return []
    if kind is Kind.TEXT:
        grid: Grid = CsvGrid.open(path, mapping.tables)
        return [(spec, grid) for spec in mapping.tables]
    if kind is Kind.WORKBOOK:
        sheets = open_sheets(path, [spec.sheet for spec in mapping.tables], settings)
        return [(spec, sheet) for spec, own_sheets in zip(mapping.tables, sheets, strict=True) for sheet in own_sheets]
    if kind in {Kind.ZIP, Kind.GZIP}:
        raise FileError(FileProblem.ARCHIVE_WITHOUT_TABLES, kind=kind)
    raise FileError(FileProblem.WRONG_KIND, kind=kind)


def read_table(grid: Grid, spec: TableSpec, *, relative_path: str, settings: Settings) -> RawTable:
    """Find one table in a grid.

    Raises:
        FileError: the header or a code is missing, or a column is missing or doubled.

    """
    header = find_header(grid.rows(), spec)
    codes = find_codes(spec, relative_path=relative_path, sheet=grid.sheet, rows=grid.rows())
    indexes = _column_indexes(grid, header)
    schema = bind(header, indexes, spec, sheet=grid.sheet, codes=codes, settings=settings).model_copy(
        update={"epoch": grid.epoch}
    )
    if header.ends > header.line:
        schema.skipped[SkippedLines.UNITS.value] = header.ends - header.line
    lines = grid.batches_below(header.ends, max(indexes) + 1)
    return RawTable(schema, raw_batches(lines, schema, indexes, _row_filter(header, schema, spec)))


def _column_indexes(grid: Grid, header: Header) -> list[int]:
    used = grid.used_columns(header.line, len(header.headings))
    return sorted({*used, *(index for index, heading in enumerate(header.headings) if heading.text)})


def _row_filter(header: Header, schema: TableSchema, spec: TableSpec) -> RowFilter:
    time_key = schema.timestamp_column or schema.date_column
    time_heading = next(column.heading for column in schema.columns if column.key == time_key)
    return RowFilter(header.words, fold(time_heading), fold(spec.until) if spec.until else None)
