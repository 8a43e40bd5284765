from __future__ import annotations

from datetime import date

from schemas.windows import Window
from tasks.transform.plan_windows import split_at_retention, split_windows


def april(first: int, last: int) -> Window:
    return Window(date(2025, 4, first), date(2025, 4, last))


def test_window_of_more_than_a_week_is_split_without_gap_or_overlap() -> None:
    assert list(split_windows([april(1, 15), april(20, 20)])) == [
        april(1, 7),
        april(8, 14),
        april(15, 15),
        april(20, 20),
    ]


def test_week_stays_whole() -> None:
    assert list(split_windows([april(1, 7)])) == [april(1, 7)]


def test_window_is_split_at_the_first_day_that_is_kept() -> None:
    windows = [april(1, 2), april(4, 8), april(10, 12)]

    kept, dropped = split_at_retention(windows, date(2025, 4, 6))

    assert kept == [april(6, 8), april(10, 12)]
    assert dropped == [april(1, 2), april(4, 5)]


def test_without_retention_everything_is_kept() -> None:
    assert split_at_retention([april(1, 2)], None) == ([april(1, 2)], [])
