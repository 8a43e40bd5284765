from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.ingest import parse_workbook
from tests import files


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (60.0, "60.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (True, "TRUE"),
        ("a\0b", "a�b"),
        ("", None),
        (None, None),
        (dt.date(2025, 4, 1), "2025-04-01"),
        (dt.datetime(2025, 4, 1, 1, 59, 59, 997_000), "2025-04-01T02:00:00"),  # noqa: DTZ001
        (dt.datetime(2025, 4, 1, 2, 0, 0, 4_000), "2025-04-01T02:00:00"),  # noqa: DTZ001
        (dt.time(23, 59, 59, 999_000), "00:00:00"),
        (dt.timedelta(hours=-25, minutes=-1), "-25:01:00"),
    ],
)
def test_cells_are_written_so_that_they_can_be_read_back(cell: object, text: str | None) -> None:
    assert parse_workbook._TEXT[type(cell)](cell) == text


def test_sheet_is_written_with_its_formulas_errors_and_empty_edges(tmp_path: Path) -> None:
    book, target = tmp_path / "a.xlsx", tmp_path / "0.arrow"
    book.write_bytes(files.xlsx([[], [None, "a", "=B1*2"], [None, 1.5]]))

    assert parse_workbook._answer({"path": str(book)}) == [{"name": "Лист", "visible": True, "epoch": 1900}]
    parse_workbook._answer({"path": str(book), "sheets": {"Лист": str(target)}})

    table = pa.ipc.open_file(target).read_all()
    assert table.to_pydict() == {"0": [None] * 3, "1": [None, "a", "1.5"], "2": [None, "=B1*2", None]}


def test_workbook_of_a_mac_counts_days_from_1904(tmp_path: Path) -> None:
    book = tmp_path / "a.xlsx"
    book.write_bytes(files.xlsx([["a"]], date_1904=True))

    assert parse_workbook._epoch(str(book)) == 1904
