from __future__ import annotations

import datetime as dt
from typing import Self
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import AwaitingRetry, Cancelled, Completed, Crashed, Failed, Pending, Running, Scheduled

from flows.runtime import backfill_runs
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


class Api:
    """Of a Prefect API what a day needs: each look at the run finds the next of its states."""

    def __init__(self, *states: State) -> None:
        self.run = FlowRun(flow_id=uuid4(), state=states[0])
        self.coming = [*states[1:]]
        self.tried_again = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def read_flow_run(self, _: UUID) -> FlowRun:
        return self.run.model_copy(update={"state": self.coming.pop(0) if len(self.coming) > 1 else self.coming[0]})

    async def set_flow_run_state(self, _: UUID, state: State, *, force: bool) -> None:
        assert force
        assert state.name == AwaitingRetry().name
        self.tried_again += 1


@pytest.mark.parametrize(
    ("states", "why", "tried_again"),
    [
        ([Scheduled(), Running(), Completed()], "", 0),
        ([Scheduled(), Running(), Crashed(message="no sign of life")], "no sign of life", 0),
        ([Crashed(message="killed"), Scheduled(), Completed()], "", 1),
        ([Running(), Running(), Crashed(message="no sign of life"), Scheduled(), Completed()], "", 1),
        ([Pending(), Crashed(message="killed"), Scheduled(), Crashed(message="killed again")], "killed again", 1),
        ([Running(), Failed(message="a file is damaged")], "a file is damaged", 0),
    ],
    ids=["completed", "crashed", "left_crashed", "left_for_dead", "dead_twice", "left_running"],
)
async def test_day_whose_process_died_with_an_earlier_backfill_is_tried_again_once(
    monkeypatch: pytest.MonkeyPatch, states: list[State], why: str, tried_again: int
) -> None:
    api = Api(*states)

    async def start(*_: object) -> FlowRun:
        return api.run

    async def go_on(*_: object) -> None: ...

    monkeypatch.setattr(backfill_runs, "get_client", lambda: api)
    monkeypatch.setattr(backfill_runs, "_start", start)
    monkeypatch.setattr(backfill_runs, "_end_if_cancelled", go_on)
    monkeypatch.setattr(backfill_runs, "_POLL_SECONDS", 0)

    assert await DayRunner("origin").run(dt.date(2025, 4, 1)) == why
    assert api.tried_again == tried_again
