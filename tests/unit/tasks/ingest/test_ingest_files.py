"""Claiming, staging and failing: tests/integration/test_ingest.py."""

from __future__ import annotations

import pytest

from tasks.ingest.ingest_files import Request


@pytest.mark.parametrize(
    ("only", "path", "asked_for"),
    [
        (None, "a.csv", True),
        (["a.csv"], "a.csv", True),
        (["a.csv"], "a.csv.gz", False),
        (["D-7"], "D-7/a.csv", True),
        (["D-7/a.zip/one.csv"], "D-7/a.zip", True),
        (["D-7/a.zip/one.csv"], "D-7/a.zip/two.csv", False),
        ([], "a.csv", False),
    ],
)
def test_request_asks_for_files_folders_archives_and_their_members(
    only: list[str] | None, path: str, asked_for: bool
) -> None:
    assert Request(only=only).asks_for(path) is asked_for
