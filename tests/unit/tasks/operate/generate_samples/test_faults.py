from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from tasks.operate.generate_samples.account import ExpectedFile
from tasks.operate.generate_samples.day_sheets import Row
from tasks.operate.generate_samples.faults import (
    copy_beside,
    spoil_cold_rows,
    spoil_hot_rows,
    spoil_long_rows,
    truncate,
)

DAY = dt.date(2025, 4, 30)


def make_rows(width: int) -> list[Row]:
    return [Row(DAY, hour, [float(hour)] * width) for hour in range(24)]


def expect(rows: list[Any], width: int) -> ExpectedFile:
    return ExpectedFile(source_file="a", raw_rows=len(rows), read=len(rows) * width)


def test_hot_rows_get_two_rejected_readings_and_two_suspect_ones() -> None:
    rows = make_rows(5)
    expected = expect(rows, 5)

    spoil_hot_rows(rows, expected)

    assert {(row.hour, index) for row in rows for index, cell in enumerate(row.cells) if cell != row.hour} == {
        *((3, 0), (6, 2), (15, 4)),
    }
    assert (expected.row_errors, expected.rejected, expected.suspect) == ({"bad_number": 1, "missing_value": 1}, 2, 2)


def test_cold_rows_get_a_repeated_row_and_a_contradiction_which_the_account_counts() -> None:
    rows = make_rows(2)
    expected = expect(rows, 2)

    spoil_cold_rows(rows, expected)

    assert rows[-2] == rows[5]
    assert (rows[-1].hour, rows[-1].cells, rows[8].cells) == (8, [8.0, 9.99], [8.0, 8.0])
    assert (expected.raw_rows, expected.read) == (len(rows), sum(len(row.cells) for row in rows))
    assert (expected.row_errors, expected.duplicate) == ({"negative": 1, "conflicting_duplicate": 2}, 3)


def test_long_rows_get_an_impossible_temperature_and_an_unknown_building() -> None:
    rows: list[list[Any]] = [["2025-04-30T10:00", "L", "I", "M", metric, 1.0, "u"] for metric in ("flow_supply", "T1")]
    expected = expect(rows, 1)

    spoil_long_rows(rows, expected)

    assert [row[5] for row in rows] == [1.0, 400.0, 1.23]
    assert rows[-1][1] == "X-9999"
    assert (expected.raw_rows, expected.read, expected.loaded) == (3, 3, 1)
    assert expected.row_errors == {"out_of_range": 1, "unmapped_code": 1}


def test_a_truncated_file_is_half_of_itself_and_a_copy_is_read_later(tmp_path: Path) -> None:
    file = tmp_path / "ведомость.xlsx"
    file.write_bytes(b"0123456789")

    copy = copy_beside(file)
    truncate(file)

    assert (file.read_bytes(), copy.read_bytes()) == (b"01234", b"0123456789")
    assert sorted([copy, file]) == [file, copy]
