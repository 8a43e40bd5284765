"""The embedded server without space, killed, or wanted by two containers at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from schemas.errors import TerminalError
from schemas.settings import PROJECT_ROOT
from tasks.warehouse import embedded_postgres
from tests.harness import long_csv
from tests.waiting import SECONDS, wait_for

DATAOPS = str(Path(sys.executable).with_name("dataops"))
CONTAINER = ("unshare", "--pid", "--net", "--fork", "--kill-child", "--mount-proc")


@pytest.fixture(scope="module")
def state(state_dir: Path) -> Iterator[Path]:
    """The state folder of a server that these tests may break; each starts it if it needs it."""
    folder = state_dir.parent / "broken"
    yield folder
    embedded_postgres.stop(folder)
    shutil.rmtree(folder)


@pytest.fixture
def container() -> tuple[str, ...]:
    """What starts a command that sees neither our processes nor our network, as one in a container does."""
    if subprocess.run([*CONTAINER, "true"], check=False, capture_output=True).returncode:
        pytest.skip("namespaces need root, and a machine that allows them")
    return CONTAINER


@pytest.fixture
def disk() -> Iterator[Path]:
    """A disk of 400 MB to fill, which every user may enter; only root may make one."""
    folder = Path(tempfile.mkdtemp(prefix="dataops-disk-", dir="/var/tmp"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        folder.rmdir()
        pytest.skip("a disk to fill needs root and mount")
    folder.chmod(0o755)
    yield folder
    embedded_postgres.stop(folder / "state")
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def fill(disk: Path, *, free_mb: int) -> Path:
    """Fill a disk but for some space; gives the file to remove."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - (free_mb << 20))
    return filler


def environment(state: Path, **settings: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("PREFECT_") and name != "DATABASE_URL"
    }
    return kept | {"STATE_DIR": str(state)} | settings


def dataops(*arguments: str, env: dict[str, str], inside: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*inside, DATAOPS, *arguments],
        env=env,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=3 * SECONDS,
    )


def postmaster(state: Path) -> int:
    return int((embedded_postgres.status(state).home / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_second_container_on_one_state_folder_is_refused_and_told_who_has_it(
    state: Path, container: tuple[str, ...]
) -> None:
    url = embedded_postgres.start(state)
    with_network = (*container, "sh", "-c", 'ip link set lo up; exec "$@"', "sh")

    started = dataops("db", "start", env=environment(state), inside=with_network)
    stopped = dataops("db", "stop", env=environment(state), inside=with_network)

    for refused in (started, stopped):
        assert refused.returncode == 1
        assert f"runs on {socket.gethostname()} since {time.gmtime().tm_year}-" in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert embedded_postgres.start(state) == url


async def test_lock_is_free_again_after_kill_9_and_the_next_start_needs_no_hand(state: Path) -> None:
    connection = await asyncpg.connect(await asyncio.to_thread(embedded_postgres.start, state))
    await connection.execute("create table kept as select from generate_series(1, 1000)")

    os.kill(postmaster(state), signal.SIGKILL)
    connection = await asyncpg.connect(await asyncio.to_thread(embedded_postgres.start, state))

    assert await connection.fetchval("select count(*) from kept") == 1000
    await connection.close()


def test_server_is_found_by_its_data_folder_whatever_the_port_file_says(state: Path) -> None:
    url = embedded_postgres.start(state)
    before = embedded_postgres.status(state)
    assert before.port
    (before.home / "port").write_text(str(before.port + 1))

    again = embedded_postgres.start(state)
    found = embedded_postgres.status(state)
    was_stopped = embedded_postgres.stop(state)

    assert again == url
    assert f":{found.port}/" in url
    assert was_stopped
    assert not embedded_postgres.status(state).running


def test_pid_file_of_a_container_that_was_killed_does_not_keep_the_server_from_starting(state: Path) -> None:
    embedded_postgres.start(state)
    pid_file = embedded_postgres.status(state).home / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded_postgres.stop(state)
    # After the restart of a container another process of the same user has got the server's id.
    owner = pid_file.parent.stat().st_uid
    other = subprocess.Popen(["sleep", "600"], cwd="/", user=owner if os.geteuid() == 0 else None)
    pid_file.write_text("\n".join([str(other.pid), *lines[1:], ""]))
    os.chown(pid_file, owner, -1)

    try:
        embedded_postgres.start(state)
    finally:
        other.kill()
        other.wait()

    assert embedded_postgres.status(state).running


def test_disk_that_was_full_when_the_server_was_made_needs_only_space(disk: Path) -> None:
    filler = fill(disk, free_mb=10)

    with pytest.raises(TerminalError, match="No space left on device") as refused:
        embedded_postgres.start(disk / "state")
    filler.unlink()
    home = embedded_postgres.status(disk / "state").home
    (home / "data.part" / "left by a kill").mkdir(parents=True)
    embedded_postgres.start(disk / "state")

    assert "\n" not in str(refused.value)
    assert embedded_postgres.status(disk / "state").running


async def test_server_is_stopped_when_the_first_process_of_its_container_is_told_to_end(
    state: Path, container: tuple[str, ...]
) -> None:
    embedded_postgres.start(state)
    embedded_postgres.stop(state)
    shared_network = [part for part in container if part != "--net"]
    script = f"{DATAOPS} db start && exec sleep 600"
    outside = subprocess.Popen(
        [*shared_network, sys.executable, "-m", "flows.runtime.container", "sh", "-c", script],
        env=environment(state),
        cwd=PROJECT_ROOT,
    )
    log = embedded_postgres.status(state).home / "server.log"
    await wait_for("the server to run", lambda: embedded_postgres.status(state).running)
    (first_process,) = psutil.Process(outside.pid).children()
    await wait_for("the command", lambda: any(child.name() == "sleep" for child in first_process.children()))

    first_process.terminate()
    code = await wait_for("the container to end", outside.poll, done=lambda code: code is not None)

    assert code == 128 + signal.SIGTERM
    assert log.read_text().splitlines()[-1].endswith("database system is shut down")
    assert not embedded_postgres.status(state).running


STUBBORN = """
import signal, subprocess, sys, time
from flows.runtime import database_watch
from schemas.settings import load_settings
from tasks.warehouse import embedded_postgres
signal.signal(signal.SIGTERM, signal.SIG_IGN)
assert database_watch._GRACE_SECONDS <= 10
database_watch._GRACE_SECONDS = 2
if sys.argv[1] == "full":
    embedded_postgres._MIN_FREE_BYTES = 1 << 60
with database_watch.ending_without_database(load_settings()):
    print(subprocess.Popen(["sleep", "600"]).pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("fault", ["killed", "full"])
async def test_run_that_does_not_end_by_itself_ends_with_one_line_when_its_server_is_lost(
    state: Path, fault: str
) -> None:
    await asyncio.to_thread(embedded_postgres.start, state)
    run = subprocess.Popen(
        [sys.executable, "-c", STUBBORN, fault],
        env=environment(state),
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout
    child = psutil.Process(int(run.stdout.readline()))
    lost_at = time.monotonic()
    if fault == "killed":
        os.kill(postmaster(state), signal.SIGKILL)
    run.terminate()

    code = await wait_for("the run to end", run.poll, done=lambda code: code is not None)
    seconds = time.monotonic() - lost_at
    _, said = run.communicate()

    assert code == 1
    assert seconds < 15
    assert said.startswith("error: the embedded PostgreSQL in ")
    assert {"killed": "has ended", "full": "has no space left"}[fault] in said
    assert said.count("\n") == 1
    await wait_for("the run's child to end", child.is_running, done=lambda runs: not runs)


@pytest.mark.server
@pytest.mark.slow
async def test_run_that_loses_its_server_or_has_no_space_is_one_line_and_the_next_one_finishes_without_a_hand(
    disk: Path, tmp_path: Path
) -> None:
    meters = [f"M{number}" for number in range(200)]
    reference = tmp_path / "reference"
    reference.mkdir()
    for name, text in {
        "buildings": "external_code,address,district_id\nB,,\n",
        "itp": "external_code,building_code\nI,B\n",
        "meters": "external_code,itp_code,kind,interval_minutes\n"
        + "".join(f"{meter},I,heat,60\n" for meter in meters),
    }.items():
        (reference / f"{name}.csv").write_text(text)
    day = tmp_path / "raw" / "2025-04-30"
    day.mkdir(parents=True)
    rows = [f"2025-04-30 {hour:02d}:00,{meter},T1,{40 + hour}" for meter in meters for hour in range(24)]
    (day / "a.csv").write_text(long_csv(*rows))
    folders = {"RAW_DIR": str(tmp_path / "raw"), "ARTIFACTS_DIR": str(tmp_path / "artifacts"), "FILE_SETTLE_SEC": "0"}
    env = environment(disk / "state", **folders)
    loaded = dataops("reference", "load", str(reference), env=env)
    assert loaded.returncode == 0, loaded.stderr

    said = tmp_path / "said"
    with said.open("w") as stderr:
        command = [DATAOPS, "run", "--date", "2025-04-30"]
        run = subprocess.Popen(command, env=env, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, stderr=stderr)
    # Earlier it would start the server again, and go on.
    await wait_for("the run to be connected", lambda: "'ingest/" in said.read_text() or run.poll() is not None)
    os.kill(postmaster(disk / "state"), signal.SIGKILL)
    killed_code = await wait_for("the run to end", run.poll, done=lambda code: code is not None)
    embedded_postgres.start(disk / "state")  # recovers, which frees space
    filler = fill(disk, free_mb=1)
    full = dataops("run", "--date", "2025-04-30", env=env)
    filler.unlink()
    freed = dataops("run", "--date", "2025-04-30", env=env)

    for code, stderr_text, why in (
        (killed_code, said.read_text(), "has ended"),
        (full.returncode, full.stderr, "no space left"),
    ):
        assert code == 1
        assert "Traceback" not in stderr_text
        assert stderr_text.splitlines()[-1].startswith("error: the embedded PostgreSQL in ")
        assert why.lower() in stderr_text.lower()
    assert freed.returncode == 0, freed.stderr
    connection = await asyncpg.connect(await asyncio.to_thread(embedded_postgres.start, disk / "state"))
    found = await connection.fetchrow("select count(*), sum(value) from core.measurements")
    assert tuple(found or ()) == (len(rows), len(meters) * sum(range(40, 64)))
    statuses = await connection.fetch("select status from quality.quality_load_log where status <> 'failed'")
    assert [row["status"] for row in statuses] == ["success"]
    await connection.close()


@pytest.mark.server
@pytest.mark.slow
async def test_loop_mode_ends_with_one_line_once_its_database_is_lost(state: Path, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    folders = {"RAW_DIR": str(tmp_path / "raw"), "ARTIFACTS_DIR": str(tmp_path / "artifacts")}
    said = tmp_path / "said"
    with said.open("w") as output:
        loop = subprocess.Popen(
            [sys.executable, "-m", "flows"],
            env=environment(state, RUN_MODE="loop", LOOP_INTERVAL_SEC="600", **folders),
            cwd=PROJECT_ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    await wait_for("the schedule to be served", lambda: "load-day/loop" in said.read_text() or loop.poll() is not None)
    lost_at = time.monotonic()
    os.kill(postmaster(state), signal.SIGKILL)

    code = await wait_for("loop mode to end", loop.poll, done=lambda code: code is not None)

    assert code == 1
    assert time.monotonic() - lost_at < 60
    assert "Traceback" not in said.read_text()
    assert "error: the embedded PostgreSQL in " in said.read_text().splitlines()[-1]
