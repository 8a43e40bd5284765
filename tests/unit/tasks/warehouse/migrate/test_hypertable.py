from __future__ import annotations

from tasks.warehouse.migrate.hypertable import extrapolate


def test_table_that_was_copied_whole_is_not_scaled() -> None:
    assert extrapolate(99_999, 1.5, 3.0) == (99_999, 1.5)


def test_sample_is_scaled_by_size() -> None:
    assert extrapolate(100_000, 1.5, 20.0) == (2_000_000, 30.0)
