from __future__ import annotations

import pytest

from schemas.dates import NotATimeError
from schemas.row_times import RowTimes
from schemas.table_schema import Column, TableSchema
from schemas.time_faults import TimeFault

TABLE = TableSchema(
    table_format="long",
    header_row=1,
    columns=[Column(key=key, heading=key, letter=key) for key in "ABCDE"],
    timestamp_column="A",
    interval_column="D",
    time_zone="UTC",
    interval_minutes=60,
)


def test_row_that_states_a_length_has_that_one() -> None:
    rows = RowTimes.of(TABLE)

    assert rows.read(["2025-04-01", None, None, None, None, None], None).length == 0
    assert rows.read(["2025-04-01", None, None, "15 мин", None, None], None).length == 15
    assert rows.read(["2025-04-01", None, None, "15", None, None], None).length == -15  # nobody says of what
    assert rows._replace(length_unit="min").read(["2025-04-01", None, None, "15", None, None], None).length == 15
    assert rows.read(["2025-04-01", None, None, "1 мес", None, None], None).length == 30 * 1440


def test_period_has_the_length_that_its_row_states() -> None:
    rows = RowTimes.of(TABLE)

    for length in ("1 мес", f"{30 * 1440} мин"):
        assert rows.read(["Апрель 2025", None, None, length, None, None], None).length == 30 * 1440
    with pytest.raises(NotATimeError, match="period"):
        rows.read(["Апрель 2025", None, None, "60", None, None], None)


def test_row_whose_interval_ends_elsewhere_needs_that_end() -> None:
    rows = RowTimes.of(TABLE.model_copy(update={"interval_end_column": "E"}))

    assert rows.read(["2025-04-01", None, None, None, "2025-04-03", None], None).length == 2 * 1440
    with pytest.raises(NotATimeError) as caught:
        rows.read(["2025-04-01", None, None, None, None, None], None)
    assert caught.value.cell == "interval"
    texts = rows.texts(["=A1", None, None, None, "=B1", "=C1"])
    assert texts == {"date": "=A1", "hour": "", "interval": "=B1", "end_hour": "=C1"}


def test_interval_may_start_and_end_in_two_columns_each() -> None:
    ends = {"hour_column": "B", "interval_column": None, "interval_end_column": "D", "interval_end_hour_column": "E"}
    rows = RowTimes.of(TABLE.model_copy(update=ends))
    of_one_day = RowTimes.of(TABLE.model_copy(update=ends | {"interval_end_column": None}))

    assert rows.read(["2025-04-01", "22:30", None, None, "2025-04-02", "01:00"], None).length == 150
    assert of_one_day.read(["2025-04-01", "22:30", None, None, None, "00:00"], None).length == 90
    with pytest.raises(NotATimeError) as caught:
        rows.read(["2025-04-01", "22:30", None, None, "2025-04-02", None], None)
    assert (caught.value.cell, caught.value.fault) == ("end_hour", TimeFault.EMPTY)
