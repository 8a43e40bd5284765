from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from schemas.windows import Window
from tasks.transform.plan_windows import split_at_retention, split_windows


def april(first: int, last: int) -> Window:
    return Window(date(2025, 4, first), date(2025, 4, last))


def of_april(days: Iterable[int], buildings: int) -> dict[date, int]:
    return {date(2025, 4, day): buildings for day in days}


def test_week_of_a_city_is_one_window_and_more_is_split_without_gap_or_overlap() -> None:
    days = of_april([*range(1, 16), 20], 35_000)

    assert split_windows(days) == [april(1, 7), april(8, 14), april(15, 15), april(20, 20)]


def test_day_that_is_too_large_is_a_window() -> None:
    assert split_windows(of_april((1, 2), 1_000_000)) == [april(1, 1), april(2, 2)]


def test_ten_years_of_a_building_are_windows_of_a_year() -> None:
    days = {date.fromordinal(day): 1 for day in range(date(2015, 1, 1).toordinal(), date(2025, 1, 1).toordinal())}

    windows = split_windows(days)

    assert (len(windows), windows[0].first, windows[-1].last) == (10, date(2015, 1, 1), date(2024, 12, 31))
    assert {(window.last - window.first).days for window in windows[:-1]} == {365}


def test_window_is_split_at_the_first_day_that_is_kept() -> None:
    windows = [april(1, 2), april(4, 8), april(10, 12)]

    kept, dropped = split_at_retention(windows, date(2025, 4, 6))

    assert kept == [april(6, 8), april(10, 12)]
    assert dropped == [april(1, 2), april(4, 5)]


def test_without_retention_everything_is_kept() -> None:
    assert split_at_retention([april(1, 2)], None) == ([april(1, 2)], [])
