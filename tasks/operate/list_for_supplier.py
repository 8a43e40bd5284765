"""Make a workbook of what is wrong with a supplier's files, with a covering text, in Russian."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from schemas.reasons import ADVICE, NAMES, ROW_ERRORS, Reason, Severity
from schemas.settings import Settings
from tasks.operate.export_rows import export_sheets
from tasks.operate.list_row_errors import ErrorFilter, list_row_errors
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

LETTER, STILL_OPEN, FAILED_FILES = "Письмо", "Не исправлено", "Файлы"
_COLUMNS = {
    "Файл": "source_file",
    "Лист": "sheet",
    "Строка": "row_num",
    "Ячейка": "cell",
    "Столбец": "column_name",
    "Прибор": "meter_code",
    "Показатель": "metric",
    "Значение": "raw_value",
}
_NOT_THEIRS = Reason.UNMAPPED_CODE
"""Our reference tables lack the code."""
_SAME_PLACE = ("source_file", "sheet", "row_num", "column_name", "metric", "reason")


class SupplierList(NamedTuple):
    """What a supplier is to mend, and what came of the list before."""

    source: str
    severity: Severity
    row_errors: list[dict[str, Any]]
    """Open ones (the columns of select_row_errors.sql)."""
    failed_files: list[dict[str, Any]]
    """`source_file` and `message` of those of which nothing could be read."""
    last_listed: dt.datetime | None = None
    still_open: Sequence[dict[str, Any]] = ()
    """Those of `row_errors` that the last list had."""
    corrected: int = 0
    """How many of the last list are open no longer."""


async def collect_for_supplier(
    connection: Connection, source: str, severity: Severity, settings: Settings
) -> SupplierList:
    """Compare the open row errors of a source with its last list: by file, sheet, row, column and reason."""
    errors = await list_row_errors(connection, ErrorFilter(source=source, severity=severity), None, settings)
    row_errors = [row for row in errors if row["reason"] != _NOT_THEIRS]
    query = sql("select_listed_row_errors", settings, source=source, severity=severity, not_theirs=_NOT_THEIRS)
    listed = await connection.fetch(*query)
    places = {_place(row) for row in listed}
    failed = await connection.fetch(*sql("select_failed_files_of_source", settings, source=source))
    return SupplierList(
        source,
        severity,
        row_errors,
        [dict(row) for row in failed],
        max((row["listed_at"] for row in listed), default=None),
        [row for row in row_errors if _place(row) in places],
        len(places - {_place(row) for row in row_errors}),
    )


async def record_list(connection: Connection, made: SupplierList, settings: Settings) -> None:
    """Remember when a list was made: the next one says what of it is still open."""
    await connection.execute(
        *sql(
            "insert_supplier_list",
            settings,
            source=made.source,
            severity=made.severity,
            row_errors=len(made.row_errors),
        )
    )


def write_for_supplier(made: SupplierList, path: Path, today: dt.date) -> None:
    """Write the workbook: the covering text, the row errors, those of the last list, the files that failed.

    Raises:
        TerminalError: a sheet cannot hold that many rows, or the file cannot be written.

    """
    sheets: dict[str, list[Sequence[object]]] = {
        LETTER: [*_letter(made, today)],
        ROW_ERRORS: _lines(made.row_errors),
    }
    if made.still_open:
        sheets[STILL_OPEN] = _lines(made.still_open)
    if made.failed_files:
        sheets[FAILED_FILES] = [
            ("Файл", "Почему не загружен"),
            *((file["source_file"], file["message"]) for file in made.failed_files),
        ]
    export_sheets(sheets, path)


def _letter(made: SupplierList, today: dt.date) -> list[Sequence[object]]:
    lines: list[Sequence[object]] = [
        (f"Замечания к файлам показаний, источник «{made.source}», {today:%d.%m.%Y}",),
        (),
        ("Здравствуйте! Эти показания из ваших файлов загрузить не удалось или они вызывают вопросы.",),
        ("Просим исправить файлы и прислать их ещё раз под теми же именами: верные показания не пострадают.",),
        (f"Каждое место названо на листе «{ROW_ERRORS}»: файл, лист, строка, ячейка и значение.",),
    ]
    if made.failed_files:
        lines.append((f"Не загружено целиком файлов: {len(made.failed_files)}, они на листе «{FAILED_FILES}».",))
    if made.last_listed:
        still_open = f"не исправлено {len(made.still_open)}"
        where = f" (лист «{STILL_OPEN}»)" if made.still_open else ""
        lines.append((f"Из списка от {made.last_listed:%d.%m.%Y}: исправлено {made.corrected}, {still_open}{where}.",))
    counts = Counter(Reason(row["reason"]) for row in made.row_errors)
    lines += [
        (),
        ("Что не так", "Сколько", "Что сделать"),
        *((NAMES[reason], count, ADVICE[reason]) for reason, count in counts.most_common()),
    ]
    return lines


def _lines(rows: Sequence[dict[str, Any]]) -> list[Sequence[object]]:
    return [
        (*_COLUMNS, "Что не так", "Что сделать"),
        *((*(row[name] for name in _COLUMNS.values()), NAMES[Reason(row["reason"])], row["message"]) for row in rows),
    ]


def _place(row: Mapping[str, object] | asyncpg.Record) -> tuple[object, ...]:
    return tuple(row[name] for name in _SAME_PLACE)
