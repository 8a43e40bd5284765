from __future__ import annotations

import pytest

from tasks.sources.cells import filled_cells, is_number, without_dates


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1", True),
        ("-1,5", True),
        ("1 234,5", True),
        ("1\u202f234,5", True),
        ("", False),
        ("м3", False),
        ("01.04.2025", False),
        ("1.5 м3", False),
    ],
)
def test_number_is_what_is_read_as_one(cell: str, expected: bool) -> None:
    assert is_number(cell) is expected


def test_dates_are_taken_out_of_a_text() -> None:
    assert "2025" not in without_dates("Ведомость за 01.04.2025 по дому 7")
    assert "7" in without_dates("Ведомость за 01.04.2025 по дому 7")


def test_blank_cells_are_not_filled() -> None:
    assert filled_cells(["a", None, " ", "b"]) == ["a", "b"]
