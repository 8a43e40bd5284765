from __future__ import annotations

import datetime as dt

import pytest

from schemas.dates import NotATimeError
from schemas.lengths import Length, add_months, length_of, read_length, read_snap

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("60", Length(HOUR)),
        ("15 мин", Length(HOUR / 4)),
        ("PT15M", Length(HOUR / 4)),
        ("1 ч", Length(HOUR)),
        ("сутки", Length(DAY)),
        ("Месяц", Length(31 * DAY, 1)),
        ("год", None),
        ("1 сутки", Length(DAY)),
        ("30 дней", Length(30 * DAY)),
        ("1440", Length(DAY)),
        ("3600", None),
        ("P1W", Length(7 * DAY)),
        ("2 недели", Length(14 * DAY)),
        ("1 мес.", Length(31 * DAY, 1)),
        ("P1M", Length(31 * DAY, 1)),
        ("PT1M", Length(dt.timedelta(minutes=1))),
        ("P12M", Length(372 * DAY, 12)),
        ("P13M", None),
        ("0", None),
        ("400 дней", None),
        ("1 кв.", None),
    ],
)
def test_length_is_of_minutes_up_to_months(text: str, length: Length | None) -> None:
    if length is None:
        with pytest.raises(NotATimeError):
            read_length(text)
    else:
        assert read_length(text) == length


@pytest.mark.parametrize(
    ("text", "unit", "length"),
    [
        ("3600", "s", HOUR),
        ("900.0", "Интервал, с", HOUR / 4),
        ("44640", "interval_minutes", 31 * DAY),
        ("24", "Hours", DAY),
        ("1 ч", "s", HOUR),
        ("90", "s", None),
    ],
)
def test_number_alone_is_in_the_unit_that_heading_or_mapping_say(
    text: str, unit: str, length: dt.timedelta | None
) -> None:
    if length is None:
        with pytest.raises(NotATimeError):
            read_length(text, unit)
    else:
        assert read_length(text, unit) == Length(length)


def test_a_calendar_month_is_at_most_31_days() -> None:
    assert length_of("month") == Length(31 * DAY, 1)
    assert length_of("week") == Length(7 * DAY)


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [("2025-01-31", 1, "2025-02-28"), ("2025-01-01", -1, "2024-12-01"), ("2024-12-01", 1, "2025-01-01")],
)
def test_months_later_is_the_same_day_or_the_months_last(start: str, months: int, expected: str) -> None:
    assert add_months(dt.datetime.fromisoformat(start), months) == dt.datetime.fromisoformat(expected)


def test_how_far_a_stamp_may_be_off_is_seconds_or_minutes() -> None:
    assert (read_snap("30s"), read_snap("2min")) == (dt.timedelta(seconds=30), dt.timedelta(minutes=2))
    for text in ("2", "0s", "1h"):
        with pytest.raises(ValueError, match="2min"):
            read_snap(text)
