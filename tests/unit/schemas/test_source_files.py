from __future__ import annotations

from datetime import date

import pytest

from schemas.source_files import day_and_path, source_file_of


@pytest.mark.parametrize("path", ["a.csv", "D-0007/april.zip/x/one.csv", "/odd.csv"])
def test_name_of_a_file_is_split_into_the_day_and_path_that_it_was_made_of(path: str) -> None:
    day = date(2025, 4, 30)

    assert source_file_of(day, path) == f"2025-04-30/{path}"
    assert day_and_path(source_file_of(day, path)) == (day, path)
