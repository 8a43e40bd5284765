"""The command, with a fault in one of its steps: `python -m tests.faults.victim STEP KIND DELAY ARGUMENTS…`.

The fault comes DELAY seconds after the step has begun; with 0 before anything of it is done.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

STEPS = {
    "find": "tasks.ingest.ingest_files.find_files",
    "read": "tasks.ingest.stage_claimed.read_tables",
    "stage": "tasks.ingest.stage_rows.copy_tables",
    "validate": "tasks.validate.validate_loads.store_series",
    "merge": "tasks.load.merge_readings.finish_load",
    "refresh": "tasks.transform.transform_changes.refresh",
    "features": "tasks.transform.transform_changes.build_features",
    "report": "tasks.report.build_report.collect",
}
"""Step → a function that it calls, where it is looked up."""
KINDS = ("kill", "cut", "fill", "cancel", "interrupt", "database gone", "Prefect gone")
FAULT_FILE = "FAULT_FILE"
"""Environment variable: the file that a victim makes when it has reached the step; what it holds is the kind."""
DISK = "FAULT_DISK"
"""Environment variable: the folder whose disk is to be filled."""


def act(kind: str) -> None:
    """Do what befalls the process; what only another can do is asked of it by the fault's file."""
    Path(os.environ[FAULT_FILE]).write_text(kind, encoding="utf-8")
    signals = {"kill": signal.SIGKILL, "cancel": signal.SIGTERM, "interrupt": signal.SIGINT}
    if kind in signals:
        os.kill(os.getpid(), signals[kind])
    elif kind == "fill":
        fill(Path(os.environ[DISK]))
    else:
        wait_until_done()


def wait_until_done() -> None:
    """Wait until the other process has done what the fault's file asks for."""
    while Path(os.environ[FAULT_FILE]).read_text(encoding="utf-8"):
        threading.Event().wait(0.02)


def fill(disk: Path) -> None:
    """Fill a disk to the last byte."""
    for size in (1 << 20, 1 << 12, 1):
        try:
            with (disk / "filler").open("ab", buffering=0) as filler:
                while filler.write(bytes(size)):
                    pass
        except OSError:
            continue


def strike(step: str, kind: str, delay: float) -> None:
    """Have the fault come the first time that the step is reached."""
    owner, _, name = STEPS[step].rpartition(".")
    module = importlib.import_module(owner)
    original: Callable[..., Any] = getattr(module, name)
    faults = [partial(act, kind)]

    def begin() -> None:
        if not faults:
            return
        fault = faults.pop()
        if delay:
            threading.Timer(delay, fault).start()
        else:
            fault()

    if asyncio.iscoroutinefunction(original):

        async def struck(*args: Any, **kwargs: Any) -> object:
            begin()
            return await original(*args, **kwargs)

        setattr(module, name, struck)
    else:

        def struck_at_once(*args: Any, **kwargs: Any) -> object:
            begin()
            return original(*args, **kwargs)

        setattr(module, name, struck_at_once)


def main() -> None:
    """Prepare the fault and run the command."""
    step, kind, delay = sys.argv[1:4]
    strike(step, kind, float(delay))
    sys.argv = ["dataops", *sys.argv[4:]]
    from flows.commands import main as command

    command()


if __name__ == "__main__":
    main()
