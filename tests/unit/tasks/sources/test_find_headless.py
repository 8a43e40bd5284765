from __future__ import annotations

import pytest

from tasks.sources.cells import Row
from tasks.sources.find_headless import find_headless
from tasks.sources.find_tables import Sheet


def rows(*lines: str) -> list[Row]:
    return [[cell or None for cell in line.split(",")] for line in lines]


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        ("20250401", "20250402", "day-first"),
        ("1743480000", "1743480900", "epoch-seconds"),
        ("01.04.2025 00:00", "01.04.2025 01:00", ""),
    ],
)
def test_each_line_is_data_where_all_have_a_date_and_a_number(first: str, second: str, key: str) -> None:
    found = find_headless(Sheet(None, rows(f"{first},1.5,x", "", f"{second},2.5,y")))

    assert found
    assert [column.heading for column in found.table.columns] == ["A", "B", "C"]
    dates = found.table.columns[0].dates()
    assert dates
    assert (dates.key, found.record, found.intervals) == (key, None, None)


def test_records_of_one_type_are_the_data_and_the_others_may_say_more() -> None:
    hours = ",".join(map(str, range(100, 124)))
    lines = rows("100,a", "200,W-1,kWh", f"300,20250401,{hours},A", f"300,20250402,{hours},A", "900")

    found = find_headless(Sheet(None, lines))

    assert found
    assert found.intervals
    assert (found.record, found.intervals.key, found.intervals.minutes.value) == (
        "300",
        '{first: "C", count: 24}',
        "60",
    )
    assert [(name, [column.heading for column in own]) for name, own in found.others] == [
        ("100", ["A", "B"]),
        ("200", ["A", "B", "C"]),
        ("900", ["A"]),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["a,b", "c,d"],
        ["12345678,1", "23456789,2"],
        ["20250401,x", "20250402,y"],
        ["20250401,1", "no date,2"],
        ["meter,1", "meter,2"],
    ],
)
def test_other_lines_are_no_table(lines: list[str]) -> None:
    assert find_headless(Sheet(None, rows(*lines))) is None
