"""Load buildings, ITPs and meters from three csv files into core: all of it, or a list of what is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
from pydantic import BaseModel

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.warehouse.connection import fetch_one
from tasks.warehouse.copy import copy_table
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    import asyncpg

sql = Statements(__file__)

_COLUMNS: dict[str, tuple[str, ...]] = {
    "buildings": ("external_code", "address", "district_id"),
    "itp": ("external_code", "building_code"),
    "meters": ("external_code", "itp_code", "kind", "interval_minutes"),
}
_PARENT = {"itp": ("building_code", "buildings"), "meters": ("itp_code", "itp")}
_MAY_BE_EMPTY = {"address", "district_id"}
_KINDS = ("cold_water", "hot_water", "heat")
_MOST_MINUTES = 1440
_MOST_TO_SHOW = 200


class ReferenceFilesError(TerminalError):
    """The reference files are wrong; `errors` names file, line, column, value and what to do for each."""

    def __init__(self, errors: Sequence[str]) -> None:
        self.errors = list(errors)
        shown = self.errors[:_MOST_TO_SHOW]
        more = len(self.errors) - len(shown)
        rest = [f"… и ещё {more}"] if more else []
        super().__init__("\n".join([f"справочник не загружен, ошибок: {len(self.errors)}", *shown, *rest]))


class TableCounts(BaseModel):
    """Rows of one reference table."""

    inserted: int
    updated: int
    unchanged: int

    @property
    def total(self) -> int:
        """Rows of the file."""
        return self.inserted + self.updated + self.unchanged


class ReferenceCounts(BaseModel):
    """What a load of the reference data did."""

    buildings: TableCounts
    itp: TableCounts
    meters: TableCounts


class _Line(NamedTuple):
    number: int
    cells: dict[str, str]


Reference = Mapping[str, Sequence[_Line]]
"""Table (`buildings`, `itp`, `meters`) → its checked lines."""


def read_reference(folder: Path) -> Reference:
    """Read and check the three csv files; whether a parent's code exists may be for the database to say.

    Raises:
        ReferenceFilesError: files are missing or wrong; all errors of all files are listed.

    """
    errors: list[str] = []
    lines: dict[str, list[_Line]] = {}
    for table in _COLUMNS:
        try:
            lines[table] = list(_read(folder / f"{table}.csv", table))
        except ReferenceFilesError as error:
            errors += error.errors
            continue
        errors += _check(lines[table], table)
    if errors:
        raise ReferenceFilesError(errors)
    return lines


def _read(path: Path, table: str) -> Iterator[_Line]:
    text = _text(path)
    header, _, _ = text.partition("\n")
    # A Russian Excel saves csv with semicolons.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    try:
        names = [name.strip() for name in next(rows, [])]
        if sorted(names) != sorted(_COLUMNS[table]):
            found, wanted = ", ".join(names), ", ".join(_COLUMNS[table])
            raise ReferenceFilesError([f"{path.name}, строка 1: столбцы {found!r}: нужны {wanted}"])
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            place = f"{path.name}, строка {rows.line_num}"
            if len(cells) != len(names):
                found = f"{len(cells)} ячеек вместо {len(names)}"
                raise ReferenceFilesError([f"{place}: {found}: проверьте запятые и кавычки"])
            yield _Line(rows.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=True)))
    except csv.Error as error:
        place = f"{path.name}, строка {rows.line_num}"
        raise ReferenceFilesError([f"{place}: не csv ({error}): проверьте кавычки"]) from None


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ReferenceFilesError([f"{path.name}: файл не читается ({error.strerror}): нужен {path}"]) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ReferenceFilesError(
            [f"{path.name}, строка {line}: байт {error.start} не UTF-8: сохраните файл в кодировке UTF-8"]
        ) from None


def _check(lines: Sequence[_Line], table: str) -> Iterator[str]:
    first_line: dict[str, int] = {}
    for line in lines:
        place = f"{table}.csv, строка {line.number}"
        for column, value in line.cells.items():
            if problem := _problem(column, value):
                yield f"{place}, столбец {column}, значение {value!r}: {problem}"
        code = line.cells["external_code"]
        if code and code in first_line:
            yield (
                f"{place}, столбец external_code, значение {code!r}: "
                f"код уже есть в строке {first_line[code]}: оставьте одну"
            )
        first_line.setdefault(code, line.number)


def _problem(column: str, value: str) -> str | None:
    if not value:
        return None if column in _MAY_BE_EMPTY else "пусто: заполните ячейку"
    if not value.isprintable():
        return "непечатаемые знаки: удалите их"
    if column == "kind" and value not in _KINDS:
        return f"допустимы {', '.join(_KINDS)}"
    if column == "interval_minutes" and not (
        value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= _MOST_MINUTES
    ):
        return f"нужно целое число минут от 1 до {_MOST_MINUTES}"
    return None


async def load_reference(connection: asyncpg.Connection, reference: Reference, settings: Settings) -> ReferenceCounts:
    """Upsert the reference data by external_code in one transaction; codes that the files lack stay.

    Raises:
        ReferenceFilesError: a row names a building or ITP that neither the files nor core know.

    """
    async with connection.transaction():
        await connection.execute(sql.text("create_reference_in", settings))
        for table, lines in reference.items():
            await copy_table(connection, _arrow(table, lines), into=f"reference_{table}", schema=None)
        unknown = await connection.fetch(sql.text("find_unknown_parents", settings))
        if unknown:
            raise ReferenceFilesError(_name_unknown(reference, [tuple(row) for row in unknown]))
        counts = {table: await fetch_one(connection, sql.text(f"upsert_{table}", settings)) for table in reference}
    return ReferenceCounts.model_validate({table: dict(row) for table, row in counts.items()})


def _arrow(table: str, lines: Sequence[_Line]) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for name in _COLUMNS[table]:
        texts = pa.array([line.cells[name] or None for line in lines], pa.string())
        columns[name] = texts.cast(pa.int32()) if name == "interval_minutes" else texts
    return pa.table(columns)


def _name_unknown(reference: Reference, unknown: Sequence[tuple[str, str, str]]) -> list[str]:
    numbers = {table: {line.cells["external_code"]: line.number for line in reference[table]} for table in _PARENT}
    found = []
    for table, code, parent in unknown:
        column, parent_file = _PARENT[table]
        found.append(
            f"{table}.csv, строка {numbers[table][code]}, столбец {column}, значение {parent!r}: "
            f"такого кода нет: добавьте его в {parent_file}.csv или исправьте"
        )
    return sorted(found)
