from __future__ import annotations

import pytest

from schemas.patterns import compile_pattern
from tasks.sources.find_intervals import FoundIntervals, find_intervals
from tasks.sources.find_tables import FoundColumn

QUARTERS = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in range(0, 1440, 15)]


def found(*headings: str, date: str = "01.04.2025") -> FoundIntervals | None:
    values = [FoundColumn(heading, None, ["1", "2,5"]) for heading in headings]
    return find_intervals([FoundColumn("День", None, [date]), *values, FoundColumn("Итого", None, ["3,5"])])


@pytest.mark.parametrize(
    ("headings", "minutes", "pattern"),
    [
        ([f"{clock}-{clock[:3]}59" for clock in QUARTERS], "15", r"(?P<start>\d{1,2}[:.]\d{2})\s*[-–—]\s*[\d.:]+"),
        (
            [f"с {clock} (л)" for clock in QUARTERS[::4]],
            "60",
            r"с (?P<hour>\d{1,2})[:.](?P<minute>\d{2}) \(л\)",
        ),
        ([f"{clock}:00" for clock in QUARTERS], "15", r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2}):00"),
        ([f"Час {hour:02}-{hour + 1:02}" for hour in range(24)], "60", r"Час (?P<start>\d{1,2})\s*[-–—]\s*\d{1,2}"),
        ([f"V{number}" for number in range(1, 101)], "15", r"V(?P<number>\d{1,3})"),
    ],
    ids=["ranges", "words_and_unit", "seconds", "hours", "numbers"],
)
def test_pattern_matches_the_headings_of_the_intervals_alone(headings: list[str], minutes: str, pattern: str) -> None:
    intervals = found(*headings)

    assert intervals
    assert (intervals.key, intervals.minutes.value) == (f"{{headings: '{pattern}'}}", minutes)
    assert [column.heading for column in intervals.columns] == headings
    assert all(compile_pattern(pattern).fullmatch(heading) for heading in headings)
    assert not compile_pattern(pattern).fullmatch("Итого")


def test_clocks_stand_for_what_a_whole_day_shows() -> None:
    stamps = [
        found(*headings).stamp.value  # type: ignore[union-attr]
        for headings in (QUARTERS, [*QUARTERS[1:], "00:00"], [*QUARTERS[1:], "24:00"], QUARTERS[28:40])
    ]

    assert stamps == ["start", "end", "end", "???"]


def test_day_in_spring_lacks_an_hour() -> None:
    intervals = found(*QUARTERS[:8], *QUARTERS[12:])

    assert intervals
    assert intervals.minutes.value == "15"


@pytest.mark.parametrize(
    ("count", "minutes"), [(23, 60), (25, 60), (46, 30), (48, 30), (50, 30), (92, 15), (96, 15), (288, 5)]
)
def test_numbers_are_a_day_s_intervals_by_their_count_and_only_as_a_question(count: int, minutes: int) -> None:
    intervals = found(*map(str, range(1, count + 1)))

    assert intervals
    assert intervals.minutes.value == str(minutes)
    assert intervals.minutes.comment.startswith("??? ")


@pytest.mark.parametrize(
    "headings",
    [
        [str(day) for day in range(1, 32)],
        [str(number) for number in range(5, 29)],
        [str(number) for number in (*range(1, 24), 30)],
        [f"T{number}" for number in range(1, 4)],
        ["00:00", "00:15", "07:00", "07:01", "12:00"],
        ["2022", "2023", "2024", "2025"],
    ],
    ids=["days_of_a_month", "from_5", "gap", "few", "uneven", "years"],
)
def test_other_columns_side_by_side_are_no_intervals(headings: list[str]) -> None:
    assert found(*headings) is None


def test_rows_that_have_an_hour_are_no_days() -> None:
    assert found(*QUARTERS, date="01.04.2025 01:00") is None
