from __future__ import annotations

import pytest

from schemas.dates import NotATimeError
from schemas.row_times import RowTimes
from schemas.table_schema import Column, TableSchema

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

    assert rows.read(["2025-04-01", None, None, None, None], None).length == 0
    assert rows.read(["2025-04-01", None, None, "15", None], None).length == 15
    assert rows.read(["2025-04-01", None, None, "1 мес", None], None).length == 30 * 1440


def test_period_beats_the_length_that_its_row_states() -> None:
    assert RowTimes.of(TABLE).read(["Апрель 2025", None, None, "60", None], None).length == 30 * 1440


def test_row_whose_interval_ends_elsewhere_needs_that_end() -> None:
    rows = RowTimes.of(TABLE.model_copy(update={"interval_end_column": "E"}))

    assert rows.read(["2025-04-01", None, None, None, "2025-04-03"], None).length == 2 * 1440
    with pytest.raises(NotATimeError) as caught:
        rows.read(["2025-04-01", None, None, None, None], None)
    assert caught.value.cell == "interval"
    assert rows.texts(["=A1", None, None, None, "=B1"]) == {"date": "=A1", "hour": "", "interval": "=B1"}
