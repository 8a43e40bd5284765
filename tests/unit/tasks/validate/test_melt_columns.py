from __future__ import annotations

import numpy as np
import pyarrow as pa

from schemas.table_schema import MetricColumn
from tasks.validate.melt_columns import column_groups
from tests.unit.tasks.validate.tables import raw_batch, wide_row, wide_table

COLUMNS = [
    MetricColumn(key="Подача", metric="T1", meter_code="A"),
    MetricColumn(key="Т1", metric="T2"),
    MetricColumn(key="Т2", metric="T1", meter_code="B"),
]


def test_columns_of_one_metric_unit_and_way_to_write_numbers_are_one_group() -> None:
    groups = list(column_groups(wide_table(metrics=COLUMNS)))
    doubtful = list(column_groups(wide_table(metrics=COLUMNS, doubtful_marks={"Т2": ","})))

    assert [[column.key for column in group.columns] for group in groups] == [["Подача", "Т2"], ["Т1"]]
    assert [group.doubtful_marks for group in doubtful] == ["", "", ","]


def test_cells_are_below_each_other_column_after_column_with_what_rows_and_columns_say() -> None:
    table = wide_table(metrics=COLUMNS)
    batch = raw_batch(table, [wide_row("1", t2="3"), wide_row("2", t2="4")])
    group = next(iter(column_groups(table)))
    of_rows = pa.array(["X", None]).dictionary_encode()

    assert group.cells(batch).to_pylist() == ["1", "2", "3", "4"]
    assert group.tile(np.array([7, 8])).tolist() == [7, 8, 7, 8]
    assert group.repeat(of_rows).to_pylist() == ["X", None, "X", None]
    assert group.codes("meter_code", of_rows).to_pylist() == ["A", "A", "B", "B"]
    assert group.codes("itp_code", of_rows).to_pylist() == ["X", None, "X", None]
