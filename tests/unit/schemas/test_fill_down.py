from __future__ import annotations

from schemas.fill_down import fill_down
from schemas.table_schema import Column, TableSchema
from tests.unit.tasks.validate.tables import raw_batch

TABLE = TableSchema(
    table_format="long",
    header_row=1,
    columns=[Column(key=key, heading=key, letter=key) for key in "AB"],
    time_zone="UTC",
    interval_minutes=60,
    filled_down={"A": [(3, "x"), (6, "y")]},
)


def test_empty_cell_repeats_the_last_source_above_it_and_other_columns_stay() -> None:
    batch = raw_batch(TABLE, [[None, None], ["x", None], [None, "1"], ["z", None], ["y", None], [None, None]])

    filled = fill_down(TABLE, batch)

    assert filled.column("A").to_pylist() == [None, "x", "x", "z", "y", "y"]
    assert filled.column("B").to_pylist() == [None, None, "1", None, None, None]


def test_rows_alone_and_in_any_order_are_filled_alike() -> None:
    filled = fill_down(TABLE, raw_batch(TABLE, [[None, "1"], [None, "1"]], row_nums=[90, 4]))

    assert filled.column("A").to_pylist() == ["y", "x"]
