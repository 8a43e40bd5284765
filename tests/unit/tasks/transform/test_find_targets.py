"""The names; the catalog is asked in tests/integration/test_features.py and test_timescale.py."""

from __future__ import annotations

from tasks.transform.find_targets import Target


def test_name_is_quoted_part_by_part() -> None:
    target = Target("agg.order", "materialized_view", can_be_concurrent=True, is_own=False)

    assert target.quoted == '"agg"."order"'
    assert target.table == "order"
