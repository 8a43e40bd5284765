from __future__ import annotations

from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled, Completed, Failed

from flows.runtime.backfill_runs import DayRunner, describe_failure, origin_of, unfinished_origin


def backfill_run(state: State, *tags: str) -> FlowRun:
    return FlowRun(flow_id=uuid4(), state=state, tags=list(tags))


@pytest.mark.parametrize(
    ("state", "described"),
    [
        (Completed(), ""),
        (Failed(message="Flow run encountered an exception: RunFailedError: 'a.csv': empty"), "'a.csv': empty"),
        (Failed(message="the server is gone"), "the server is gone"),
        (Cancelled(), "Cancelled"),
    ],
    ids=["completed", "files_failed", "other_reason", "no_reason"],
)
def test_failure_of_a_day_is_described_in_its_own_words(state: State, described: str) -> None:
    assert describe_failure(state) == described


def test_backfill_continues_the_latest_unfinished_one_of_its_span() -> None:
    failed = backfill_run(Failed(), "span:a..b", "origin:first")
    completed = backfill_run(Completed(), "span:a..b", "origin:second")

    assert unfinished_origin([failed, completed]) == "first"
    assert unfinished_origin([completed, failed]) is None
    assert unfinished_origin([]) is None


def test_origin_is_read_from_the_tags() -> None:
    assert origin_of(backfill_run(Failed(), "own tag", "origin:x")) == "x"
    assert origin_of(backfill_run(Failed(), "own tag")) is None


def test_without_a_server_one_day_runs_at_a_time() -> None:
    assert DayRunner(None).max_concurrency == 1
    assert DayRunner("origin").max_concurrency > 1
