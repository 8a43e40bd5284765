from __future__ import annotations

from tasks.warehouse.prefect_tasks import describe_batch


def test_task_is_named_after_its_batch() -> None:
    assert describe_batch("ingest", ["a.csv"]) == "ingest a.csv"
    assert describe_batch("ingest", ["a.csv", "b.csv", "c.csv"]) == "ingest 3 files: a.csv …"
