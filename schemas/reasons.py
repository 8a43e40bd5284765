"""Why a reading is rejected or flagged: stable codes, and what the operators read about them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum


class Quality(IntEnum):
    """The outcome of validation: readings with 0 and 1 are merged into core, those with 2 stay in stage."""

    VALID = 0
    SUSPECT = 1
    REJECTED = 2


class Severity(StrEnum):
    """What a row error means."""

    REJECTED = "rejected"
    """Something is not in core, or not as the file has it now."""
    SUSPECT = "suspect"
    """A reading is in core, flagged."""


class Reason(StrEnum):
    """Stable codes; several are joined by `;` in this order."""

    MISSING_COLUMN = "missing_column"
    SURPLUS_CELL = "surplus_cell"
    BAD_QUOTING = "bad_quoting"
    TAB_IN_LINE = "tab_in_line"
    UNDESCRIBED_TABLE = "undescribed_table"
    BAD_TIMESTAMP = "bad_timestamp"
    OFF_GRID = "off_grid"
    INTERVAL_MISMATCH = "interval_mismatch"
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    MISSING_VALUE = "missing_value"
    BAD_NUMBER = "bad_number"
    UNKNOWN_METRIC = "unknown_metric"
    UNKNOWN_UNIT = "unknown_unit"
    UNKNOWN_STATUS = "unknown_status"
    REJECTED_STATUS = "rejected_status"
    NEGATIVE = "negative"
    OUT_OF_RANGE = "out_of_range"
    NO_CODE = "no_code"
    UNMAPPED_CODE = "unmapped_code"
    CONFLICTING_DUPLICATE = "conflicting_duplicate"
    DELTA_T_OUT_OF_NORM = "delta_t_out_of_norm"
    SUSPECT_STATUS = "suspect_status"
    UNREAD_SHEET = "unread_sheet"
    NO_LONGER_IN_FILE = "no_longer_in_file"


OF_WHOLE_LINES = frozenset(
    {
        *(Reason.MISSING_COLUMN, Reason.SURPLUS_CELL, Reason.BAD_QUOTING, Reason.TAB_IN_LINE),
        Reason.UNDESCRIBED_TABLE,
    }
)
"""The cells of such a line are not those of the table's columns: nothing else is said of it."""

OF_FILES = frozenset({Reason.UNREAD_SHEET, Reason.NO_LONGER_IN_FILE})
"""These are no reading's, and no line's: somebody has to look at the file."""

SUSPECT_REASONS = frozenset({Reason.DELTA_T_OUT_OF_NORM, Reason.SUSPECT_STATUS})
"""These flag a reading (quality 1); every other reason of a reading rejects it (quality 2)."""


def severity_of(reason: Reason) -> Severity:
    """Return what a reason means for its reading."""
    return Severity.SUSPECT if reason in SUSPECT_REASONS else Severity.REJECTED


ROW_ERRORS = "Ошибки"
"""Name of the sheet of an export."""

ADVICE: dict[Reason, str] = {
    Reason.MISSING_COLUMN: "строка обрывается раньше нужного столбца: добавьте недостающие ячейки или разделители",
    Reason.SURPLUS_CELL: (
        "заполнена ячейка, над которой нет заголовка: уберите лишний разделитель (например, запятую внутри числа) "
        "или подпишите столбец"
    ),
    Reason.BAD_QUOTING: "кавычка в строке не закрыта: уберите её или закройте",
    Reason.TAB_IN_LINE: (
        "в строке есть табуляция, а столбцы описаны позициями знаков (positions): замените её пробелами"
    ),
    Reason.UNDESCRIBED_TABLE: (
        "строка таблицы, которой нет в описании источника: опишите её (tables, after, until) или уберите из файла"
    ),
    Reason.BAD_TIMESTAMP: (
        "дата, час или интервал не читаются, либо такого времени нет: что именно, сказано у каждой ошибки; исправьте "
        "ячейку (дд.мм.гггг, час 0-1 … 23-24) или описание источника"
    ),
    Reason.OFF_GRID: (
        "время не на границе интервала: исправьте его в файле, stamp, interval_minutes, interval или snap "
        "в описании источника "
        "или interval_minutes прибора в meters.csv"
    ),
    Reason.INTERVAL_MISMATCH: (
        "interval_minutes в описании источника и у прибора в meters.csv различаются: исправьте то, которое неверно"
    ),
    Reason.FORMULA_WITHOUT_VALUE: "формула без сохранённого значения: откройте файл в Excel и сохраните его",
    Reason.MISSING_VALUE: "значение пустое: заполните ячейку или оставьте как пропуск",
    Reason.BAD_NUMBER: "значение не число: исправьте ячейку",
    Reason.UNKNOWN_METRIC: "показатель неизвестен: исправьте название или добавьте его в описание источника",
    Reason.UNKNOWN_UNIT: (
        "единица не подходит к показателю, или ячейка, строка и столбец называют разные: исправьте её в файле или "
        "в описании источника"
    ),
    Reason.UNKNOWN_STATUS: (
        "такого слова о состоянии нет в описании источника: добавьте его в words ключа status "
        '(valid, suspect или rejected; пустая ячейка — "")'
    ),
    Reason.REJECTED_STATUS: "поставщик сам отметил значение как негодное: запросите исправленное",
    Reason.NEGATIVE: "значение меньше нуля: проверьте прибор или ячейку",
    Reason.OUT_OF_RANGE: "значение вне допустимых границ показателя: проверьте прибор или ячейку",
    Reason.NO_CODE: (
        "в строке нет кода: ячейка пуста или не такая, как её описывает identity (pattern): "
        "исправьте её в файле или pattern в описании источника"
    ),
    Reason.UNMAPPED_CODE: (
        "такого кода нет в справочнике, или прибор там в другом здании или ИТП: "
        "исправьте buildings.csv, itp.csv, meters.csv в data/reference (REFERENCE_DIR), "
        "выполните dataops reference load: строка загрузится сама"
    ),
    Reason.CONFLICTING_DUPLICATE: (
        "для этого времени в файле несколько разных значений, или интервалы перекрываются: оставьте одно"
    ),
    Reason.DELTA_T_OUT_OF_NORM: "T1 − T2 вне нормы DELTA_T_MIN…DELTA_T_MAX: проверьте датчики",
    Reason.SUSPECT_STATUS: "поставщик сам отметил значение как сомнительное (расчётное и т. п.): проверьте прибор",
    Reason.UNREAD_SHEET: ("на листе есть данные, но он не читается: опишите его (tables, sheet), если это показания"),
    Reason.NO_LONGER_IN_FILE: (
        "показания есть в прежней версии файла и в core, а в новой версии их нет: если их и не было, откатите прежнюю "
        "загрузку (dataops rollback) или укажите в описании источника replaces: days"
    ),
}
"""What to do about each reason, in the operators' language."""

UNITS_DIFFER = " ≠ "
"""Between units that contradict each other."""


def advice_on_unit(unit: str) -> str:
    """Return what to do about a unit, or about units that contradict each other."""
    if UNITS_DIFFER not in unit:
        return ADVICE[Reason.UNKNOWN_UNIT]
    return (
        f"единицы противоречат друг другу ({unit}: в ячейке или строке и в заголовке столбца или описании источника): "
        "исправьте файл, или unit в описании источника, или уберите оттуда столбец единиц"
    )


NAMES: dict[str, str] = {
    Reason.MISSING_COLUMN: "строка обрывается",
    Reason.SURPLUS_CELL: "ячейка без заголовка",
    Reason.BAD_QUOTING: "кавычка не закрыта",
    Reason.TAB_IN_LINE: "табуляция в строке",
    Reason.UNDESCRIBED_TABLE: "таблица без описания",
    Reason.BAD_TIMESTAMP: "дата или час не читаются",
    Reason.OFF_GRID: "время не на границе интервала",
    Reason.INTERVAL_MISMATCH: "интервалы прибора и источника различаются",
    Reason.FORMULA_WITHOUT_VALUE: "формула без значения",
    Reason.MISSING_VALUE: "пустое значение",
    Reason.BAD_NUMBER: "не число",
    Reason.UNKNOWN_METRIC: "неизвестный показатель",
    Reason.UNKNOWN_UNIT: "единица не подходит",
    Reason.UNKNOWN_STATUS: "неизвестное состояние",
    Reason.REJECTED_STATUS: "поставщик отметил как негодное",
    Reason.NEGATIVE: "меньше нуля",
    Reason.OUT_OF_RANGE: "вне допустимых границ",
    Reason.NO_CODE: "в строке нет кода",
    Reason.UNMAPPED_CODE: "код не найден в справочнике",
    Reason.CONFLICTING_DUPLICATE: "разные значения за один час",
    Reason.DELTA_T_OUT_OF_NORM: "T1 − T2 вне нормы",
    Reason.SUSPECT_STATUS: "поставщик отметил как сомнительное",
    Reason.UNREAD_SHEET: "непрочитанный лист",
    Reason.NO_LONGER_IN_FILE: "нет в новой версии файла",
}
"""What the operators call each reason."""


def count_in_words(counts: Mapping[Reason, int]) -> str:
    """Return reasons with how many readings have each."""
    return ", ".join(f"{NAMES[reason]} {count}" for reason, count in counts.items() if count)
