from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from flows.runtime.child import PARENT, end_with_parent
from schemas.settings import PROJECT_ROOT
from tests.waiting import wait_for

CHILD = """
import signal, sys, time
from flows.runtime import child
child._END_SECONDS = 0.5
{before}
child.end_with_parent()
print("watching", flush=True)
time.sleep(600)
"""
STARTER = """
import os, subprocess, sys, time
environment = os.environ | {sys.argv[2]: str(os.getpid())}
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], env=environment, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize(
    "before", ["", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"], ids=["that_listens", "that_does_not_listen"]
)
async def test_child_ends_with_the_process_that_was_killed(before: str) -> None:
    command = [sys.executable, "-c", STARTER, CHILD.format(before=before), PARENT]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT_ROOT)
    assert starter.stdout
    child = psutil.Process(int(starter.stdout.readline()))

    starter.kill()
    starter.wait()

    await wait_for(
        "the child to end", lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, seconds=60
    )
    starter.stdout.close()


def test_child_ends_though_its_starter_died_before_it_looked() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(before="")],
        env=os.environ | {PARENT: str(2**22 - 1)},
        cwd=PROJECT_ROOT,
        capture_output=True,
        timeout=60,
    )

    assert done.returncode == -signal.SIGTERM


def test_process_that_a_person_started_goes_on_without_its_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PARENT, raising=False)
    monkeypatch.delenv("PREFECT__FLOW_RUN_ID", raising=False)
    threads = threading.active_count()

    end_with_parent()

    assert threading.active_count() == threads


def test_module_runs_as_usual_and_what_it_starts_knows_whom_to_end_with(tmp_path: Path) -> None:
    (tmp_path / "shown.py").write_text(
        f"import os, sys; print(os.environ['{PARENT}'] == str(os.getpid()), sys.argv[1:])"
    )

    done = subprocess.run(
        [sys.executable, "-m", "flows.runtime.child", "shown", "--port", "1"],
        env={name: value for name, value in os.environ.items() if name != PARENT}
        | {"PYTHONPATH": f"{tmp_path}:{PROJECT_ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "True ['--port', '1']\n"
