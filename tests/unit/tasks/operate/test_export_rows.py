from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from schemas.errors import TerminalError
from tasks.operate import export_rows as module
from tasks.operate.export_rows import export_rows

ROWS: list[dict[str, Any]] = [{"cell": "C5", "value": "=1+1"}, {"cell": None, "value": "плюс"}]
COLUMNS = ("value", "cell")


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";"))


def test_csv_opens_in_excel_and_runs_no_formula(tmp_path: Path) -> None:
    export_rows(ROWS, COLUMNS, tmp_path / "errors.csv")

    assert (tmp_path / "errors.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert read_csv(tmp_path / "errors.csv") == [["value", "cell"], ["'=1+1", "C5"], ["плюс", ""]]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx"])
def test_every_beginning_of_a_formula_is_escaped_in_a_csv(tmp_path: Path, text: str) -> None:
    export_rows([{"value": text}], ["value"], tmp_path / "errors.CSV")

    assert read_csv(tmp_path / "errors.CSV")[1] == [f"'{text}"]


def test_xlsx_holds_texts_as_they_are_and_cuts_what_a_cell_cannot_hold(tmp_path: Path) -> None:
    export_rows([*ROWS, {"cell": "", "value": "x" * 40_000}], COLUMNS, tmp_path / "errors.xlsx")

    rows = CalamineWorkbook.from_path(str(tmp_path / "errors.xlsx")).get_sheet_by_name("Ошибки").to_python()
    assert rows[:3] == [["value", "cell"], ["=1+1", "C5"], ["плюс", ""]]
    assert len(str(rows[3][0])) == 32_767


def test_more_rows_than_a_sheet_holds_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_ROWS", 1)

    with pytest.raises(TerminalError, match="a sheet holds 1 rows, these are 2"):
        export_rows(ROWS, COLUMNS, tmp_path / "errors.xlsx")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [("errors.txt", "name the export .csv or .xlsx"), ("gone/e.csv", "cannot be"), ("gone/e.xlsx", "cannot be")],
)
def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(TerminalError, match=message):
        export_rows(ROWS, COLUMNS, tmp_path / name)
