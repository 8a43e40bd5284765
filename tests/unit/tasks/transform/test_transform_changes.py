"""The order of the steps, which are replaced here; the real ones are in tests/integration/test_prefect.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest

from schemas.errors import TerminalError
from schemas.settings import Settings
from schemas.windows import Window
from tasks.transform import transform_changes as module
from tasks.transform.run_dbt import fingerprint
from tasks.transform.track_changes import Changes

WINDOWS = [Window(date(2025, 4, 30), date(2025, 4, 30))]


class FakeWarehouse:
    settings = Settings()
    dsn = "postgresql://u:p@h/d"

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[None]:
        yield None


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Replaces the steps; what they were called with, in the order of the calls, and what has changed."""
    calls: dict[str, Any] = {"changes": Changes(3, WINDOWS, fingerprint(Settings()), "checksum"), "build_fails": False}

    @asynccontextmanager
    async def hold(*_: object) -> AsyncIterator[None]:
        yield

    async def nothing(*_: object) -> list[object]:
        return []

    async def start(*_: object) -> Changes:
        changes: Changes = calls["changes"]
        return changes

    async def refresh(_: object, __: object, windows: list[Window], ___: object, *, full: bool) -> list[Window]:
        calls["refresh"] = (windows, full)
        return []

    def build(*_: object, **options: object) -> None:
        calls["build"] = options
        if calls["build_fails"]:
            raise TerminalError("dbt: a model failed")

    async def finish(*_: object) -> None:
        calls["finish"] = True

    for name, step in {
        "hold": hold,
        "dbt_role": nothing,
        "find_targets": nothing,
        "start_changes": start,
        "refresh": refresh,
        "build": build,
        "finish_changes": finish,
    }.items():
        monkeypatch.setattr(module, name, step)
    return calls


async def transform() -> module.Transformed:
    warehouse: Any = FakeWarehouse()
    return await module.transform_changes(warehouse)


async def test_changed_days_are_refreshed_built_and_finished(steps: dict[str, Any]) -> None:
    done = await transform()

    assert (done.building_days, done.full) == (3, False)
    assert steps["refresh"] == (WINDOWS, False)
    assert (steps["build"]["windows"], steps["build"]["full"], steps["build"]["project"]) == (
        WINDOWS,
        False,
        "checksum",
    )
    assert list(steps)[-3:] == ["refresh", "build", "finish"]


async def test_without_changes_nothing_is_done(steps: dict[str, Any]) -> None:
    steps["changes"] = Changes(0, [], fingerprint(Settings()), "checksum")

    done = await transform()

    assert (done.building_days, done.full) == (0, False)
    assert not {"refresh", "build", "finish"} & set(steps)


async def test_other_settings_build_everything_also_without_changes(steps: dict[str, Any]) -> None:
    steps["changes"] = Changes(0, [], "other settings", "checksum")

    done = await transform()

    assert done.full
    assert steps["refresh"] == ([], True)
    assert steps["build"]["full"]


async def test_failed_build_keeps_the_record_of_changes(steps: dict[str, Any]) -> None:
    steps["build_fails"] = True

    with pytest.raises(TerminalError, match="a model failed"):
        await transform()

    assert "finish" not in steps
