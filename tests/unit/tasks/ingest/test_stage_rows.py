"""What stage then holds: tests/integration/test_ingest.py."""

from __future__ import annotations

from schemas.table_schema import TableSchema
from tasks.ingest.stage_rows import describe_staged


def table(*notes: str) -> TableSchema:
    return TableSchema(
        table_format="long", header_row=1, columns=[], time_zone="UTC", interval_minutes=60, notes=[*notes]
    )


def test_message_of_a_file_that_loads_sums_up_its_tables_and_the_file() -> None:
    assert describe_staged(["о файле"], [table("заметка"), table()], 5) == "заметка; о файле"


def test_file_without_rows_says_so_and_one_without_remarks_nothing() -> None:
    assert describe_staged([], [], 0) == "в файле нет ни одной строки с данными"
    assert describe_staged([], [table()], 1) is None
