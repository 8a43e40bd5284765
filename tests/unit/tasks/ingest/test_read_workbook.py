"""Reading every kind of workbook and its limits: tests/faults/test_files.py."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings
from tasks.ingest import read_workbook
from tasks.ingest.read_workbook import SheetGrid, WantedSheets, Workbook, open_sheets, open_workbooks
from tests import files

ROWS: files.Rows = [[None, "title"], [], [None, "a", None, "b"], [None, 1, None, 2.5, 7]]


def sheets(folder: Path, *names: str, rows: files.Rows = ROWS) -> list[SheetGrid]:
    file = folder / "a.xlsx"
    file.write_bytes(files.xlsx(rows, "Лист", also=["Лист 2", "Прочее"]))
    (found,) = open_sheets(file, [names], Settings()).sheets
    return found


def test_sheets_are_found_by_name_by_glob_or_as_the_first(tmp_path: Path) -> None:
    assert [grid.sheet for grid in sheets(tmp_path, "лист*")] == ["Лист", "Лист 2"]
    assert [grid.sheet for grid in sheets(tmp_path, "Прочее")] == ["Прочее"]
    assert [grid.sheet for grid in sheets(tmp_path)] == ["Лист"]


def test_visible_sheets_with_data_that_no_table_names_are_returned_with_their_filled_rows(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(files.xlsx(ROWS, "Лист", also=["Лист 2", "Прочее"]))

    book = open_sheets(file, [("Лист 2",)], Settings())

    assert ([grid.sheet for grid in book.sheets[0]], book.unread) == (["Лист 2"], {"Лист": 3})


def test_sheet_is_a_grid_of_text_with_empty_lines_and_columns(tmp_path: Path) -> None:
    (grid,) = sheets(tmp_path)

    assert list(grid.rows())[2] == [None, "a", None, "b", None]
    assert grid.used_columns(3, 4) == [1, 3, 4]
    (batch,) = grid.batches_below(3, 6)
    assert batch.numbers.to_pylist() == [4]
    assert [column.to_pylist() for column in batch.columns] == [[None], ["1"], [None], ["2.5"], ["7"], [None]]


def test_missing_sheet_is_named_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        sheets(tmp_path, "Архив")

    assert caught.value.problem is FileProblem.SHEET_MISSING
    assert caught.value.data == {"missing": "«Архив»", "sheets": "«Лист», «Лист 2», «Прочее»", "hidden": "—"}


def test_workbook_without_a_visible_sheet_says_which_are_hidden(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    hidden = files.edited(
        files.xlsx(ROWS), "xl/workbook.xml", lambda xml: xml.replace(b"<sheet name", b'<sheet state="hidden" name')
    )
    file.write_bytes(hidden)

    with pytest.raises(FileError) as caught:
        open_sheets(file, [()], Settings())

    assert caught.value.problem is FileProblem.NO_VISIBLE_SHEET
    assert caught.value.data == {"hidden": "«Лист»"}


def test_damage_is_told_with_the_parsers_words_as_data(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(files.zipped({"xl/workbook.xml": b"<workbook>"}))

    with pytest.raises(FileError) as caught:
        open_sheets(file, [()], Settings())

    assert caught.value.problem is FileProblem.DAMAGED
    assert caught.value.data["error"]


def test_parser_that_has_died_is_replaced(tmp_path: Path) -> None:
    sheets(tmp_path)
    process = read_workbook._idle[-1]._process
    assert process
    os.kill(process.pid, 9)
    process.wait()

    assert sheets(tmp_path)
    assert read_workbook._idle[-1]._process is not process


def books(folder: Path, contents: list[bytes]) -> list[WantedSheets]:
    wanted = []
    for number, content in enumerate(contents):
        file = folder / f"{number}.xlsx"
        file.write_bytes(content)
        wanted.append(WantedSheets(file, [()]))
    return wanted


def problems(opened: Iterable[Workbook | FileError]) -> list[str | None]:
    """Return of each workbook why it cannot be read, or its only cell."""
    return [book.problem if isinstance(book, FileError) else next(book.sheets[0][0].rows())[0] for book in opened]


def test_workbook_that_cannot_be_read_leaves_the_others_of_its_call_alone(tmp_path: Path) -> None:
    wanted = books(tmp_path, [files.xlsx([["a"]]), b"PK\3\4broken", files.xlsx([["c"]])])

    assert problems(open_workbooks(wanted, Settings())) == ["a", FileProblem.DAMAGED, "c"]


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        pytest.param({"workbook_memory_mb": 150}, FileProblem.WORKBOOK_TOO_BIG, id="memory"),
        pytest.param({"workbook_timeout_sec": 1}, FileProblem.WORKBOOK_TOO_SLOW, id="time"),
    ],
)
def test_workbook_that_ends_the_parser_takes_only_itself_with_it(
    tmp_path: Path, limits: dict[str, int], problem: FileProblem
) -> None:
    rows = (b"<row>" + b"<c><v>40.5</v></c>" * 40 + b"</row>") * 60_000
    hostile = files.edited(
        files.xlsx([["x"]]),
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData>" + rows + b"</sheetData>", xml),
    )
    wanted = books(tmp_path, [files.xlsx([["a"]]), hostile, files.xlsx([["c"]]), files.xlsx([["d"]])])

    assert problems(open_workbooks(wanted, Settings.model_validate(limits))) == ["a", problem, "c", "d"]


def test_answers_that_nobody_waits_for_are_not_those_of_the_next_question(tmp_path: Path) -> None:
    wanted = books(tmp_path, [files.xlsx([[name]]) for name in "abc"])
    opened = open_workbooks(wanted, Settings())

    first = problems([next(opened)])
    opened.close()

    assert (first, problems(open_workbooks(wanted[2:], Settings()))) == (["a"], ["c"])
