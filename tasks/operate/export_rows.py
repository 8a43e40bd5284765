"""Write records into a csv or xlsx that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from schemas.errors import TerminalError
from schemas.reasons import ROW_ERRORS

_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n")
# Of an Excel sheet, without the header. A text that is too long for a cell is cut by xlsxwriter.
_MAX_ROWS = 1_048_575


def export_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], path: Path) -> None:
    """Write records as text; a csv has a BOM and `;`, so that Excel opens it directly.

    In a csv, a text that Excel would run as a formula begins with an apostrophe (OWASP, CSV injection).

    Raises:
        TerminalError: the name ends in neither .csv nor .xlsx, a sheet cannot hold that many rows, or the
            file cannot be written.

    """
    lines = [columns, *([row[name] for name in columns] for row in rows)]
    match path.suffix.lower():
        case ".csv":
            with _failing_in_one_line(path):
                _write_csv(lines, path)
        case ".xlsx":
            export_sheets({ROW_ERRORS: lines}, path)
        case _:
            raise TerminalError(f"{path.name}: name the export .csv or .xlsx")


def export_sheets(sheets: Mapping[str, Sequence[Sequence[object]]], path: Path) -> None:
    """Write a workbook of texts: the name of each sheet, and its lines, of which the first stays in view.

    Raises:
        TerminalError: a sheet cannot hold that many lines, or the file cannot be written.

    """
    if (most := max(map(len, sheets.values())) - 1) > _MAX_ROWS:
        raise TerminalError(f"{path.name}: a sheet holds {_MAX_ROWS} rows, these are {most}: export a .csv")
    with _failing_in_one_line(path), xlsxwriter.Workbook(str(path)) as book:
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for row_index, line in enumerate(lines):
                for column_index, value in enumerate(line):
                    sheet.write_string(row_index, column_index, _text(value))


@contextmanager
def _failing_in_one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TerminalError(f"{path} cannot be written: {error.strerror}") from None
    except FileCreateError as error:
        raise TerminalError(f"{path} cannot be written: {error}") from None


def _write_csv(lines: Sequence[Sequence[object]], path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([_escape_formula(_text(value)) for value in line] for line in lines)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _escape_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_PREFIXES) else text
