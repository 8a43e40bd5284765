from __future__ import annotations

import pytest

from tasks.ingest.grids import Row, cell_at, column_index


@pytest.mark.parametrize(("letters", "index"), [("A", 0), ("AA", 26), ("В", 1)])
def test_letters_name_a_column(letters: str, index: int) -> None:
    assert column_index(letters) == index


@pytest.mark.parametrize(("cell", "text"), [("B2", "x"), ("C2", None), ("A3", None), ("A9", None)])
def test_cell_is_found_where_its_name_says(cell: str, text: str | None) -> None:
    rows: list[Row] = [["a"], ["b", "x"], []]

    assert cell_at(iter(rows), cell) == text
