"""The order of the steps, which are replaced here; the real ones are in tests/integration/test_features.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest

from schemas.errors import TerminalError
from schemas.problems import StepProblem
from schemas.settings import Settings
from schemas.windows import Window
from tasks.transform import transform_changes as module
from tasks.transform.feature_statements import FeatureStatements, fingerprint
from tasks.transform.plan_windows import RetentionSplit, split_at_retention
from tasks.transform.run_dbt import DbtError, project_checksum
from tasks.transform.track_changes import Changes, TransformState

OLD = Window(date(2024, 1, 1), date(2024, 1, 2))
NEW = Window(date(2025, 4, 30), date(2025, 4, 30))
STATEMENTS = FeatureStatements(changed_days="changed", window_tables=[], models=[], tests=[])
CURRENT = TransformState(fingerprint(STATEMENTS, Settings()), project_checksum())


class FakeConnection:
    async def execute(self, query: str) -> None:
        assert query == "set work_mem = '256MB'"


class FakeWarehouse:
    settings = Settings()
    dsn = "postgresql://u:p@h/d"

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[FakeConnection]:
        yield FakeConnection()


class Steps:
    """What was done in which order, what has changed, and what the features were last built with."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.changes = Changes({date(2024, 1, 1): 3, date(2024, 1, 2): 1, date(2025, 4, 30): 2})
        self.state = CURRENT
        self.error: Exception | None = None
        self.retention_start: date | None = None

    @asynccontextmanager
    async def hold(self, *_: object) -> AsyncIterator[None]:
        yield

    async def nothing(self, *_: object) -> list[object]:
        return []

    async def read_state(self, *_: object) -> TransformState:
        return self.state

    def set_up_project(self, *_: object, **__: object) -> None:
        self.done.append("set up")

    def compiled_statements(self, *_: object) -> FeatureStatements:
        return STATEMENTS

    async def record_new_fingerprint(self, _: object, state: TransformState, __: object) -> None:
        assert state == CURRENT
        self.done.append("all days")

    async def record_moved_meters(self, *_: object) -> None:
        self.done.append("moved meters")

    async def record_project(self, _: object, project: str | None, __: object) -> None:
        self.done.append("project" if project else "no project")

    async def start_changes(self, *_: object) -> Changes:
        return self.changes

    async def refresh(self, *_: object) -> RetentionSplit:
        self.done.append("refresh")
        return split_at_retention(self.changes.windows, self.retention_start)

    async def finish_days(self, _: object, window: Window, __: object) -> None:
        self.done.append(f"left {window}")

    async def build_features(self, _: object, __: object, window: Window, ___: object, **____: object) -> None:
        if self.error:
            raise self.error
        self.done.append(window)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    steps = Steps()
    for name in (
        "hold",
        "read_state",
        "set_up_project",
        "compiled_statements",
        "record_new_fingerprint",
        "record_moved_meters",
        "record_project",
        "start_changes",
        "refresh",
        "build_features",
        "finish_days",
    ):
        monkeypatch.setattr(module, name, getattr(steps, name))
    for name in ("dbt_role", "find_targets"):
        monkeypatch.setattr(module, name, steps.nothing)
    return steps


async def transform() -> module.Transformed:
    warehouse: Any = FakeWarehouse()
    return await module.transform_changes(warehouse)


async def test_changed_days_are_refreshed_and_built_the_newest_first(steps: Steps) -> None:
    done = await transform()

    assert (done.building_days, done.full) == (6, False)
    assert steps.done == ["moved meters", "refresh", NEW, OLD]


async def test_days_of_which_retention_has_dropped_readings_are_left_as_they_are(steps: Steps) -> None:
    steps.retention_start = date(2024, 1, 2)

    assert (await transform()).building_days == 6
    assert steps.done == ["moved meters", "refresh", "left 2024-01-01:2024-01-01", NEW, Window(OLD.last, OLD.last)]


async def test_without_changes_nothing_is_done(steps: Steps) -> None:
    steps.changes = Changes({})

    done = await transform()

    assert (done.building_days, done.full) == (0, False)
    assert steps.done == ["moved meters"]


async def test_other_settings_or_models_change_all_days(steps: Steps) -> None:
    steps.state = TransformState("other settings", CURRENT.project)

    assert (await transform()).full
    assert steps.done == ["all days", "refresh", NEW, OLD]


async def test_another_project_is_set_up_first(steps: Steps) -> None:
    steps.state = TransformState(CURRENT.fingerprint, "another")

    assert not (await transform()).full
    assert steps.done == ["set up", "moved meters", "project", "refresh", NEW, OLD]


async def test_database_without_features_is_set_up_and_filled(steps: Steps) -> None:
    steps.state = TransformState(None, None)

    assert (await transform()).full
    assert steps.done == ["set up", "all days", "refresh", NEW, OLD]


async def test_model_that_fails_has_the_next_transform_look_at_what_it_needs(steps: Steps) -> None:
    steps.error = DbtError(StepProblem.DBT_NODES_FAILED, nodes="m", error="m: no such view")

    with pytest.raises(DbtError, match="no such view"):
        await transform()

    assert steps.done == ["moved meters", "refresh", "no project"]


async def test_other_errors_leave_the_project_alone(steps: Steps) -> None:
    steps.error = TerminalError("no space")

    with pytest.raises(TerminalError, match="no space"):
        await transform()

    assert steps.done == ["moved meters", "refresh"]
