from __future__ import annotations

import pytest

from schemas.months import find_month


@pytest.mark.parametrize(
    ("word", "month"),
    [
        ("январь", 1),
        ("Января", 1),
        ("янв.", 1),
        ("ФЕВРАЛЁМ", 2),
        ("марта", 3),
        ("мар", 3),
        ("мая", 5),
        ("May", 5),
        ("июнь", 6),
        ("июл", 7),
        ("август", 8),
        ("Sept.", 9),
        ("декабре", 12),
        ("марка", None),
        ("маюсь", None),
        ("кв.", None),
        ("", None),
    ],
)
def test_month_is_found_by_its_name_in_any_form(word: str, month: int | None) -> None:
    assert find_month(word) == month
