from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from tasks.report.charts import Series, line_chart, nice_ticks
from tasks.report.periods import choose_period, columns_of_days, hours_of

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
    found = hours_of(day, LATER, MOSCOW)

    assert len(found) == hours
    assert found[0].start == at(day.isoformat()).astimezone(dt.UTC)
    assert sum(column.hours for column in found) == hours


def test_hours_after_now_do_not_count() -> None:
    found = hours_of(dt.date(2025, 4, 30), at("2025-04-30T10:30"), MOSCOW)

    assert [column.hours for column in found] == [1] * 10 + [0] * 14


def test_the_reports_own_day_is_shown_if_the_files_hold_it_else_their_last() -> None:
    month = at("2025-04-01T00:00"), at("2025-04-30T23:00")

    inside = choose_period(*month, dt.date(2025, 4, 7), now=LATER, zone=MOSCOW)
    delivered_later = choose_period(*month, dt.date(2025, 5, 2), now=LATER, zone=MOSCOW)

    assert inside
    assert inside.day == dt.date(2025, 4, 7)
    assert delivered_later
    assert delivered_later.day == dt.date(2025, 4, 30)
    assert len(delivered_later.days) == 30
    assert [column.label for column in columns_of_days(delivered_later, MOSCOW)][::29] == ["01.04", "30.04"]


def test_of_a_year_only_the_last_days_are_shown_and_the_others_counted() -> None:
    found = choose_period(at("2024-05-01T00:00"), at("2025-04-30T23:00"), dt.date(2025, 4, 30), now=LATER, zone=MOSCOW)

    assert found
    assert (len(found.days), found.days_not_shown) == (31, 334)


def test_files_without_readings_have_no_period() -> None:
    assert choose_period(None, None, dt.date(2025, 4, 30), now=LATER, zone=MOSCOW) is None


@pytest.mark.parametrize(
    ("lowest", "highest", "ticks"),
    [
        (0, 16, [0, 5, 10, 15, 20]),
        (0, 0, [0, 0.5]),
        (38.2, 58.4, [30, 40, 50, 60]),
        (0, 0.42, [0, 0.2, 0.4, 0.6]),
        (5, 5, [4, 6]),
        (-3, 4, [-4, -2, 0, 2, 4]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(lowest: float, highest: float, ticks: list[float]) -> None:
    found = nice_ticks(lowest, highest)

    assert found[0] <= lowest
    assert found[-1] >= highest
    assert found == ticks


def test_large_numbers_on_the_axis_are_written_out() -> None:
    chart = line_chart([Series("ХВС", "cold", [0.0, 200_000.0])], ["00", "01"], from_zero=True)

    assert chart
    assert [tick.text for tick in chart.y_ticks] == ["0", "50 000", "100 000", "150 000", "200 000"]


def test_a_chart_of_nothing_is_none() -> None:
    assert line_chart([Series("ХВС", "cold", [None, None])], ["00", "01"], from_zero=True) is None


def test_names_of_lines_that_end_together_do_not_overlap() -> None:
    chart = line_chart([Series("a", "cold", [1, 2]), Series("b", "hot", [1, 2])], ["00", "01"], from_zero=True)

    assert chart
    first, second = (line.label_y for line in chart.lines)
    assert second - first >= 16
