from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from schemas.patterns import compile_pattern
from tasks.sources.draft_outside_date import draft_outside_date
from tasks.sources.find_tables import FoundTable


@pytest.mark.parametrize(
    ("file_name", "groups"),
    [
        ("показания_2025-04-01.csv", {"year": "2025", "month": "04", "day": "01"}),
        ("показания 01.04.2025.csv", {"year": "2025", "month": "04", "day": "01"}),
        ("20250401.csv", {"year": "2025", "month": "04", "day": "01"}),
        ("Дом 1 202504.xlsx", {"year": "2025", "month": "04"}),
        ("Дом 1 04_2025.xlsx", {"year": "2025", "month": "04"}),
    ],
)
def test_date_in_the_name_is_proposed_as_a_pattern_that_finds_it(file_name: str, groups: dict[str, str]) -> None:
    first, proposed, last = draft_outside_date(file_name, FoundTable(None, [], 0, 1, []))

    assert (first[:9], last[:10]) == ("date: ???", "stamp: ???")
    pattern = YAML(typ="safe").load(proposed.removeprefix("# "))["date"]["file_name"]
    match = compile_pattern(pattern).search(file_name)
    assert match
    assert match.groupdict() == groups


def test_cells_above_may_say_the_day_and_other_numbers_do_not() -> None:
    table = FoundTable(None, [["Прибор 2013367"], [None, "на 01.04.2025"]], 0, 3, [])

    _, proposed, _ = draft_outside_date("отчёт 17.csv", table)

    assert proposed.startswith("# date: {cell: B2, pattern: ")
    assert proposed.endswith('# "на 01.04.2025"')
