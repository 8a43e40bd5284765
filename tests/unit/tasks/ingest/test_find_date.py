from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.table_spec import TableSpec
from tasks.ingest.find_date import find_date, other_date
from tasks.ingest.find_header import Header
from tasks.ingest.grids import Row

ROWS: list[Row] = [["Отчёт", "за март 2024"], ["1", "2"], ["Показания", "на 05.04.25"], [None, "Апрель 2025"], ["V"]]
MONTH = r"(?P<month>[А-я]+) (?P<year>\d{4})"


def spec(date: dict[str, str], **keys: Any) -> TableSpec:
    columns = {"V": {"metric": "consumption_period"}}
    return TableSpec.model_validate(
        {"layout": "day-sheet", "columns": columns, "identity": {"meter": "M"}, "date": date} | keys
    )


def found(date: dict[str, str], begins: int = 3) -> str | None:
    header = Header(begins, 5, 5, [], frozenset(), 5, {})
    day = {"day": "Число"} if "column" in date else {}
    date = {place: regex for place, regex in date.items() if place != "column"}
    path = "2025/Апрель_24-04-13.csv"
    return find_date(spec(date, **day), header, relative_path=path, sheet="май 25", rows=lambda: iter(ROWS))


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ({"file_name": r"(?P<year>\d\d)-(?P<month>\d\d)-(?P<day>\d\d)"}, "2024-04-13"),
        ({"file_name": "^(?P<month>[^_]+)", "path": r"^(?P<year>\d{4})/"}, "2025-04-01"),
        ({"sheet": r"(?P<month>\w+) (?P<year>\d\d)"}, "2025-05-01"),
        ({"cell": "B1", "pattern": MONTH}, "2024-03-01"),
        ({"above": MONTH}, "2025-04-01"),
        ({"above": r"Показания на (?P<day>\d+)\.(?P<month>\d+)\.(?P<year>\d+)"}, "2025-04-05"),
        ({"above": MONTH, "column": "Число"}, "2025-04"),
    ],
)
def test_date_is_found_where_the_mapping_says(date: dict[str, str], expected: str) -> None:
    assert found(date) == expected


def test_lines_of_the_table_come_before_those_of_tables_above() -> None:
    assert (found({"above": MONTH}), found({"above": MONTH}, begins=1)) == ("2025-04-01", "2024-03-01")


@pytest.mark.parametrize(
    ("date", "problem"),
    [
        ({"cell": "Z99", "pattern": MONTH}, FileProblem.DATE_NOT_FOUND),
        ({"above": r"(?P<month>июнь) (?P<year>\d{4})"}, FileProblem.DATE_NOT_FOUND),
        ({"cell": "A1", "pattern": r"(?P<year>О)(?P<month>т)"}, FileProblem.DATE_IMPOSSIBLE),
        ({"cell": "B3", "pattern": r"на (?P<day>\d\d)(?P<month>\.)0(?P<year>\d)"}, FileProblem.DATE_IMPOSSIBLE),
    ],
)
def test_file_without_a_date_there_fails(date: dict[str, str], problem: FileProblem) -> None:
    with pytest.raises(FileError) as caught:
        found(date)

    assert caught.value.problem is problem


def test_table_whose_dates_are_in_columns_needs_none() -> None:
    table = TableSpec.model_validate({"layout": "long"})

    assert find_date(table, Header(1, 1, 1, [], frozenset(), 1, {}), relative_path="", sheet=None, rows=iter) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "is_other"),
    [("Май 2025", True), ("Апрель 2024", True), ("апрель 2025, стр. 2", False), ("Акт 2025", False), ("Всего", False)],
)
def test_line_with_another_month_than_the_tables_is_told(text: str, is_other: bool) -> None:
    assert other_date(spec({"above": MONTH}), "2025-04-01", text) is is_other
    assert other_date(spec({"above": MONTH}, day="Число"), "2025-04", text) is is_other
    assert not other_date(spec({"sheet": MONTH}), "2025-04", text)
