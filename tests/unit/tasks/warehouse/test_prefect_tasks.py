from __future__ import annotations

import asyncio

import asyncpg
import pytest
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from schemas.errors import TerminalError
from tasks.warehouse import prefect_tasks
from tasks.warehouse.prefect_tasks import BATCH_TASK, describe_batch, is_worth_retrying, show_progress


@pytest.mark.parametrize(
    ("data", "expected"),
    [(asyncpg.ConnectionDoesNotExistError("x"), True), (TerminalError("x"), False), ("a value", False)],
    ids=["connection_lost", "bad_file", "no_error"],
)
def test_only_what_may_pass_by_itself_is_tried_again(data: object, expected: bool) -> None:
    state: State[object] = (Failed if isinstance(data, Exception) else Completed)(data=data)

    assert is_worth_retrying(None, None, state) is expected
    assert BATCH_TASK["retry_condition_fn"] is is_worth_retrying


async def test_progress_never_goes_back_and_ends_with_the_last_share(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[float] = []
    created = asyncio.Event()

    async def create(*, progress: float, description: str) -> str:
        shown.append(progress)
        created.set()
        return description

    async def update(_: str, *, progress: float) -> None:
        shown.append(progress)

    monkeypatch.setattr(prefect_tasks, "_UPDATE_SECONDS", 0.001)
    monkeypatch.setattr(prefect_tasks, "acreate_progress_artifact", create)
    monkeypatch.setattr(prefect_tasks, "aupdate_progress_artifact", update)

    async with show_progress("a.csv") as report:
        report(0.5)
        await created.wait()
        report(0.25)
        report(7)

    assert shown[0] == 50
    assert shown[-1] == 100
    assert shown == sorted(shown)


async def test_short_work_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    async def create(**_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(prefect_tasks, "acreate_progress_artifact", create)

    async with show_progress("a.csv") as report:
        report(1)


def test_task_is_named_after_its_batch() -> None:
    assert describe_batch("ingest", ["a.csv"]) == "ingest a.csv"
    assert describe_batch("ingest", ["a.csv", "b.csv", "c.csv"]) == "ingest 3 files: a.csv …"
