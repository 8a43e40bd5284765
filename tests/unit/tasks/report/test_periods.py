from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from tasks.report.periods import choose_period, days_of_period, hours_of_day

MOSCOW = ZoneInfo("Europe/Moscow")
LATER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(dt.date(2014, 10, 26), 25, id="an_hour_came_twice"),
        pytest.param(dt.date(2010, 3, 28), 23, id="an_hour_never_came"),
        pytest.param(dt.date(2025, 4, 30), 24, id="usual"),
    ],
)
def test_a_local_day_has_the_hours_that_it_had(day: dt.date, hours: int) -> None:
    columns = hours_of_day(day, LATER, MOSCOW)

    assert len(columns) == hours
    assert columns[0].start == at(day.isoformat()).astimezone(dt.UTC)
    assert sum(column.hours for column in columns) == hours


def test_hours_after_now_do_not_count() -> None:
    columns = hours_of_day(dt.date(2025, 4, 30), at("2025-04-30T10:30"), MOSCOW)

    assert [column.hours for column in columns] == [1] * 10 + [0] * 14


def test_the_reports_own_day_is_shown_if_the_files_hold_it_else_their_last() -> None:
    month = at("2025-04-01T00:00"), at("2025-04-30T23:00")

    inside = choose_period(*month, dt.date(2025, 4, 7), now=LATER, zone=MOSCOW)
    delivered_later = choose_period(*month, dt.date(2025, 5, 2), now=LATER, zone=MOSCOW)

    assert inside
    assert inside.day == dt.date(2025, 4, 7)
    assert delivered_later
    assert delivered_later.day == dt.date(2025, 4, 30)
    assert len(delivered_later.days) == 30
    assert [column.label for column in days_of_period(delivered_later, MOSCOW)][::29] == ["01.04", "30.04"]


def test_of_a_year_only_the_last_days_are_shown_and_the_others_counted() -> None:
    period = choose_period(at("2024-05-01T00:00"), at("2025-04-30T23:00"), dt.date(2025, 4, 30), now=LATER, zone=MOSCOW)

    assert period
    assert (len(period.days), period.days_not_shown) == (31, 334)


def test_files_without_readings_have_no_period() -> None:
    assert choose_period(None, None, dt.date(2025, 4, 30), now=LATER, zone=MOSCOW) is None


def test_days_count_their_hours_that_are_over() -> None:
    period = choose_period(
        at("2025-04-29T00:00"), at("2025-04-30T09:00"), dt.date(2025, 4, 30), now=at("2025-04-30T10:30"), zone=MOSCOW
    )

    assert period
    assert [(column.label, column.hours) for column in days_of_period(period, MOSCOW)] == [("29.04", 24), ("30.04", 10)]
