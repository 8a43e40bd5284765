"""The operators' words for what the report counts."""

from __future__ import annotations

from schemas.reasons import Reason
from schemas.report import FileStatus, Report, Totals, Verdict

STATUS: dict[FileStatus, str] = {
    "success": "загружен",
    "partial": "загружен частично",
    "failed": "ошибка",
    "skipped": "пропущен",
    "running": "не закончен",
}

KIND = {"cold_water": "ХВС", "hot_water": "ГВС", "heat": "тепло"}

REASON: dict[str, str] = {
    Reason.MISSING_COLUMN: "нет ячейки",
    Reason.BAD_TIMESTAMP: "дата или час не читаются",
    Reason.FORMULA_WITHOUT_VALUE: "формула без значения",
    Reason.MISSING_VALUE: "пустое значение",
    Reason.BAD_NUMBER: "не число",
    Reason.UNKNOWN_METRIC: "неизвестный показатель",
    Reason.UNKNOWN_UNIT: "единица не подходит",
    Reason.NEGATIVE: "меньше нуля",
    Reason.OUT_OF_RANGE: "вне допустимых границ",
    Reason.UNMAPPED_CODE: "код не найден в справочнике",
    Reason.CONFLICTING_DUPLICATE: "разные значения за один час",
    Reason.DELTA_T_OUT_OF_NORM: "T1 − T2 вне нормы",
}

_NO_BREAK_SPACES = "\u00a0\u202f"

_VERDICT: dict[Verdict, str] = {
    "loaded": "Всё загружено",
    "rejected": "Есть отклонённые показания",
    "errors": "Есть ошибки",
    "empty": "Файлов нет",
}


def reason_in_words(reason: str) -> str:
    """Give a reason, or several joined by `;`, in words."""
    return "; ".join(REASON.get(code, code) for code in reason.split(";"))


def verdict_in_words(verdict: Verdict, totals: Totals) -> tuple[str, str]:
    """Give the verdict and a sentence that says what it rests on."""
    parts = [
        (totals.failed, f"не загружено файлов: {totals.failed}"),
        (totals.running, f"не закончено файлов: {totals.running}"),
        (totals.rows_rejected, f"отклонено показаний: {number(totals.rows_rejected)}"),
        (totals.rows_suspect, f"под вопросом: {number(totals.rows_suspect)}"),
    ]
    found = [text for count, text in parts if count]
    if verdict == "empty":
        return _VERDICT[verdict], "в папке дня не было ни одного файла"
    return _VERDICT[verdict], "; ".join(found) or f"показаний: {number(totals.rows_loaded)}, замечаний нет"


def headline(report: Report) -> str:
    """Give verdict and counts in one line."""
    return ": ".join(verdict_in_words(report.verdict, report.totals))


def number(value: float | None) -> str:
    """Write a number as Russians do: narrow no-break spaces and a decimal comma; a dash for None."""
    if value is None:
        return "—"
    text = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
    return text.replace(",", "\u202f").replace(".", ",")


def visible(text: object) -> str:
    """Escape control and direction characters: names of files and codes are other people's words."""
    return "".join(
        char if char.isprintable() or char in _NO_BREAK_SPACES else char.encode("unicode_escape").decode()
        for char in str(text)
    )
