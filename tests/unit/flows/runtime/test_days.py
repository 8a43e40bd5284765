from __future__ import annotations

from datetime import date

from flows.runtime.days import days_of


def test_span_includes_its_first_and_last_day() -> None:
    assert days_of(date(2024, 2, 28), date(2024, 3, 1)) == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert days_of(date(2025, 1, 1), date(2025, 1, 1)) == [date(2025, 1, 1)]
    assert days_of(date(2025, 1, 2), date(2025, 1, 1)) == []
