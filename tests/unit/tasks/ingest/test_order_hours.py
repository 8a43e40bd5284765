from __future__ import annotations

import pytest

from schemas.table_schema import Column, TableSchema
from tasks.ingest.order_hours import HourOrder
from tests.unit.tasks.validate.tables import raw_batch


def told(*lines: str, meter: str = "M", size: int = 100) -> tuple[list[int], list[int]]:
    """Return the lines of the first and of the second hour; a line is `day time [meter]`, in batches of a size."""
    schema = TableSchema(
        table_format="long",
        header_row=1,
        columns=[Column(key=key, heading=key, letter=key) for key in "AB"],
        timestamp_column="A",
        meter_column="B",
        time_zone="Europe/Berlin",
        interval_minutes=15,
    )
    hours = HourOrder(schema)
    rows = [[f"2025-10-{line[:8]}", line[9:] or meter] for line in lines]
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        hours.add(raw_batch(schema, part, row_nums=range(start + 2, start + 2 + len(part))))
    hours.finish()
    return schema.first_hours, schema.second_hours


ASCENDING = ["26 01:45", "26 02:00", "26 02:30", "26 02:00", "26 02:30", "26 03:00"]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_first_hour_is_of_summer_also_over_batches(size: int) -> None:
    assert told(*ASCENDING, size=size) == ([3, 4], [5, 6])


def test_in_a_file_that_goes_back_in_time_the_first_hour_is_of_winter() -> None:
    assert told(*ASCENDING[::-1]) == ([5, 6], [3, 4])
    assert told("26 03:00", "26 02:00", "26 02:00", "26 01:00") == ([4], [3])


def test_two_lines_alone_are_first_and_second() -> None:
    assert told("26 02:00", "26 02:00") == ([2], [3])


def of_ends(*lines: tuple[str, str]) -> tuple[list[int], list[int]]:
    """Return the lines of the first and of the second hour; a line is a start and an end on 26 October."""
    schema = TableSchema(
        table_format="long",
        header_row=1,
        columns=[Column(key=key, heading=key, letter=key) for key in "AB"],
        timestamp_column="A",
        interval_end_column="B",
        time_zone="Europe/Berlin",
        interval_minutes=60,
    )
    hours = HourOrder(schema)
    hours.add(raw_batch(schema, [[f"2025-10-26 {time}" for time in line] for line in lines]))
    hours.finish()
    return schema.first_hours, schema.second_hours


def test_interval_that_ends_when_clocks_are_set_back_is_of_the_first_hour() -> None:
    assert of_ends(("01:00", "02:00"), ("02:00", "02:00"), ("02:00", "03:00")) == ([3], [4])


def test_interval_longer_than_the_hour_that_comes_twice_is_told_by_no_order() -> None:
    assert of_ends(("00:00", "02:00"), ("02:00", "04:00"), ("04:00", "06:00")) == ([], [])


def test_each_meter_has_its_own_order() -> None:
    assert told("26 02:00 M", "26 02:00 N", "26 02:00 M", "26 02:00 N") == ([2, 3], [4, 5])


def test_dates_that_are_filled_down_count_too() -> None:
    schema = TableSchema(
        table_format="long",
        header_row=1,
        columns=[Column(key=key, heading=key, letter=key) for key in "AB"],
        date_column="A",
        hour_column="B",
        time_zone="Europe/Berlin",
        interval_minutes=60,
        filled_down={"A": [(2, "26.10.2025")]},
    )
    hours = HourOrder(schema)

    hours.add(raw_batch(schema, [["26.10.2025", "1-2"], [None, "2-3"], [None, "2-3"]]))
    hours.finish()

    assert (schema.first_hours, schema.second_hours) == ([3], [4])


def test_zone_of_the_row_says_when_clocks_change() -> None:
    schema = TableSchema(
        table_format="long",
        header_row=1,
        columns=[Column(key=key, heading=key, letter=key) for key in "AB"],
        timestamp_column="A",
        tz_column="B",
        time_zone="UTC",
        interval_minutes=60,
    )
    hours = HourOrder(schema)

    hours.add(raw_batch(schema, [[f"2025-10-26 {hour}:00", "Europe/Berlin"] for hour in ("03", "02", "02", "01")]))
    hours.finish()

    assert (schema.first_hours, schema.second_hours) == ([4], [3])


def test_lines_in_the_order_of_the_clock_have_each_time_twice_the_first_one_first() -> None:
    lines = ["26 01:45", "26 02:00", "26 02:00", "26 02:15", "26 02:15", "26 02:30", "26 02:30", "26 03:00"]

    assert told(*lines) == ([3, 5, 7], [4, 6, 8])


@pytest.mark.parametrize(
    "lines",
    [
        ["26 01:00", "26 02:00", "26 03:00"],
        ["26 02:00", "26 02:00", "26 02:00"],
        ["26 02:00", "26 03:00", "26 02:00"],
        ["26 03:00", "26 02:00", "26 02:00", "26 03:15", "26 01:00"],
        ["26 02:00", "26 02:15", "26 02:30"],
        ["27 02:00", "27 02:00"],
        ["26 02:15", "26 02:15", "26 02:00", "26 02:00"],
    ],
    ids=["once", "three_times", "not_together", "no_order", "one_run", "another_day", "pairs_backwards"],
)
def test_what_the_order_does_not_tell_stays_untold(lines: list[str]) -> None:
    assert told(*lines) == ([], [])
