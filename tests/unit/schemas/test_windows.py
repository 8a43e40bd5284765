from __future__ import annotations

from datetime import date

from schemas.windows import Window, windows_of


def test_neighbouring_days_make_one_window_and_far_ones_stay_apart() -> None:
    days = [date(2025, 1, 1), date(2023, 5, 7), date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 3)]

    assert windows_of(days) == [
        Window(date(2023, 5, 7), date(2023, 5, 7)),
        Window(date(2024, 12, 31), date(2025, 1, 1)),
        Window(date(2025, 1, 3), date(2025, 1, 3)),
    ]
