from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from schemas.settings import PROJECT_ROOT

# A run that hangs where no cancel reaches it, in a command whose grace time is short.
COMMAND = """
import asyncio, sys, time
from flows.commands.console import fail
from flows.runtime import ending, stopping

stopping.GRACE_SECONDS = 1.0

async def run():
    try:
        print("running", flush=True)
        await asyncio.{waits}
    finally:
        print("in good order", flush=True)

stopping.heed_signals()
try:
    ending.run_cancellably(run())
except stopping.Stopped as stopped:
    fail(str(stopped))
    sys.exit(stopped.exit_code)
"""
STUCK = "to_thread(time.sleep, 1000)"
CANCELLABLE = "sleep(1000)"


@pytest.mark.parametrize("waits", [STUCK, CANCELLABLE], ids=["stuck_in_a_thread", "cancellable"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_ends_a_command_with_one_line_whatever_it_is_busy_with(
    waits: str, number: signal.Signals, code: int
) -> None:
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(waits=waits)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stdout
    command.stdout.readline()

    started = time.monotonic()
    command.send_signal(number)
    out, said = command.communicate(timeout=60)

    assert command.returncode == code
    assert said == f"error: stopped by {number.name}: what is loaded stays, and the next run does the rest\n"
    assert out == "in good order\n"
    assert time.monotonic() - started < 15


def test_signal_that_the_main_thread_does_not_see_ends_the_command_too() -> None:
    """It waits for a lock, and the signal came before that or to another thread."""
    code = COMMAND.replace("import asyncio", "import signal, threading, asyncio").format(waits=CANCELLABLE)
    send = "        time.sleep(0.2); signal.pthread_kill(threading.get_ident(), signal.SIGINT)\n        await"
    command = subprocess.run(
        [sys.executable, "-c", code.replace("        await", send)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert command.returncode == 130
    assert command.stdout == "running\nin good order\n"
    assert command.stderr.startswith("error: stopped by SIGINT: ")


# A worker's process: Prefect's own handler stays, and raises what an unlucky callback swallows.
ON_WORKER = """
import asyncio, os, signal, time, uuid
from flows.runtime import ending, stopping

os.environ["PREFECT__FLOW_RUN_ID"] = "1"
stopping.GRACE_SECONDS = 1.0
ending._API_SECONDS = {api_seconds}
ending._POLL_SECONDS = 0.1
os.environ["PREFECT_API_URL"] = "http://127.0.0.1:1/api"
signal.signal(signal.SIGTERM, lambda *_: None)

async def run():
    async with ending.watched(uuid.uuid4()):
        print("running", flush=True)
        await asyncio.to_thread(time.sleep, 1000)

asyncio.run(run())
"""


@pytest.mark.parametrize(
    ("api_seconds", "code", "why"),
    [
        (300.0, 143, "stopped by SIGTERM: what is loaded stays, and the next run does the rest"),
        (2.0, 1, "Prefect's API has not answered for 2 s: what is loaded stays, and the next run does the rest"),
    ],
    ids=["signal", "api_is_gone"],
)
def test_process_of_a_run_on_a_worker_ends_though_a_thread_is_stuck(api_seconds: float, code: int, why: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ON_WORKER.format(api_seconds=api_seconds)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()

    if code == 143:
        process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)

    assert process.returncode == code
    assert said.splitlines()[-1] == f"error: {why}"
