from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from prefect.states import Completed, Crashed, Failed
from pydantic import SecretStr

from flows.runtime import context
from flows.runtime.context import (
    EndedStep,
    RunContext,
    StepResult,
    conclude_step,
    describe_failed_steps,
    find_failures,
    run_settings,
)
from schemas.errors import RunFailedError, TerminalError
from schemas.problems import Step, StepProblem
from schemas.settings import Settings
from tasks.transform.run_dbt import DbtError
from tasks.warehouse.batches import BatchResult
from tasks.warehouse.connection import Warehouse


def test_step_with_a_failed_file_fails_and_names_it() -> None:
    with pytest.raises(RunFailedError, match="empty"):
        conclude_step(BatchResult(3, {"a.csv": "empty"}))

    assert conclude_step(BatchResult(3)) == StepResult(files=3)


def test_settings_are_read_once_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Settings] = []

    def load() -> Settings:
        read.append(Settings())
        return read[-1]

    monkeypatch.setattr(context, "load_settings", load)
    context._settings_of.cache_clear()

    assert run_settings() is run_settings()
    assert len(read) == 1
    context._settings_of.cache_clear()


def test_credentials_do_not_travel_with_a_run() -> None:
    warehouse = Warehouse(settings=Settings(), dsn=SecretStr("postgresql://u:s3cret@h/d"))
    run = RunContext(flow_run_id=uuid4(), claim_key=1, day=date(2025, 4, 30), warehouse=warehouse)

    assert set(run.model_dump()) == {"flow_run_id", "claim_key", "day"}
    assert "s3cret" not in run.model_dump_json()
    assert "s3cret" not in repr(run)
    assert run.run.business_date == date(2025, 4, 30)


async def test_steps_that_failed_are_named_in_their_own_words_but_not_those_whose_files_failed() -> None:
    broken = "Flow run encountered an exception"
    steps: list[EndedStep] = [
        (Step.INGEST, Failed(message=broken, data=RunFailedError.of({"a.csv": "пустой"}))),
        (Step.INGEST, Failed(message=broken, data=RunFailedError.of({"b.csv": "занят"}))),
        (Step.VALIDATE, Completed()),
        (Step.LOAD, Crashed(message="the worker was killed")),
        (Step.REFRESH, Failed(message=broken, data=DbtError(StepProblem.DBT_NODES_FAILED, nodes="m", error="m: bad"))),
        (Step.REPORT, Failed(message=broken, data=TerminalError("the folder is not writable"))),
        (Step.REPORT, Failed(message=broken, data=KeyError("a bug"))),
    ]

    files, failed = await find_failures(steps)

    assert files == {"a.csv": "пустой", "b.csv": "занят"}
    assert [step.detail for step in failed] == [
        "load: the worker was killed",
        "dbt: m: bad",
        "report: the folder is not writable",
        "report: KeyError: 'a bug'",
    ]
    assert (await describe_failed_steps(steps))[Step.DBT] == "ошибка в m"
