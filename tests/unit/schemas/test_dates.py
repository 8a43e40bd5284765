from __future__ import annotations

import pytest

from schemas.dates import DateStyle, NotATimeError, check_dates, read_timestamp

AT_ONE = "2025-04-13T01:00:00"
MIDNIGHT = "2025-04-13T00:00:00"


def read(text: str, dates: str | None = None) -> str | None:
    try:
        return read_timestamp(text, DateStyle(dates=dates)).isoformat()
    except NotATimeError:
        return None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025/04/13 01:00", AT_ONE),
        ("2025-04-13 1:00", AT_ONE),
        ("2025.4.13 1:00", AT_ONE),
        ("13.04.2025, 01:00", AT_ONE),
        ("13. 4. 2025 01:00:00", AT_ONE),
        ("13.04.2025 01:00:00.000", AT_ONE),
        ("2025-04-13 1:00 AM", AT_ONE),
        ("2025-04-13 12:00 am", MIDNIGHT),
        ("2025-04-13 12:30 p.m.", "2025-04-13T12:30:00"),
        ("13.04.2025 г.", MIDNIGHT),
        ("13.04.2025 г. 1:00", AT_ONE),
        ("13 апреля 2025 года, 01:00", AT_ONE),
        ("13-Apr-2025", MIDNIGHT),
        ("April 13, 2025", MIDNIGHT),
        ("13.04.2025 24:00", "2025-04-14T00:00:00"),
        ("2025-04-13 01:00:00 UTC", f"{AT_ONE}+00:00"),
        ("13.04.2025 01:00Z", f"{AT_ONE}+00:00"),
        ("2025-04-13T01:00:00-05:00", f"{AT_ONE}-05:00"),
        ("13.04.2025 01:00 +03:00", f"{AT_ONE}+03:00"),
    ],
)
def test_what_can_be_read_in_one_way_needs_no_key(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("13/04/2025", "04/13/2025", "13-04-2025", "20250413", "13-Apr-25", "1744495200", "2025/13/04"),
        *("2025-04-13 01:00-02:00", "13.04.2025 01:00-02:00", "13.04.2025 01", "2025-04-13 13:00 PM", "13.13.2025"),
        *("2025-04-13 25:00", "31.02.2025", "13 кв. 2025", "13.04.1989"),
    ],
)
def test_what_may_mean_several_times_or_none_is_not_read_without_the_key(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("dates", "text", "expected"),
    [
        ("day-first", "13/04/2025 01:00", AT_ONE),
        ("day-first", "13-4-25 1:00 AM", AT_ONE),
        ("day-first", "13-Apr-25", MIDNIGHT),
        ("day-first", "20250413", MIDNIGHT),
        ("day-first", "13042025 01:00", AT_ONE),
        ("day-first", "2025-04-13T01:00:00", AT_ONE),
        ("day-first", "04/13/2025", None),
        ("month-first", "04/13/2025 1:00 AM", AT_ONE),
        ("month-first", "04.13.2025", MIDNIGHT),
        ("month-first", "05.06.2025", "2025-05-06T00:00:00"),
        ("month-first", "13/04/2025", None),
        ("month-first", "45760", MIDNIGHT),
        ("epoch-seconds", "1744495200", "2025-04-12T22:00:00+00:00"),
        ("epoch-seconds", "1744495200.0", "2025-04-12T22:00:00+00:00"),
        ("epoch-seconds", "1744495200000", None),
        ("epoch-seconds", "45760", None),
        ("epoch-milliseconds", "1744495200000", "2025-04-12T22:00:00+00:00"),
        ("epoch-milliseconds", "1744495200", None),
        ("%d. %m. %Y %H:%M", "13. 4. 2025 01:00", AT_ONE),
        ("%d. %m. %Y %H:%M", "13. 4. 2025 24:00", "2025-04-14T00:00:00"),
        ("%d. %m. %Y %H:%M", "2025-04-13T01:00:00", AT_ONE),
        ("%d. %m. %Y %H:%M", "13.04.2025", None),
        ("%d-%b-%y", "13-апр-25", MIDNIGHT),
        ("%Y-%d-%m", "2025-04-05", "2025-05-04T00:00:00"),
        ("%Y-%d-%m", "2025-04-13", None),
        ("%Y%m%d", "20250413.0", MIDNIGHT),
    ],
)
def test_key_says_how_dates_are_written(dates: str, text: str, expected: str | None) -> None:
    assert read(text, dates) == expected


@pytest.mark.parametrize("dates", ["day-first", "epoch-milliseconds", "%d.%m.%y", "%Y%m%d%H"])
def test_key_is_an_order_an_epoch_or_a_format_of_whole_dates(dates: str) -> None:
    assert check_dates(dates) == dates


@pytest.mark.parametrize("dates", ["dayfirst", "%H:%M", "%m.%Y", "%d %q %Y", "dd.mm.yyyy", ""])
def test_format_without_a_whole_date_is_refused(dates: str) -> None:
    with pytest.raises(ValueError, match="day-first"):
        check_dates(dates)
