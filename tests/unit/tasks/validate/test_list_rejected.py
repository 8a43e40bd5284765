from __future__ import annotations

import pyarrow as pa

from schemas.settings import Settings
from tasks.validate.list_rejected import list_rejected
from tasks.validate.parse_readings import parse
from tests.unit.tasks.validate.tables import long_row, long_table, raw_batch


def test_what_a_file_says_twice_in_two_tables_and_what_breaks_a_rule_is_listed_and_unknown_codes_are_not() -> None:
    table = long_table()
    first = raw_batch(table, [long_row(value="60"), long_row(metric="consumption_period", value="-1", unit="м3")])
    second = raw_batch(table, [long_row(value="61")])
    parsed = pa.concat_tables([parse(table, first), parse(table, second, table=1)])

    errors = list_rejected([table, table], parsed, Settings()).to_pylist()

    assert sorted((error["table"], error["row_num"], error["reason"]) for error in errors) == [
        (0, 2, "conflicting_duplicate"),
        (0, 3, "negative"),
        (1, 2, "conflicting_duplicate"),
    ]
