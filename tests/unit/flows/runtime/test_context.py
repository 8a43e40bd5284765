from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from pydantic import SecretStr

from flows.runtime import context
from flows.runtime.context import RunContext, StepResult, conclude_step, run_settings
from schemas.errors import RunFailedError
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

    assert "warehouse" not in run.model_dump()
    assert "s3cret" not in repr(run)
    assert run.run.business_date == date(2025, 4, 30)
