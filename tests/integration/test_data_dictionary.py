"""What the data dictionary says of views that dbt does not make is what the database has."""

from __future__ import annotations

import pytest

from tests.data_dictionary import Relation, read_relations
from tests.harness import PipelineHarness

CATALOG = """
    select attname as name, replace(format_type(atttypid, null), 'timestamp with time zone', 'timestamptz') as type
    from pg_attribute where attrelid = to_regclass($1) and attnum > 0 order by attnum
"""
OF_THE_PIPELINE = [one for one in read_relations() if ".ml_" not in one.name and one.name != "features.time_attributes"]


@pytest.mark.parametrize("relation", OF_THE_PIPELINE, ids=[relation.name for relation in OF_THE_PIPELINE])
async def test_columns_and_types_are_those_of_the_database(pipeline: PipelineHarness, relation: Relation) -> None:
    found = await pipeline.connection.fetch(CATALOG, relation.name)

    assert [(column.name, column.data_type) for column in relation.columns] == [tuple(row) for row in found]
