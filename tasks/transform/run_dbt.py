"""Run dbt: make what its project defines, compile the models, test, write the static docs."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import holidays
from pydantic import SecretStr

from schemas.errors import StepError
from schemas.problems import Step, StepProblem
from schemas.settings import PROJECT_ROOT, Settings
from tasks.warehouse.environment import environment

Result = TypeVar("Result")

_MAX_NODES_NAMED = 5
DBT_FOLDER = PROJECT_ROOT / "dbt"
SEEDS = DBT_FOLDER / "seeds"
_YEARS = range(2015, 2036)
_NO_VERSION_CHECK = ["--no-version-check"]
_END_SECONDS = 5.0
"""So long dbt may take to end once its sessions are cut."""


class DbtError(StepError):
    """Models or tests of the dbt project failed, or dbt itself: the last part of the transform."""

    step = Step.DBT


@cache
def project_checksum() -> str:
    """SHA-256 of the dbt project: while it is the one that was set up, its tables, views and seeds stay."""
    folders = (DBT_FOLDER / name for name in ("macros", "models", "seeds"))
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for file in (DBT_FOLDER / "dbt_project.yml", *files):
        digest.update(f"{file.relative_to(DBT_FOLDER)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def set_up_project(dsn: SecretStr, settings: Settings, *, role: str | None = None) -> None:
    """Make the tables that the project defines, empty or as they are, its views and its seeds, acting as a role.

    In a flow run every node shows as a task run. Blocks: call it in a thread.

    Raises:
        DbtError: names the nodes that failed, with what dbt says of each.

    """
    # `empty`: of the tests only those that are tagged themselves.
    arguments = ["build", "--indirect-selection", "empty", "--select", "resource_type:model", "tag:static"]
    _invoke(arguments, variables_of(dsn, settings, role), settings)


def compile_project(dsn: SecretStr, settings: Settings) -> list[Any]:
    """Compile the models, and the tests of each build, over days that are named as parameters; returns dbt's nodes."""
    parameters = {"DATAOPS_FIRST_DAY": ":first_day", "DATAOPS_LAST_DAY": ":last_day"}
    # `empty`: of the tests only those that are tagged themselves.
    selection = ["--indirect-selection", "empty", "--select", "resource_type:model", "tag:each_build"]
    with environment(variables_of(dsn, settings) | parameters):
        result = invoke_quietly(["compile", *selection], settings)
    if not result.success:
        raise _error_of(result)
    return [item.node for item in result.result.results]


def invoke_quietly(arguments: Sequence[str], settings: Settings) -> Any:  # noqa: ANN401 - dbtRunnerResult
    """Run dbt without Prefect, which would show each node as a task that has built or tested something."""
    from dbt.cli.main import dbtRunner

    project = ["--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER)]
    target = target_folder(settings)
    logs = ["--target-path", str(target), "--log-path", str(_log_folder(settings)), "--log-level", "none"]
    return dbtRunner().invoke([*arguments, *project, *logs, *_NO_VERSION_CHECK])


async def until_cancelled(work: Callable[[], Result]) -> Result:
    """Run dbt in a thread; a cancel ends its sessions first, so that nothing of it goes on behind the caller's back."""
    building = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(building)
    except asyncio.CancelledError:
        until = time.monotonic() + _END_SECONDS
        while not building.done() and time.monotonic() < until:
            _cut_sessions()  # each time: a thread of dbt goes on with the next node
            await asyncio.wait([building], timeout=0.2)
        raise


def _cut_sessions() -> None:
    """Cut dbt's connections under the threads that wait for the server, which may not answer."""
    from dbt.adapters.factory import FACTORY

    for adapter in list(FACTORY.adapters.values()):
        for connection in list(adapter.connections.thread_connections.values()):
            with contextlib.suppress(Exception):  # it is not open, or no longer
                socket.socket(fileno=os.dup(connection.handle.fileno())).shutdown(socket.SHUT_RDWR)


def check_data(dsn: SecretStr, settings: Settings, *, role: str | None = None) -> None:
    """Run every data test over all that there is, those too that no build runs; minutes where core is large.

    Raises:
        DbtError: names the tests that failed.

    """
    _invoke(["test", "--exclude", "test_type:unit"], variables_of(dsn, settings, role), settings)


def write_docs(dsn: SecretStr, settings: Settings) -> Path:
    """Write the static dbt docs, one HTML file, into `artifacts/dbt_docs/`."""
    _invoke(["docs", "generate", "--static"], variables_of(dsn, settings), settings)
    folder = settings.artifacts_dir / "dbt_docs"
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "index.html"
    page.write_bytes((target_folder(settings) / "static_index.html").read_bytes())
    return page


def write_calendar(folder: Path = SEEDS) -> None:
    """Write the seeds of Russian public holidays and working weekends from the library `holidays`."""
    days = holidays.country_holidays("RU", years=_YEARS, language="ru")
    _write_seed(folder / "public_holidays.csv", ["holiday_date", "name"], [[day, days[day]] for day in sorted(days)])
    _write_seed(folder / "working_weekends.csv", ["working_date"], [[day] for day in sorted(days.weekend_workdays)])


def _write_seed(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


def target_folder(settings: Settings) -> Path:
    """Return the folder in which dbt writes what it makes of the project."""
    return settings.state_dir / "dbt" / "target"


def _log_folder(settings: Settings) -> Path:
    return target_folder(settings).parent / "logs"


def _invoke(arguments: Sequence[str], variables: Mapping[str, str], settings: Settings) -> Any:  # noqa: ANN401
    from dbt_common.events.base_types import EventLevel
    from prefect_dbt import PrefectDbtRunner, PrefectDbtSettings

    with environment(variables):
        runner = PrefectDbtRunner(
            settings=PrefectDbtSettings(
                project_dir=DBT_FOLDER,
                profiles_dir=DBT_FOLDER,
                target_path=target_folder(settings),
                log_level=EventLevel.WARN,
            ),
            raise_on_failure=False,
        )
        others = set(threading.enumerate())
        logs = ["--log-path", str(_log_folder(settings)), *_NO_VERSION_CHECK]
        try:
            result = runner.invoke([*arguments, *logs])
        except ValueError as error:
            # In prefect-dbt's words what ended dbt before it had a result, such as a full disk.
            _, _, cause = str(error).partition("': ")
            raise DbtError(StepProblem.FAILED, error=_in_one_line(cause or str(error))) from None
        finally:
            _await_node_tasks(others)
    if not result.success:
        raise _error_of(result)
    return result


def _await_node_tasks(others: set[threading.Thread]) -> None:
    """Let the runner's threads, one a node, report their ends; they still read the environment."""
    for thread in set(threading.enumerate()) - others:
        if thread.name.endswith("(run_task)"):
            thread.join(timeout=30)


def _error_of(result: Any) -> DbtError:  # noqa: ANN401 - dbtRunnerResult
    nodes = getattr(result.result, "results", None) or []
    failed = {
        node.node.name: f"{node.node.name}: {' '.join(str(node.message).split())[:300]}"
        for node in nodes
        if str(node.status) in ("error", "fail", "runtime error")
    }
    if not failed:
        return DbtError(StepProblem.FAILED, error=_in_one_line(str(result.exception)))
    named = ", ".join([*failed][:_MAX_NODES_NAMED]) + ("…" if len(failed) > _MAX_NODES_NAMED else "")
    return DbtError(StepProblem.DBT_NODES_FAILED, nodes=named, error="; ".join(failed.values()))


def _in_one_line(text: str) -> str:
    return " ".join(text.split())[:600]


def variables_of(dsn: SecretStr, settings: Settings, role: str | None = None) -> dict[str, str]:
    """Return the environment that the dbt project reads; with it, or its defaults, dbt knows database and settings."""
    url = urlsplit(dsn.get_secret_value())
    return {
        "DBT_HOST": url.hostname or "127.0.0.1",
        "DBT_PORT": str(url.port or 5432),
        "DBT_USER": unquote(url.username or ""),
        "DBT_ENV_SECRET_PASSWORD": unquote(url.password or ""),
        "DBT_DBNAME": url.path.lstrip("/"),
        "DBT_ROLE": role or "",
        "DBT_SSLMODE": parse_qs(url.query).get("sslmode", ["prefer"])[0],
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "DEFAULT_TZ": settings.default_tz,
        "DAY_START": str(settings.day_start),
        "DAY_END": str(settings.day_end),
        **{f"{role.upper()}_SCHEMA": name for role, name in settings.schemas.items()},
    }
