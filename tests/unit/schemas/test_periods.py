from __future__ import annotations

import pytest

from schemas.dates import DateStyle, NotATimeError
from schemas.periods import read_period


def read(text: str, dates: str | None = None) -> tuple[str, str] | None:
    try:
        period = read_period(text, DateStyle(dates=dates))
    except NotATimeError:
        return None
    return (f"{period.start:%Y-%m-%d %H:%M}", f"{period.end:%Y-%m-%d %H:%M}")


@pytest.mark.parametrize(
    "text",
    [
        *("Апрель 2025", "апрель 2025 г.", "за апрель 2025 года", "апр. 2025", "2025, апрель", "April 2025"),
        *("04.2025", "4.2025", "04/2025", "2025-04"),
        *(
            "01.04.25–30.04.25",
            "01.04.2025-30.04.2025",
            "01.04 - 30.04.2025",
            "с 01.04.2025 по 30.04.2025",
            "2025-04-01 to 2025-04-30",
        ),
        *("01.04.2025 00:00 - 01.05.2025 00:00", "01.04.2025 00:00 — 30.04.2025 24:00"),
    ],
)
def test_every_spelling_of_a_month_is_that_month(text: str) -> None:
    assert read(text) == ("2025-04-01 00:00", "2025-05-01 00:00")


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("01.04.2025 00:00 - 01.04.2025 01:00", "2025-04-01 01:00"),
        ("01.04.2025 00:00 - 01:00", "2025-04-01 01:00"),
        ("01.04.2025 00:00-01:00", "2025-04-01 01:00"),
        ("2025-04-01 00:00:00 to 2025-04-01 01:00:00", "2025-04-01 01:00"),
        ("01.04.2025 - 01.04.2025", "2025-04-02 00:00"),
        ("01.04.2025 00:00 - 00:00", "2025-04-02 00:00"),
    ],
)
def test_range_ends_at_its_second_time_or_with_its_last_day(text: str, end: str) -> None:
    assert read(text) == ("2025-04-01 00:00", end)


def test_ends_of_a_range_are_written_as_the_mapping_says() -> None:
    assert read("05/01/2025 - 05/02/2025", "month-first") == ("2025-05-01 00:00", "2025-05-03 00:00")
    assert read("05/01/2025 - 05/02/2025") is None


@pytest.mark.parametrize(
    "text",
    [
        "I кв. 2025",
        "2025",
        "апрель",
        "апрель 25",
        "13.2025",
        "4.202",
        "01.04 - 02.04",
        "2025-04-13 01:00-02:00",
        "5 - 6",
    ],
)
def test_what_states_no_whole_period_is_refused(text: str) -> None:
    assert read(text) is None
