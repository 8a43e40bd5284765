"""The three csv files of reference data: their columns, what a cell may hold, and the operators' words for errors."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from schemas.meter_kinds import METER_KINDS

COLUMNS: dict[str, tuple[str, ...]] = {
    "buildings": ("external_code", "address", "district_id"),
    "itp": ("external_code", "building_code"),
    "meters": ("external_code", "itp_code", "kind", "interval_minutes"),
}
"""Table of core → the columns of its file, in any order."""
DATED_COLUMNS: dict[str, tuple[str, ...]] = {
    "buildings": ("since",),
    "itp": (),
    "meters": ("installed", "removed", "register_digits", "register_step"),
}
"""Table → the columns that its file may have besides: with them, a code may have several lines."""
PARENTS = {"itp": ("building_code", "buildings"), "meters": ("itp_code", "itp")}
"""Table → the column that refers to another table, and that table."""
ALL_DATED_COLUMNS = frozenset().union(*DATED_COLUMNS.values())
OPTIONAL_COLUMNS = frozenset({"address", "district_id"}) | ALL_DATED_COLUMNS
INTERVAL_MINUTES = frozenset(n for n in range(1, 1441) if 60 % n == 0 or (n % 60 == 0 and 1440 % n == 0))
"""Parts of an hour, and whole hours that are parts of a day: others lie in two hours or two days at once."""


MAX_REGISTER_DIGITS = 15
"""A float knows no more of them."""


class ReferenceProblem(StrEnum):
    """What may be wrong with a file, a line or a cell of the reference data."""

    NOT_READABLE = "not_readable"
    NOT_UTF8 = "not_utf8"
    NOT_CSV = "not_csv"
    WRONG_COLUMNS = "wrong_columns"
    WRONG_WIDTH = "wrong_width"
    EMPTY = "empty"
    NOT_PRINTABLE = "not_printable"
    UNKNOWN_KIND = "unknown_kind"
    BAD_INTERVAL = "bad_interval"
    DUPLICATE_CODE = "duplicate_code"
    UNKNOWN_PARENT = "unknown_parent"
    BAD_DATE = "bad_date"
    BAD_DIGITS = "bad_digits"
    BAD_STEP = "bad_step"
    ENDS_BEFORE_IT_BEGINS = "ends_before_it_begins"
    OVERLAPS = "overlaps"
    DIFFERENT_METER = "different_meter"
    FIRST_IS_DATED = "first_is_dated"


_TEMPLATES: dict[ReferenceProblem, str] = {
    ReferenceProblem.NOT_READABLE: "файл не читается: нужен {path}\n{why}",
    ReferenceProblem.NOT_UTF8: "байт {offset} не UTF-8: сохраните файл в кодировке UTF-8",
    ReferenceProblem.NOT_CSV: "не csv: проверьте кавычки\n{why}",
    ReferenceProblem.WRONG_COLUMNS: "столбцы {actual!r}: нужны {expected}",
    ReferenceProblem.WRONG_WIDTH: "{actual} ячеек вместо {expected}: проверьте запятые и кавычки",
    ReferenceProblem.EMPTY: "пусто: заполните ячейку",
    ReferenceProblem.NOT_PRINTABLE: "непечатаемые знаки: удалите их",
    ReferenceProblem.UNKNOWN_KIND: f"допустимы {', '.join(METER_KINDS)}",
    ReferenceProblem.BAD_INTERVAL: f"допустимы {', '.join(map(str, sorted(INTERVAL_MINUTES)))} (минут)",
    ReferenceProblem.DUPLICATE_CODE: "код уже есть в строке {first_line}: оставьте одну",
    ReferenceProblem.BAD_DATE: "не дата и не время: напишите, например, 2025-04-10 или 10.04.2025 13:30",
    ReferenceProblem.BAD_DIGITS: f"число разрядов до запятой, от 1 до {MAX_REGISTER_DIGITS}",
    ReferenceProblem.BAD_STEP: "шаг показаний, число больше нуля, например 0.001",
    ReferenceProblem.ENDS_BEFORE_IT_BEGINS: "снят не позже, чем установлен ({installed}): исправьте одно из двух",
    ReferenceProblem.OVERLAPS: "в строке {first_line} прибор ещё на месте: исправьте installed или removed",
    ReferenceProblem.DIFFERENT_METER: "в строке {first_line} у этого кода {other!r}: у прибора одно значение",
    ReferenceProblem.FIRST_IS_DATED: "одна строка здания, первая, без since: район до этой даты иначе неизвестен",
    ReferenceProblem.UNKNOWN_PARENT: "такого кода нет: добавьте его в {parent_table}.csv или исправьте",
}


NOT_LOADED = "справочник не загружен, ошибок: {count}"
AND_MORE = "… и ещё {more}"


class Cell(NamedTuple):
    """A cell of a reference file."""

    column: str
    value: str


class ReferenceMistake(NamedTuple):
    """One error in the reference files: where it is, and what to do about it; its text is a line for the operators."""

    file: str
    problem: ReferenceProblem
    data: Mapping[str, object] = {}
    line: int | None = None
    cell: Cell | None = None

    def __str__(self) -> str:
        where = [self.file]
        if self.line is not None:
            where.append(f"строка {self.line}")
        if self.cell is not None:
            where += [f"столбец {self.cell.column}", f"значение {self.cell.value!r}"]
        return f"{', '.join(where)}: {_TEMPLATES[self.problem].format(**self.data)}"
