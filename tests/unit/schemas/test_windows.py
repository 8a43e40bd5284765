from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from schemas.windows import Window, local_midnight, windows_of


def test_neighbouring_days_make_one_window_and_far_ones_stay_apart() -> None:
    days = [date(2025, 1, 1), date(2023, 5, 7), date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 3)]

    assert windows_of(days) == [
        Window(date(2023, 5, 7), date(2023, 5, 7)),
        Window(date(2024, 12, 31), date(2025, 1, 1)),
        Window(date(2025, 1, 3), date(2025, 1, 3)),
    ]


@pytest.mark.parametrize(
    ("zone", "day", "midnight"),
    [
        ("Europe/Moscow", date(2025, 4, 30), datetime(2025, 4, 29, 21, tzinfo=UTC)),
        # An hour further east until 26 October 2014.
        ("Europe/Moscow", date(2014, 10, 26), datetime(2014, 10, 25, 20, tzinfo=UTC)),
        # Clocks went from 0:00 to 1:00, and from 1:00 back to 0:00.
        ("America/Havana", date(2025, 3, 9), datetime(2025, 3, 9, 5, tzinfo=UTC)),
        ("America/Havana", date(2025, 11, 2), datetime(2025, 11, 2, 4, tzinfo=UTC)),
    ],
)
def test_a_local_day_begins_at_its_first_midnight(zone: str, day: date, midnight: datetime) -> None:
    assert local_midnight(day, ZoneInfo(zone)) == midnight
