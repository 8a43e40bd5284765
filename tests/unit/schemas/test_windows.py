from __future__ import annotations

from datetime import date

from schemas.windows import Window, format_windows, windows_of


def test_neighbouring_days_make_one_window_and_far_ones_stay_apart() -> None:
    days = [date(2025, 1, 1), date(2023, 5, 7), date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 3)]

    assert windows_of(days) == [
        Window(date(2023, 5, 7), date(2023, 5, 7)),
        Window(date(2024, 12, 31), date(2025, 1, 1)),
        Window(date(2025, 1, 3), date(2025, 1, 3)),
    ]


def test_windows_are_written_as_dbt_reads_them() -> None:
    windows = [Window(date(2025, 1, 1), date(2025, 1, 3)), Window(date(2025, 2, 1), date(2025, 2, 1))]

    text = format_windows(windows)

    assert text == "2025-01-01:2025-01-03 2025-02-01:2025-02-01"
    assert format_windows([]) == ""
