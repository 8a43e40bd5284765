from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Crashed, Failed
from pydantic import SecretStr

from flows.runtime import context
from flows.runtime.context import RunContext, StepResult, conclude_step, run_settings
from schemas.errors import RunFailedError, TerminalError
from schemas.settings import Settings
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


async def test_failed_step_is_named_in_its_own_words() -> None:
    ours: State[object] = Failed(
        message="Flow run encountered an exception", data=TerminalError("the folder is not writable")
    )
    crashed: State[object] = Crashed(message="the worker was killed")

    assert await context._why(ours) == "the folder is not writable"
    assert await context._why(crashed) == "the worker was killed"
