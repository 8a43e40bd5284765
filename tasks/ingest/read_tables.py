"""Read a file of any kind into raw rows of text, as its mapping says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from schemas.errors import FileError
from schemas.mappings import SourceMapping
from schemas.metrics import fold
from schemas.problems import FileProblem
from schemas.settings import Settings
from schemas.table_spec import TableSpec
from tasks.ingest.detect_kind import Kind, kind_of
from tasks.ingest.find_header import bind, codes_of, find_header
from tasks.ingest.read_csv import CsvGrid
from tasks.ingest.read_workbook import open_sheets
from tasks.ingest.table_rows import Filter, Grid, RawTable, Row, batches
from tasks.ingest.unpack_archives import Member, expand, is_archive

__all__ = ["Member", "RawTable", "expand", "is_archive", "peek", "read_tables"]

_LINES_TO_PEEK_AT = 2_000


def read_tables(path: Path, mapping: SourceMapping, *, relative_path: str, settings: Settings) -> Iterator[RawTable]:
    """Read the tables of a file; the content decides how, not the suffix.

    Raises:
        FileError: the file cannot be read or does not fit its mapping; says why and what to do.

    """
    for spec, grid in _grids(path, mapping, settings):
        yield read_table(grid, spec, relative_path=relative_path, settings=settings)


def peek(path: Path, settings: Settings) -> list[tuple[str | None, list[Row]]]:
    """Give the first lines of each visible sheet, or of a csv, without a mapping.

    Raises:
        FileError: the file cannot be read; says why.

    """
    kind = kind_of(path, settings)
    if kind is Kind.WORKBOOK:
        grids: list[Grid] = [*open_sheets(path, [("*",)], settings)[0]]
    elif kind is Kind.TEXT:
        grids = [CsvGrid.open(path, ())]
    else:
        raise FileError(FileProblem.OTHER, text=f"это {kind.value}: такой файл не читается, попросите csv или xlsx")
    return [(grid.sheet, list(islice(grid.rows(), _LINES_TO_PEEK_AT))) for grid in grids]


def _grids(path: Path, mapping: SourceMapping, settings: Settings) -> list[tuple[TableSpec, Grid]]:
    kind = kind_of(path, settings)
    if kind is Kind.EMPTY:
        return []
    if kind is Kind.TEXT:
        grid: Grid = CsvGrid.open(path, mapping.tables)
        return [(spec, grid) for spec in mapping.tables]
    if kind is Kind.WORKBOOK:
        sheets = open_sheets(path, [spec.sheet for spec in mapping.tables], settings)
        return [(spec, sheet) for spec, found in zip(mapping.tables, sheets, strict=True) for sheet in found]
    if kind in {Kind.ZIP, Kind.GZIP}:
        raise FileError(
            FileProblem.OTHER, text=f"это {kind.value} без таблиц или внутри другого архива: распакуйте его"
        )
    raise FileError(FileProblem.OTHER, text=f"это {kind.value}: такой файл не читается, попросите csv или xlsx")


def read_table(grid: Grid, spec: TableSpec, *, relative_path: str, settings: Settings) -> RawTable:
    """Find one table in a grid.

    Raises:
        FileError: the header or a code is missing, or a column is missing or doubled.

    """
    header = find_header(grid.rows(), spec)
    codes = codes_of(spec, relative_path=relative_path, sheet=grid.sheet, rows=grid.rows())
    all_places = grid.places(header.line, len(header.headings))
    headed = {place for place, heading in enumerate(header.headings) if heading.text}
    all_places = sorted({*all_places, *headed})
    layout = bind(header, all_places, spec, sheet=grid.sheet, codes=codes, settings=settings).model_copy(
        update={"epoch": grid.epoch}
    )
    time = next(
        column.heading for column in layout.columns if column.key == (layout.timestamp_column or layout.date_column)
    )
    lines = Filter(header.words, fold(time), fold(spec.until) if spec.until else None)
    if stepped_over := header.ends - header.line:
        layout.skipped["строки единиц и номеров столбцов"] = stepped_over
    width = max(all_places) + 1
    return RawTable(layout, batches(grid.parts(header.ends, width), layout, all_places, lines))
