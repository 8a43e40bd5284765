"""The operators' words for what the report counts."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.meter_kinds import METER_KINDS
from schemas.problems import Step, describe_failed_step
from schemas.reasons import NAMES
from schemas.report import DayState, FileLine, FileStatus, Report, Totals

STATUS: dict[FileStatus, str] = {
    "success": "загружен",
    "partial": "загружен частично",
    "failed": "ошибка",
    "held": "ждёт решения",
    "rolled_back": "откачен",
    "skipped": "пропущен",
    "running": "не закончен",
}

KIND = {name: kind.title for name, kind in METER_KINDS.items()}

_NO_BREAK_SPACES = "\u00a0\u202f"

_DAY_STATE: dict[DayState, str] = {
    "loaded": "Всё загружено",
    "rolled_back": "Есть откаченные загрузки",
    "rejected": "Есть отклонённые показания",
    "errors": "Есть ошибки",
    "empty": "Файлов нет",
}


def reason_in_words(reason: str) -> str:
    """Return the words for a reason, or for several joined by `;`."""
    return "; ".join(NAMES.get(code, code) for code in reason.split(";"))


def describe_day(state: DayState, totals: Totals, failed_steps: Mapping[Step, str] = {}) -> tuple[str, str]:
    """Return the state of a day in words, and the counts and the failed steps that it follows from."""
    if state == "empty":
        return _DAY_STATE[state], "в папке дня не было ни одного файла"
    counts = [
        (totals.failed, f"не загружено файлов: {totals.failed}"),
        (totals.held, f"ждут решения файлов: {totals.held}"),
        (totals.running, f"не закончено файлов: {totals.running}"),
        (totals.rolled_back, f"откачено файлов: {totals.rolled_back}"),
        (totals.rows_rejected, f"отклонено показаний: {number(totals.rows_rejected)}"),
        (totals.rows_suspect, f"под вопросом: {number(totals.rows_suspect)}"),
    ]
    failures = (describe_failed_step(step, why) for step, why in failed_steps.items())
    remarks = "; ".join([*(text for count, text in counts if count), *failures])
    return _DAY_STATE[state], remarks or f"показаний: {number(totals.rows_loaded)}, замечаний нет"


def headline(report: Report) -> str:
    """Return state and counts of the day in one line."""
    return ": ".join(describe_day(report.verdict, report.totals, report.failed_steps))


def table_row(file: FileLine) -> dict[str, str | int]:
    """Return a file as a row of the table in the Prefect UI."""
    return {
        "файл": file.source_file,
        "состояние": STATUS[file.status],
        "прочитано": file.rows_read,
        "загружено": file.rows_loaded,
        "отклонено": file.rows_rejected,
        "под вопросом": file.rows_suspect,
        "повторов": file.rows_duplicate,
        "сообщение": file.message or "",
    }


def number(value: float | None) -> str:
    """Format a number the Russian way: narrow no-break spaces and a decimal comma; a dash for None."""
    if value is None:
        return "—"
    text = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
    return text.replace(",", "\u202f").replace(".", ",")


def visible(text: object) -> str:
    """Escape control and direction characters: file names and codes come from outside."""
    return "".join(
        char if char.isprintable() or char in _NO_BREAK_SPACES else char.encode("unicode_escape").decode()
        for char in str(text)
    )
