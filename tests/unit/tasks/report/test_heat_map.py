from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from schemas.report import Column, Completeness, MeterLine
from tasks.report.heat_map import Cell, day_rows, hour_rows

MIDNIGHT = dt.datetime(2025, 4, 29, 21, tzinfo=dt.UTC)


def make_completeness(over: list[int], **meter: Any) -> Completeness:
    """One meter, and columns of which some hours are over."""
    columns = [Column(start=MIDNIGHT, label=f"{index:02d}", hours=hours) for index, hours in enumerate(over)]
    fields: dict[str, Any] = {
        "meter_code": "M",
        "building_code": "B",
        "kind": "heat",
        "interval_minutes": 60,
        "missing_hours": 0,
        "hours": [],
        "metrics": 2,
        "days": [],
    }
    return Completeness(
        day=dt.date(2025, 4, 30),
        since=MIDNIGHT,
        until=MIDNIGHT,
        hour_columns=columns,
        day_columns=columns,
        days_not_shown=0,
        meters=[MeterLine.model_validate(fields | meter)],
        meters_not_shown=0,
        meters_complete=0,
        meters_with_gaps=1,
        meters_silent=0,
        silent_examples=[],
    )


def test_an_hour_is_full_partial_missing_or_still_to_come() -> None:
    ((_, cells),) = hour_rows(make_completeness([1, 1, 1, 0], hours=[2, 1, 0, 0]))

    assert cells == [
        Cell("full", "", "00:00: есть"),
        Cell("part", "1", "01:00: показателей 1 из 2"),
        Cell("none", "0", "02:00: нет"),
        Cell("later", "", "03:00: ещё не наступил"),
    ]


def test_hours_between_the_readings_of_a_slow_meter_are_not_missing() -> None:
    ((_, cells),) = hour_rows(make_completeness([1, 1, 1, 1], hours=[2, 0, 0, 0], interval_minutes=120))

    assert [cell.style for cell in cells] == ["full", "later", "none", "later"]


@pytest.mark.parametrize(
    ("present", "over", "interval_minutes", "style"),
    [
        pytest.param(24, 24, 60, "full", id="full"),
        pytest.param(23, 24, 60, "part", id="one_hour_is_missing"),
        pytest.param(0, 24, 60, "none", id="nothing"),
        pytest.param(0, 0, 60, "later", id="still_to_come"),
        pytest.param(12, 24, 120, "full", id="every_other_hour_is_expected"),
        pytest.param(24, 24, 30, "full", id="half_hours_count_as_hours"),
    ],
)
def test_a_day_is_full_if_it_has_the_hours_that_the_meter_should_send(
    present: int, over: int, interval_minutes: int, style: str
) -> None:
    completeness = make_completeness([over], days=[present], interval_minutes=interval_minutes)

    ((_, (cell,)),) = day_rows(completeness)

    assert (cell.style, cell.text) == (style, str(present))


def test_a_report_of_one_day_has_no_rows_of_days() -> None:
    assert day_rows(make_completeness([1], hours=[1])) == []
