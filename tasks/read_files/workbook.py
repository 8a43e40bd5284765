"""Read a sheet of a workbook (xlsx, xlsm, xlsb, xls, ods) with calamine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from schemas.errors import FileError
from schemas.layouts import TableLayout
from schemas.mappings import SourceMapping
from schemas.settings import Settings
from tasks.read_files.header import bind, find_header
from tasks.read_files.rows import RawTable, leave_out_lines, row_schema

_BATCH_ROWS = 50_000


def read_workbook(path: Path, mapping: SourceMapping, *, relative_path: str, settings: Settings) -> RawTable:
    """Read the mapped sheet; macros never run, links are never followed.

    Raises:
        FileError: the workbook is damaged, the sheet is missing, or the header does not fit.

    """
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            sheet = _sheet(book, mapping)
            # Rows above and left of the data are kept: row numbers are those that Excel shows.
            cells = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as error:
        raise FileError(f"книга не читается ({error}): она повреждена, запросите её ещё раз") from None
    rows = [[text_of(cell) for cell in row] for row in cells]
    header = find_header(rows, mapping)
    layout = bind(
        header,
        mapping,
        sheet=sheet,
        relative_path=relative_path,
        cell=lambda name: _cell(rows, name),
        settings=settings,
    )
    return RawTable(layout, _batches(rows, layout))


def _sheet(book: CalamineWorkbook, mapping: SourceMapping) -> str:
    sheets = [sheet for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    if mapping.sheet is not None:
        wanted = mapping.sheet.strip().casefold()
        found = [sheet.name for sheet in sheets if sheet.name.strip().casefold() == wanted]
    else:
        found = [sheet.name for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
    if not found:
        names = ", ".join(f"«{sheet.name}»" for sheet in sheets)
        raise FileError(f"нет листа «{mapping.sheet or 'видимый лист'}»; в книге есть: {names}")
    return found[0]


def text_of(cell: object) -> str | None:
    """Write a cell as text, so that nothing of it is lost; None if it is empty."""
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, dt.timedelta):
        hours, rest = divmod(int(cell.total_seconds()), 3600)
        return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
    return None if cell is None else repr(cell)


def _cell(rows: Sequence[Sequence[str | None]], name: str) -> str | None:
    letters = name.rstrip("0123456789")
    row = int(name.removeprefix(letters)) - 1
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return rows[row][column - 1] if row < len(rows) and column <= len(rows[row]) else None


def _batches(rows: Sequence[Sequence[str | None]], layout: TableLayout) -> Iterator[pa.RecordBatch]:
    schema, width = row_schema(layout), len(layout.columns)
    for start in range(layout.header_row, len(rows), _BATCH_ROWS):
        part = rows[start : start + _BATCH_ROWS]
        columns = [[row[place] if place < len(row) else None for row in part] for place in range(width)]
        numbers = range(start + 1, start + 1 + len(part))
        arrays = [pa.array(numbers, pa.int32()), *(pa.array(column, pa.string()) for column in columns)]
        yield leave_out_lines(pa.RecordBatch.from_arrays(arrays, schema=schema), layout)
