from __future__ import annotations

import datetime as dt

from tasks.operate.show_status import ChangedColumns, Status


def test_json_of_the_status_keeps_the_key_of_changed_columns() -> None:
    changed = ChangedColumns(
        source="long", since=dt.datetime(2025, 4, 30, tzinfo=dt.UTC), source_file="a.csv", added=["new"], removed=[]
    )
    status = Status(
        server_version="18",
        extensions={},
        days_waiting_for_features=0,
        row_errors_open=0,
        last_loads=[],
        held_loads=[],
        unfinished_loads=[],
        days_with_gaps=[],
        meters_silent=0,
        silent_examples=[],
        outdated_sources=[],
        changed_columns=[changed],
    )

    assert status.model_dump()["changed_layouts"] == [changed.model_dump()]
