"""Write records into a csv or xlsx that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from schemas.errors import TerminalError

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# Excel takes no longer text into one cell.
_MOST_CHARACTERS = 32_767
_MOST_ROWS = 1_048_575


def export_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], path: Path) -> None:
    """Write records as text; a csv has a BOM and `;`, so that Excel opens it as it is.

    In a csv a text that Excel would take for a formula begins with an apostrophe (OWASP, CSV injection).

    Raises:
        TerminalError: the name ends in neither .csv nor .xlsx, a sheet cannot hold so many rows, or the
            file cannot be written.

    """
    try:
        _write(rows, columns, path)
    except (OSError, FileCreateError) as error:
        raise TerminalError(f"{path}: cannot be written: {error}") from None


def _write(rows: Sequence[dict[str, Any]], columns: Sequence[str], path: Path) -> None:
    texts = [["" if row[name] is None else str(row[name]) for name in columns] for row in rows]
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(
                [list(columns), *([_inert(text) for text in row] for row in texts)]
            )
    elif path.suffix.lower() == ".xlsx":
        if len(rows) > _MOST_ROWS:
            raise TerminalError(f"{path.name}: a sheet holds {_MOST_ROWS} rows, these are {len(rows)}: export a .csv")
        _write_xlsx([list(columns), *texts], path)
    else:
        raise TerminalError(f"{path.name}: name the export .csv or .xlsx")


def _inert(text: str) -> str:
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def _write_xlsx(rows: Sequence[Sequence[str]], path: Path) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("Ошибки")
        page.freeze_panes(1, 0)
        for number, row in enumerate(rows):
            for place, text in enumerate(row):
                page.write_string(number, place, text[:_MOST_CHARACTERS])
