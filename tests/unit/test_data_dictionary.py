"""The page that readers look columns up in is what the dbt project says, and says a unit where there is one."""

from __future__ import annotations

import pytest

from tests.data_dictionary import PAGE, Column, as_markdown, read_relations

COLUMNS = [(relation.name, column) for relation in read_relations() for column in relation.columns]
# The ends of names that say a unit (docs/style: units end the column name).
UNITS = {"_m3": "м3", "_degc": "°C", "_gcal": "Гкал", "_t": "т", "_runtime_hours": "ч", "_completeness": "0 to 1"}


def test_page_is_what_make_dictionary_writes() -> None:
    assert PAGE.read_text("utf-8") == as_markdown(), "run `make dictionary`"


@pytest.mark.parametrize(("relation", "column"), COLUMNS, ids=[f"{name}.{column.name}" for name, column in COLUMNS])
def test_column_has_the_unit_of_its_name_and_every_number_has_one(relation: str, column: Column) -> None:
    by_name = [unit for end, unit in UNITS.items() if column.name.endswith(end) and column.name != "delta_t"]
    is_code = column.name.endswith("_id") or column.name == "quality"

    assert relation
    assert column.unit in (by_name or [column.unit])
    assert bool(column.unit) == (column.data_type not in {"text", "uuid", "date", "timestamptz", "boolean"}) or is_code
