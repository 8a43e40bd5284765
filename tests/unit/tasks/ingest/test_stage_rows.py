"""What stage then holds: tests/integration/test_ingest.py."""

from __future__ import annotations

from schemas.table_schema import TableSchema
from tasks.ingest.stage_rows import describe_staged


def table(notes: list[str], skipped: dict[str, int]) -> TableSchema:
    return TableSchema(
        table_format="long",
        header_row=1,
        columns=[],
        time_zone="UTC",
        interval_minutes=60,
        notes=notes,
        skipped=skipped,
    )


def test_message_of_a_file_that_loads_sums_up_its_tables() -> None:
    tables = [table(["заметка"], {"примечания": 1}), table([], {"примечания": 2, "итоговые строки": 1})]

    assert describe_staged(tables, 5) == "заметка; пропущено: итоговые строки 1, примечания 3"


def test_file_without_rows_says_so_and_one_without_remarks_nothing() -> None:
    assert describe_staged([], 0) == "в файле нет ни одной строки с данными"
    assert describe_staged([table([], {})], 1) is None
