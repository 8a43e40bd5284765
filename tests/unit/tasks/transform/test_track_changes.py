"""What a record means; writing it is in tests/integration/test_aggregates.py."""

from __future__ import annotations

import pytest

from tasks.transform.track_changes import Changes


@pytest.mark.parametrize(
    ("fingerprint", "project", "expected"),
    [(None, None, False), ("settings", None, True), ("settings", "checksum", False)],
    ids=["never_built", "unfinished", "finished"],
)
def test_transform_is_unfinished_where_features_exist_without_a_project(
    fingerprint: str | None, project: str | None, expected: bool
) -> None:
    assert Changes(0, [], fingerprint, project).last_is_unfinished is expected
