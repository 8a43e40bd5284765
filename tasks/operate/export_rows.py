"""Write records into a csv or xlsx that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
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
    texts = [["" if row[name] is None else str(row[name]) for name in columns] for row in rows]
    try:
        match path.suffix.lower():
            case ".csv":
                _write_csv(columns, texts, path)
            case ".xlsx":
                _write_xlsx(columns, texts, path)
            case _:
                raise TerminalError(f"{path.name}: name the export .csv or .xlsx")
    except OSError as error:
        raise TerminalError(f"{path} cannot be written: {error.strerror}") from None
    except FileCreateError as error:
        raise TerminalError(f"{path} cannot be written: {error}") from None


def _write_csv(columns: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(columns)
        writer.writerows([_escape_formula(text) for text in row] for row in rows)


def _escape_formula(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_PREFIXES) else text


def _write_xlsx(columns: Sequence[str], rows: Sequence[Sequence[str]], path: Path) -> None:
    if len(rows) > _MAX_ROWS:
        raise TerminalError(f"{path.name}: a sheet holds {_MAX_ROWS} rows, these are {len(rows)}: export a .csv")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet(ROW_ERRORS)
        sheet.freeze_panes(1, 0)
        for row_index, row in enumerate([columns, *rows]):
            for column_index, text in enumerate(row):
                sheet.write_string(row_index, column_index, text)
