"""What a command costs before it does anything: imports, mostly."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from statistics import median

from benchmarks.environment import BenchEnvironment, check, say
from benchmarks.results import Result
from schemas.settings import PROJECT_ROOT

_REPEATS = 3
_COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "start-help": [("--help",)],
    "start": [("status",), ("errors",), ("trace", "D-0001-GVS", "2025-04-30 00:00", "T1")],
}


async def measure_start(bench: BenchEnvironment, wanted: Collection[str]) -> list[Result]:
    """Measure the CPU of `dataops --help`, and of the slowest of the commands that only ask the database."""
    results = []
    for name in wanted:
        seconds = {
            arguments[0]: [_cpu_seconds(bench, arguments) for _ in range(_REPEATS)] for arguments in _COMMANDS[name]
        }
        medians = {command: median(values) for command, values in seconds.items()}
        note = ", ".join(f"{command} {value:.2f} s" for command, value in medians.items())
        say(f"{name}: {note}")
        results.append(Result(name, [max(medians.values())], note=f"CPU s; {note}"))
    return results


def _cpu_seconds(bench: BenchEnvironment, arguments: tuple[str, ...]) -> float:
    """Run the command in a new process; return its CPU seconds, user and system."""
    settings = bench.pipeline.settings
    # With bytecode kept, as an installation has it from its second start on.
    left_out = ("PREFECT_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment = kept | {
        "DATABASE_URL": bench.url,
        "STATE_DIR": str(settings.state_dir),
        "RAW_DIR": str(settings.raw_dir),
        "ARTIFACTS_DIR": str(settings.artifacts_dir),
    }
    program = [str(Path(sys.executable).with_name("dataops")), *arguments]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(program, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    check("a traceback", "Traceback" in done.stderr, expected=False)  # trace ends with 1: core is empty
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
