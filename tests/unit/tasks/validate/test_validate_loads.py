"""The step itself needs a database: tests/integration/test_validate_loads.py."""

from __future__ import annotations

import pytest

from schemas.table_schema import TableSchema
from tasks.validate.validate_loads import StagedLoad
from tests.unit.tasks.validate.tables import LOAD, long_table, wide_table


@pytest.mark.parametrize(
    ("tables", "readings"),
    [
        pytest.param([long_table()], 10, id="long_one_a_row"),
        pytest.param([long_table(), wide_table()], 30, id="wide_one_a_metric"),
        pytest.param([], 10, id="no_tables"),
    ],
)
def test_a_load_is_sized_by_its_readings(tables: list[TableSchema], readings: int) -> None:
    assert StagedLoad(LOAD, "a.csv", 10, tables).readings == readings
