"""What the data dictionary says of views that dbt does not make is what the database has."""

from __future__ import annotations

import pytest

from tests.data_dictionary import Relation, read_relations
from tests.harness import PipelineHarness, long_csv

CATALOG = """
    select attname as name, replace(format_type(atttypid, null), 'timestamp with time zone', 'timestamptz') as type
    from pg_attribute where attrelid = to_regclass($1) and attnum > 0 order by attnum
"""
OF_THE_PIPELINE = [one for one in read_relations() if ".ml_" not in one.name and one.name != "features.time_attributes"]


@pytest.mark.parametrize("relation", OF_THE_PIPELINE, ids=[relation.name for relation in OF_THE_PIPELINE])
async def test_columns_and_types_are_those_of_the_database(pipeline: PipelineHarness, relation: Relation) -> None:
    found = await pipeline.connection.fetch(CATALOG, relation.name)

    assert [(column.name, column.data_type) for column in relation.columns] == [tuple(row) for row in found]


@pytest.mark.usefixtures("prefect_api")
@pytest.mark.sessions
async def test_what_is_never_null_is_not_null_where_nearly_everything_is_missing(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("H", kind="hot_water")
    await pipeline.add_meter("C", kind="cold_water", building="other", itp="J")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,H,T1,60", "2025-04-30 05:00,C,consumption_period,1"))
    await pipeline.run()
    await pipeline.transform()

    for relation in read_relations():
        never = [column.name for column in relation.columns if column.null == "never"]
        known = ", ".join(f"count({name}) = count(*) as {name}" for name in never)
        row = await pipeline.connection.fetchrow(f"select count(*) > 0 as has_rows, {known} from {relation.name}")
        assert row
        assert [name for name, is_so in row.items() if not is_so] == [], relation.name
