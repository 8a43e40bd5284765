"""The schedule for real: a server, a work pool and workers on a separate embedded PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import psutil
import psycopg2
import pytest
import websockets
from fastapi.routing import APIWebSocketRoute
from psycopg2.extras import RealDictCursor
from websockets.typing import Subprotocol

from schemas.settings import PROJECT_ROOT
from tasks.operate.generate_samples import generate
from tasks.warehouse import embedded_postgres
from tests.prefect_client import prefect_client
from tests.waiting import SECONDS, wait_for

pytestmark = pytest.mark.server

FIRST = date(2025, 4, 28)
DAYS = [FIRST + timedelta(days=number) for number in range(3)]
ENDS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class Machine(NamedTuple):
    """A machine on which `dataops up` has been called."""

    environment: dict[str, str]
    raw_dir: Path
    http: httpx.Client

    def dataops(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("dataops")), *arguments],
            env=self.environment,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("dataops")), *arguments],
            env=self.environment,
            cwd=PROJECT_ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rows(self, query: str) -> list[Any]:
        dsn = embedded_postgres.start(Path(self.environment["STATE_DIR"]))
        with closing(psycopg2.connect(dsn, cursor_factory=RealDictCursor)) as connection:
            cursor = connection.cursor()
            cursor.execute(query)
            return [dict(row) for row in cursor]

    def as_up_says(self) -> dict[str, str]:
        """What a person exports for the `prefect` command."""
        folder = Path(self.environment["STATE_DIR"], "prefect")
        return {
            "PREFECT_API_URL": (folder / "api_url").read_text(),
            "PREFECT_API_AUTH_STRING": (folder / "login").read_text(),
        }

    def flow_runs(self, name: str) -> list[dict[str, Any]]:
        body = {"flow_runs": {"name": {"like_": name}}, "sort": "START_TIME_ASC"}
        answer = self.http.post("/flow_runs/filter", json=body)
        return [run for run in answer.raise_for_status().json() if run["deployment_id"]]

    @contextmanager
    def blocked(self, table: str = "quality.quality_load_log") -> Iterator[None]:
        """Keep every run from a table, by default from its claims: it is still busy when something is done to it."""
        dsn = embedded_postgres.start(Path(self.environment["STATE_DIR"]))
        with closing(psycopg2.connect(dsn)) as connection:
            connection.cursor().execute(f"lock table {table}")
            yield

    async def wait_until_blocked(self, command: subprocess.Popen[str] | None = None) -> None:
        """Wait until a session waits for the table, as long as the command that it belongs to lives."""

        def waiting() -> int:
            assert command is None or command.poll() is None, command and command.communicate()
            (row,) = self.rows("select count(*) as locks from pg_locks where not granted")
            return int(row["locks"])

        await wait_for("a run to come to the table", waiting)

    async def wait_until_gone(self) -> None:
        """Wait until no session and no lock of a run is left."""
        sessions = (
            "select application_name, state, query from pg_stat_activity where application_name in ('dataops', 'dbt')"
        )
        await wait_for("sessions to end", lambda: self.rows(sessions), 15, done=lambda left: not left)

    @contextmanager
    def frozen(self, worker: str) -> Iterator[None]:
        """Keep a worker from asking for work; the runs that it has started go on."""
        started = Path(self.environment["STATE_DIR"], "prefect", f"{worker}.pid")
        process = psutil.Process(int(started.read_text().split()[0]))
        process.suspend()
        try:
            yield
        finally:
            process.resume()

    def set_state(self, run_id: str, kind: str, name: str, *, force: bool = False, **details: str) -> None:
        """Do what a button of the UI does."""
        state = {"type": kind, "name": name, "state_details": details}
        body = {"state": state, "force": force}
        self.http.post(f"/flow_runs/{run_id}/set_state", json=body).raise_for_status()

    def cancel_backfill(self, days: list[date]) -> dict[str, Any]:
        """Send what Cancel in the UI sends."""
        body = {"flow_runs": {"name": {"any_": [f"backfill/{days[0]}..{days[-1]}"]}}}
        (run,) = self.http.post("/flow_runs/filter", json=body).json()
        self.set_state(run["id"], "CANCELLING", "Cancelling")
        cancelled: dict[str, Any] = run
        return cancelled

    def cancel_by_command(self, run_id: str) -> None:
        """Cancel as the runbook says."""
        subprocess.run(
            [sys.executable, "-m", "prefect", "flow-run", "cancel", run_id],
            env=self.environment | self.as_up_says(),
            check=True,
            capture_output=True,
        )

    def read_run(self, run_id: str) -> dict[str, Any]:
        run: dict[str, Any] = self.http.get(f"/flow_runs/{run_id}").raise_for_status().json()
        return run

    def start_run(self, day: date, *, at: datetime | None = None) -> str:
        deployment = self.http.get("/deployments/name/load-day/day").raise_for_status().json()
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": str(at or datetime.now(UTC))}}
        body = {"parameters": {"date": str(day)}, "state": state}
        run = self.http.post(f"/deployments/{deployment['id']}/create_flow_run", json=body).raise_for_status().json()
        return str(run["id"])

    def kill(self, name: str) -> None:
        """Kill a process that `dataops up` has started, as nothing that can be handled."""
        started = Path(self.environment["STATE_DIR"], "prefect", f"{name}.pid")
        psutil.Process(int(started.read_text().split()[0])).kill()

    async def wait(self, run_id: str, states: tuple[str, ...] = ENDS, seconds: float = SECONDS) -> dict[str, Any]:
        return await wait_for(
            f"run {run_id} to be one of {states}",
            lambda: self.read_run(run_id),
            seconds,
            done=lambda run: run["state_type"] in states,
        )

    async def first_run(self, name: str, command: subprocess.Popen[str], *, state: str) -> dict[str, Any]:
        """Wait until a run of this name is in the state, as long as the command that starts it lives."""

        def read() -> list[dict[str, Any]]:
            assert command.poll() is None, f"the command has ended with {command.returncode}"
            return self.flow_runs(name)

        runs = await wait_for(
            f"{name} to be {state}", read, every=0.05, done=lambda runs: any(run["state_type"] == state for run in runs)
        )
        return next(run for run in runs if run["state_type"] == state)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    home = tmp_path_factory.mktemp("machine")
    raw_dir = home / "raw"
    generate(raw_dir, days=DAYS, buildings=4, seed=1, faults=False)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = kept | {
        "STATE_DIR": str(home / "state"),
        "RAW_DIR": str(raw_dir),
        "ARTIFACTS_DIR": str(home / "artifacts"),
        "DEFAULT_TZ": "Europe/Moscow",
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "FILE_SETTLE_SEC": "0",
    }
    environment.pop("DATABASE_URL", None)
    found = Machine(environment, raw_dir, httpx.Client())
    up = found.dataops("up", "--workers", "2")
    try:
        assert up.returncode == 0, up.stderr
        assert (home / "state" / "prefect" / "login").read_text().partition(":")[2] not in up.stdout + up.stderr
        loaded = found.dataops("reference", "load")
        assert loaded.returncode == 0, loaded.stderr
        with closing(prefect_client(home / "state")) as http:
            yield found._replace(http=http)
    finally:
        found.dataops("down", "--all")


async def test_scheduled_runs_appear_in_the_utilitys_zone(machine: Machine) -> None:
    moscow = ZoneInfo("Europe/Moscow")

    def scheduled() -> set[tuple[str, int | None]]:
        body = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "limit": 200}
        runs = machine.http.post("/flow_runs/filter", json=body).json()
        starts = [(datetime.fromisoformat(run["expected_start_time"]), run["parameters"]) for run in runs]
        return {(f"{start.astimezone(moscow):%H:%M}", given.get("days_back")) for start, given in starts}

    times = await wait_for(
        "runs of all three schedules",
        scheduled,
        done=lambda found: len({time if back else "hourly" for time, back in found}) >= 3,
    )

    assert {(time, back) for time, back in times if back} == {("01:15", 1), ("02:30", 1)}
    assert {time.partition(":")[2] for time, back in times if not back} == {"10"}


async def test_a_deployment_run_with_a_date_loads_that_day(machine: Machine) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "deployment", "run", "load-day/day", "-p", f"date={DAYS[0]}"],
        env=machine.environment | machine.as_up_says(),
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    body = {"deployments": {"name": {"any_": ["day"]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 50}
    runs = machine.http.post("/flow_runs/filter", json=body).json()
    (started,) = [run for run in runs if run["parameters"].get("date") == str(DAYS[0])]

    run = await machine.wait(started["id"])

    assert (run["state_type"], run["name"]) == ("COMPLETED", f"load-day/{DAYS[0]}")
    statuses = machine.rows(f"select distinct status from quality.quality_load_log where business_date = '{DAYS[0]}'")
    assert statuses == [{"status": "success"}]
    artifacts = machine.http.post("/artifacts/filter", json={}).json()
    of_run = {
        artifact["key"]: artifact for artifact in artifacts if artifact["key"] and artifact["flow_run_id"] == run["id"]
    }
    assert set(of_run) == {f"quality-{DAYS[0]}", f"quality-{DAYS[0]}-report"}
    assert f"{DAYS[0]}/report.html" in of_run[f"quality-{DAYS[0]}-report"]["data"]


@pytest.mark.slow
async def test_backfill_runs_each_day_once_two_at_a_time_and_resumes_with_the_failed_day(
    machine: Machine,
) -> None:
    broken = machine.raw_dir / str(DAYS[1]) / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 cut off")

    first = machine.dataops("backfill", str(DAYS[0]), str(DAYS[-1]), "--concurrency", "2")
    runs = {day: machine.flow_runs(f"load-day/{day}") for day in DAYS}
    broken.unlink()
    second = machine.dataops("backfill", str(DAYS[0]), str(DAYS[-1]), "--concurrency", "2")
    again = {day: machine.flow_runs(f"load-day/{day}") for day in DAYS}

    assert first.returncode == 1
    assert "broken.xlsx" in first.stderr
    assert second.returncode == 0, second.stderr
    of_backfill = {day: [run for run in runs[day] if any("backfill:" in tag for tag in run["tags"])] for day in DAYS}
    assert [len(found) for found in of_backfill.values()] == [1] * len(DAYS)
    assert _max_concurrent([run for found in of_backfill.values() for run in found]) <= 2
    counts = {day: (before[0]["run_count"], again[day][-1]["run_count"]) for day, before in of_backfill.items()}
    assert {day for day, (one, two) in counts.items() if two > one} == {DAYS[1]}
    assert {day: len(found) for day, found in again.items()} == {day: len(found) for day, found in runs.items()}


def _max_concurrent(runs: list[dict[str, Any]]) -> int:
    changes = sorted([(run["start_time"], 1) for run in runs] + [(run["end_time"], -1) for run in runs])
    highest = running = 0
    for _, change in changes:
        running += change
        highest = max(highest, running)
    return highest


@pytest.mark.slow
async def test_two_workers_share_a_backfill(machine: Machine) -> None:
    days = [DAYS[-1] + timedelta(days=number) for number in (20, 21)]
    generate(machine.raw_dir, days=days, buildings=4, seed=3, faults=False)
    # Whoever asks first takes a day: for each day one of them does not ask.
    with machine.frozen("worker-1"):
        backfill = machine.start("backfill", str(days[0]), str(days[1]), "--concurrency", "1")
        await machine.first_run(f"load-day/{days[0]}", backfill, state="RUNNING")
    with machine.frozen("worker-2"):
        _, said = await asyncio.to_thread(backfill.communicate, timeout=300)

    assert backfill.returncode == 0, said
    (first,), (second,) = (machine.flow_runs(f"load-day/{day}") for day in days)
    assert (first["state_type"], second["state_type"]) == ("COMPLETED", "COMPLETED")
    for run, worker in ((first, "worker-2"), (second, "worker-1")):
        lines = [line["message"] for line in _first_lines(machine, run["id"])]
        assert any(f"'{worker}' submitting" in text for text in lines), lines


def _first_lines(machine: Machine, run_id: str) -> list[dict[str, Any]]:
    body = {"logs": {"flow_run_id": {"any_": [run_id]}}, "limit": 20, "sort": "TIMESTAMP_ASC"}
    lines: list[dict[str, Any]] = machine.http.post("/logs/filter", json=body).json()
    return lines


@pytest.mark.slow
async def test_backfill_cancelled_in_the_ui_takes_its_days_with_it(machine: Machine) -> None:
    days = [DAYS[-1] + timedelta(days=number) for number in (10, 11, 12)]
    with machine.blocked():
        backfill = machine.start("backfill", str(days[0]), str(days[-1]), "--concurrency", "1")
        await machine.first_run(f"load-day/{days[0]}", backfill, state="RUNNING")

        parent = machine.cancel_backfill(days)

        await _check_cancelled(machine, parent, days, backfill)


async def test_cancelled_backfill_ends_a_day_whose_process_is_only_being_started(machine: Machine) -> None:
    days = [DAYS[-1] + timedelta(days=number) for number in (30, 31)]
    with machine.blocked():
        backfill = machine.start("backfill", str(days[0]), str(days[-1]), "--concurrency", "1")
        run = await machine.first_run(f"load-day/{days[0]}", backfill, state="PENDING")

        with machine.frozen("worker-1"), machine.frozen("worker-2"):
            parent = machine.cancel_backfill(days)
            await machine.wait(run["id"], states=("CANCELLING",))

        await _check_cancelled(machine, parent, days, backfill)


async def _check_cancelled(
    machine: Machine, parent: dict[str, Any], days: list[date], backfill: subprocess.Popen[str]
) -> None:
    _, said = await asyncio.to_thread(backfill.communicate, timeout=300)
    # Not waited for: a backfill ends after its days, and without it Prefect ends them only after five minutes.
    runs = [run for day in days for run in machine.flow_runs(f"load-day/{day}")]
    assert [run["state_type"] for run in runs] == ["CANCELLED"]
    assert backfill.returncode == 1
    assert "cancelled" in said
    assert (await machine.wait(parent["id"]))["state_type"] == "CANCELLED"


@pytest.mark.slow
async def test_ctrl_c_on_a_backfill_ends_its_days_too(machine: Machine) -> None:
    days = [DAYS[-1] + timedelta(days=number) for number in (50, 51)]
    with machine.blocked():
        backfill = machine.start("backfill", str(days[0]), str(days[-1]), "--concurrency", "1")
        run = await machine.first_run(f"load-day/{days[0]}", backfill, state="RUNNING")

        backfill.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, said = await asyncio.to_thread(backfill.communicate, timeout=300)
        took = time.monotonic() - started
        ended = await machine.wait(run["id"], seconds=30)

    assert took < 15
    assert backfill.returncode == 130
    assert said.splitlines()[-1].startswith("error: stopped by SIGINT: ")
    assert ended["state_type"] == "CANCELLED"
    assert not machine.flow_runs(f"load-day/{days[1]}")


@pytest.mark.slow
async def test_backfills_cancelled_or_whose_worker_is_killed_and_repeated_skip_no_file(machine: Machine) -> None:
    chance = random.Random(7)
    for attempt in range(6):
        days = [DAYS[-1] + timedelta(days=60 + 2 * attempt + number) for number in range(2)]
        generate(machine.raw_dir, days=days, buildings=4, seed=attempt, faults=False)
        backfill = machine.start("backfill", str(days[0]), str(days[-1]), "--concurrency", "2")
        await machine.first_run(f"load-day/{days[0]}", backfill, state="RUNNING")
        await asyncio.sleep(chance.uniform(0, 8))
        if attempt % 2:
            backfill.send_signal(signal.SIGTERM)
        else:
            machine.kill("worker-1")
            backfill.kill()
        await asyncio.to_thread(backfill.communicate, timeout=300)
        machine.dataops("up", "--workers", "2")

        again = machine.dataops("backfill", str(days[0]), str(days[-1]), "--concurrency", "2")

        found = [path for day in days for path in (machine.raw_dir / str(day)).rglob("*") if path.is_file()]
        files = {str(path.relative_to(machine.raw_dir)) for path in found}
        loaded = machine.rows(
            f"select source_file from quality.effective_loads where business_date between '{days[0]}' and '{days[1]}'"
        )
        assert again.returncode == 0, (attempt, again.stderr)
        assert {row["source_file"] for row in loaded} == files, attempt
        assert not machine.rows("select source_file from quality.quality_load_log where status = 'running'"), attempt


# What a run waits for in each: to write its claims; in a COPY; in dbt.
BUSY_WITH = {"claims": "quality.quality_load_log", "copy": "stage.raw_rows", "dbt": "features.ml_hourly_by_building"}


@pytest.mark.parametrize(
    ("busy_with", "number", "code"),
    [
        ("copy", signal.SIGTERM, 143),
        pytest.param("dbt", signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param("dbt", signal.SIGINT, 130, marks=pytest.mark.slow),
    ],
)
async def test_stopped_command_ends_in_seconds_with_one_line_and_the_next_run_does_the_rest(
    machine: Machine, busy_with: str, number: signal.Signals, code: int
) -> None:
    day = DAYS[0] + timedelta(days=40 + 10 * list(BUSY_WITH).index(busy_with) + number)
    generate(machine.raw_dir, days=[day], buildings=4, seed=5, faults=False)
    quiet = machine._replace(environment=machine.environment | {"LOG_LEVEL": "CRITICAL"})
    if machine.rows("select to_regclass('features.ml_hourly_by_building') as found")[0]["found"] is None:
        machine.dataops("run", "--date", str(DAYS[0]))
    with machine.blocked(BUSY_WITH[busy_with]):
        command = quiet.start("run", "--date", str(day))
        await machine.wait_until_blocked(command)

        command.send_signal(number)
        started = time.monotonic()
        _, said = await asyncio.to_thread(command.communicate, timeout=300)
        took = time.monotonic() - started

        await machine.wait_until_gone()
    again = machine.dataops("run", "--date", str(day))

    assert took < 15
    assert command.returncode == code
    assert said == f"error: stopped by {number.name}: what is loaded stays, and the next run does the rest\n"
    assert again.returncode == 0, again.stderr
    hours = machine.rows(f"select count(*) as hours from features.ml_hourly_by_building where ts::date = '{day}'")
    assert hours[0]["hours"] > 0


async def test_command_whose_run_is_cancelled_in_the_ui_ends(machine: Machine) -> None:
    with machine.blocked():
        command = machine.start("run", "--date", str(DAYS[1]))
        await machine.wait_until_blocked(command)
        body = {"flow_runs": {"name": {"any_": [f"load-day/{DAYS[1]}"]}, "state": {"type": {"any_": ["RUNNING"]}}}}
        (run,) = machine.http.post("/flow_runs/filter", json=body).json()

        machine.set_state(run["id"], "CANCELLING", "Cancelling")
        _, said = await asyncio.to_thread(command.communicate, timeout=30)

        await machine.wait_until_gone()
    assert command.returncode == 1
    assert said.endswith("error: the run was cancelled: what is loaded stays, and the next run does the rest\n")
    assert (await machine.wait(run["id"]))["state_type"] == "CANCELLED"


async def test_run_is_cancelled_within_half_a_minute_scheduled_running_or_waiting_for_its_retry(
    machine: Machine,
) -> None:
    run_id = machine.start_run(DAYS[2], at=datetime.now(UTC) + timedelta(days=1))
    machine.set_state(run_id, "CANCELLING", "Cancelling")
    scheduled = await machine.wait(run_id, seconds=30)
    with machine.blocked():
        run_id = machine.start_run(DAYS[2])
        await machine.wait_until_blocked()

        machine.cancel_by_command(run_id)
        running = await machine.wait(run_id, seconds=30)
        await machine.wait_until_gone()
    next_month = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    machine.set_state(run_id, "SCHEDULED", "AwaitingRetry", force=True, scheduled_time=next_month)
    machine.set_state(run_id, "CANCELLING", "Cancelling")
    waiting = await machine.wait(run_id, seconds=30)

    assert {run["state_type"] for run in (scheduled, running, waiting)} == {"CANCELLED"}


@pytest.mark.slow
async def test_retry_of_a_failed_parent_loads_the_corrected_file_alone(machine: Machine) -> None:
    day = DAYS[-1] + timedelta(days=1)
    folder = machine.raw_dir / str(day)
    generate(machine.raw_dir, days=[day], buildings=4, seed=2, faults=False)
    broken = folder / "broken.csv"
    broken.write_bytes(b"timestamp,meter_code,metric,value\n\0")
    failed = machine.dataops("backfill", str(day), str(day))
    (run,) = machine.flow_runs(f"load-day/{day}")
    before = machine.rows("select count(*) as loads from quality.quality_load_log where status = 'success'")
    broken.write_text(f"timestamp,meter_code,metric,value\n{day} 00:00,D-0001-GVS,pump_runtime_hours,1\n")

    # What the Retry button of the UI sends.
    machine.set_state(run["id"], "SCHEDULED", "AwaitingRetry", force=True)
    again = await machine.wait(run["id"])

    assert failed.returncode == 1
    assert (again["state_type"], again["run_count"]) == ("COMPLETED", 2)
    after = machine.rows("select count(*) as loads from quality.quality_load_log where status = 'success'")
    assert after[0]["loads"] - before[0]["loads"] == 1
    pumps = machine.rows("select count(*) as readings from core.readings where metric = 'pump_runtime_hours'")
    assert pumps == [{"readings": 1}]


def test_nothing_under_api_but_health_and_ready_answers_without_the_login(machine: Machine) -> None:
    paths = machine.http.get("/openapi.json").json()["paths"]
    routes = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    # With the token against forged requests: it must be the login that is missing.
    token = {name: value for name, value in machine.http.headers.items() if name.startswith("prefect-csrf")}

    with httpx.Client(base_url=machine.http.base_url, headers=token, timeout=30) as stranger:
        answers = {
            f"{method} {path}": stranger.request(method, re.sub(r"{\w+}", str(uuid4()), path)).status_code
            for method, path in [*routes, ("GET", "/openapi.json"), ("GET", "/docs")]
        }

    assert len(answers) > 150
    assert {route: status for route, status in answers.items() if status != 401} == {
        "GET /health": 200,
        "GET /ready": 200,
    }


async def test_no_websocket_serves_without_the_login(machine: Machine) -> None:
    from prefect.server.api.server import API_ROUTERS

    paths = [route.path for router in API_ROUTERS for route in router.routes if isinstance(route, APIWebSocketRoute)]
    assert {"/events/in", "/events/out", "/logs/out"} <= set(paths)
    login = machine.as_up_says()["PREFECT_API_AUTH_STRING"]

    for path in paths:
        url = str(machine.http.base_url).replace("http", "ws", 1).rstrip("/") + path.replace("{name}", "dataops")
        assert await first_message(url, token=login) == {"type": "auth_success"}, path
        for token in (None, "", "dataops:wrong"):
            assert await first_message(url, token=token) is None, (path, token)


async def first_message(url: str, *, token: str | None) -> dict[str, Any] | None:
    """What a websocket says to who logs in with this; None: it closes. Without a token: to who does not log in."""
    try:
        async with websockets.connect(
            url, subprotocols=[Subprotocol("prefect")] if token is not None else None
        ) as socket:
            await socket.send(json.dumps({"type": "auth", "token": token}))
            answer: dict[str, Any] = json.loads(await socket.recv())
            return answer
    except websockets.WebSocketException:
        return None


def test_forged_request_is_refused_though_the_browser_adds_the_login(machine: Machine) -> None:
    forged = httpx.post(f"{machine.http.base_url}flow_runs/filter", json={}, auth=machine.http.auth, timeout=30)

    assert (forged.status_code, forged.json()) == (403, {"detail": "Missing CSRF token."})


def test_login_is_in_a_file_of_its_owner_and_on_no_command_line(machine: Machine) -> None:
    folder = Path(machine.environment["STATE_DIR"], "prefect")
    login = (folder / "login").read_text()
    started = [psutil.Process(int(file.read_text().split()[0])) for file in folder.glob("*.pid")]
    family = [process for one in started for process in (one, *one.children(recursive=True))]

    assert (folder / "login").stat().st_mode & 0o777 == 0o600
    assert len(family) >= 3
    assert not [process for process in family if login.partition(":")[2] in " ".join(process.cmdline())]


def test_workers_and_runs_send_and_get_events_with_the_login(machine: Machine) -> None:
    beats = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]}}}
    logs = Path(machine.environment["ARTIFACTS_DIR"], "run_logs").glob("prefect-worker-*.log")

    assert machine.http.post("/events/filter", json=beats).json()["events"]
    # A connection that is only lost is opened again, or asked for every 10 seconds: no fault of the login.
    assert not [line for log in logs for line in log.read_text().splitlines() if "Unable to authenticate" in line]


async def test_run_ends_with_its_worker(machine: Machine) -> None:
    with machine.blocked():
        run = await machine.wait(machine.start_run(DAYS[0]), states=("RUNNING",))
        # The worker writes it down when it has started the process.
        run = await wait_for(
            "the id of the run's process",
            lambda: machine.read_run(run["id"]),
            done=lambda run: run["infrastructure_pid"],
        )
        process = psutil.Process(int(run["infrastructure_pid"]))
        worker = process.parent()
        assert worker
        await machine.wait_until_blocked()
        worker.kill()

        await wait_for("the run's process to end", lambda: not is_alive(process))
        ended = await machine.wait(run["id"], seconds=30)

    assert ended["state_type"] == "CRASHED"


def is_alive(process: psutil.Process) -> bool:
    # Where PID 1 does not reap, what has ended stays a zombie.
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
async def test_run_that_its_worker_never_started_is_started_by_another(machine: Machine) -> None:
    (automation,) = (
        one for one in machine.http.post("/automations/filter", json={}).json() if one["name"] == "Restart stuck flows"
    )
    assert automation["trigger"]["within"] <= 110, "the server looks every 5 seconds: two minutes in all"
    own = {name: automation.pop(name) for name in ("id", "created", "updated")}
    quick = automation | {"trigger": automation["trigger"] | {"within": 10}}
    machine.http.put(f"/automations/{own['id']}", json=quick).raise_for_status()
    run_id = machine.start_run(DAYS[0], at=datetime.now(UTC) + timedelta(days=1))

    # What a worker does first with a run; this one has died since.
    machine.set_state(run_id, "PENDING", "Pending", force=True)
    run = await machine.wait(run_id)

    assert run["state_type"] == "COMPLETED"
    machine.http.put(f"/automations/{own['id']}", json=automation).raise_for_status()


@pytest.mark.slow
async def test_run_on_a_worker_ends_within_a_minute_once_its_database_is_lost(machine: Machine) -> None:
    state_dir = Path(machine.environment["STATE_DIR"])
    with machine.blocked():
        run_id = machine.start_run(DAYS[1])
        await machine.wait(run_id, states=("RUNNING",))
        process = await wait_for(
            "the run's process", lambda: machine.read_run(run_id), done=lambda run: run["infrastructure_pid"]
        )
        await machine.wait_until_blocked()
        postmaster = embedded_postgres.status(state_dir).home / "data" / "postmaster.pid"
        os.kill(int(postmaster.read_text().splitlines()[0]), signal.SIGKILL)
        lost_at = time.monotonic()
        ended = psutil.Process(int(process["infrastructure_pid"]))
        await wait_for("the run's process to end", lambda: not is_alive(ended))
        seconds = time.monotonic() - lost_at
    machine.dataops("up", "--workers", "2")
    again = await machine.wait(run_id)

    assert seconds < 60
    assert again["state_type"] in ("CRASHED", "FAILED")
    assert machine.dataops("run", "--date", str(DAYS[1])).returncode == 0


@pytest.mark.slow
async def test_killed_server_and_deleted_pool_are_said_by_status_and_healed_by_up(machine: Machine) -> None:
    machine.http.delete("/work_pools/dataops").raise_for_status()
    lost = machine.start_run(DAYS[0])
    without_pool = machine.dataops("status")
    old_url = machine.as_up_says()["PREFECT_API_URL"]
    machine.kill("server")
    killed = machine.dataops("status")

    # Another program has the port: the server gets another one, which the workers do not know.
    with socket.create_server(("127.0.0.1", urlsplit(old_url).port or 0)):
        up = machine.dataops("up", "--workers", "2", "--show-login")

    assert "the work pool of load-day/day was deleted" in without_pool.stdout
    assert "the Prefect server of dataops up has ended" in killed.stdout
    assert up.returncode == 0, up.stderr
    assert machine.as_up_says()["PREFECT_API_AUTH_STRING"] in up.stdout
    with closing(prefect_client(Path(machine.environment["STATE_DIR"]))) as http:
        now = machine._replace(http=http)
        assert str(http.base_url).rstrip("/") != old_url
        assert http.get("/deployments/name/load-day/day").json()["work_pool_name"] == "dataops"
        run = now.read_run(lost)
        again = await now.wait(run["state"]["message"].rpartition(" ")[2])
        await wait_for(
            "a status without troubles",
            lambda: machine.dataops("status"),
            done=lambda said: "Troubles" not in said.stdout,
        )
    assert (run["state_type"], again["state_type"]) == ("CANCELLED", "COMPLETED")
    assert again["expected_start_time"] == run["expected_start_time"]
