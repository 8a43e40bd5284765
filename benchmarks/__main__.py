"""How fast the pipeline is, in relation to what PostgreSQL itself can do: `make bench`, `make bench-quick`.

Ratios hold between machines, seconds do not: B is a bare binary COPY of the same final rows into the same
table, empty and with its index, measured in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console

from benchmarks.environment import open_environment, say
from benchmarks.figures import FAMILIES
from benchmarks.results import (
    Result,
    as_json,
    baseline_of,
    read_baseline,
    steps_of,
    table_of,
    worse_than,
    write_json,
)
from schemas.settings import PROJECT_ROOT

_BASELINE = Path(__file__).with_name("baseline.json")
_WIDTH = 190  # of the table in a file or a pipe
_SCALES = {"full": 1.0, "small": 0.2}


def _arguments() -> argparse.Namespace:
    names = [name for family in FAMILIES for name in family.names]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the quick figures, at size small, against the baseline")
    parser.add_argument("--only", default="", help=f"figures, separated by commas: {', '.join(names)}")
    parser.add_argument("--size", choices=list(_SCALES), default="full", help="small: a fifth of the rows")
    parser.add_argument("--repeats", type=int, default=5, help="of what is quick to repeat")
    parser.add_argument("--write-baseline", action="store_true", help="with --quick: what later runs are compared with")
    arguments = parser.parse_args()
    arguments.names = [name.strip() for name in arguments.only.split(",") if name.strip()] or [
        name for family in FAMILIES if family.quick or not arguments.quick for name in family.names
    ]
    if unknown := set(arguments.names) - set(names):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    if arguments.quick:
        arguments.size = "small"
    return arguments


async def _measure(arguments: argparse.Namespace, folder: Path) -> tuple[list[Result], list[str], str]:
    """Return the results, the figures that could not be measured, and the server's version."""
    results: list[Result] = []
    failed: list[str] = []
    async with open_environment(
        folder, os.environ.get("DATABASE_URL"), scale=_SCALES[arguments.size], repeats=arguments.repeats
    ) as bench:
        for family in FAMILIES:
            if wanted := [name for name in family.names if name in arguments.names]:
                try:
                    measured = await family.measure(bench, wanted)
                except Exception:
                    # What has been measured took minutes; it is not thrown away.
                    traceback.print_exc()
                    failed += wanted
                    continue
                say("\n".join(steps_of(result) for result in measured if result.steps))
                results += measured
        return results, failed, bench.server_version


def _machine() -> str:
    memory = psutil.virtual_memory().total >> 30
    return (
        f"{os.cpu_count()} × {platform.machine()}, {memory} GB, {platform.system()}, Python {platform.python_version()}"
    )


def main() -> None:
    """Measure in a folder and a database that are removed afterwards."""
    arguments = _arguments()
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="dataops-bench-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the embedded server runs as another user where we are root
        results, failed, server = asyncio.run(_measure(arguments, folder))
    facts = {"started": started.isoformat(), "size": arguments.size, "machine": _machine(), "server": server}
    file = PROJECT_ROOT / "artifacts" / "bench" / f"{started:%Y%m%dT%H%M%SZ}.json"
    write_json(file, facts | {"figures": as_json(results)})
    console = Console()
    console = console if console.is_terminal else Console(width=_WIDTH)
    console.print(table_of(results, title=f"size {arguments.size}; {_machine()}; {server.partition(' on ')[0]}"))
    if arguments.quick and _BASELINE.exists() and not arguments.write_baseline:
        worse = worse_than(read_baseline(_BASELINE), results)
        console.print(
            "\n".join(["Worse than the baseline by more than 25 %:", *worse])
            if worse
            else "Nothing is worse than the baseline by more than 25 %."
        )
    if arguments.quick and arguments.write_baseline:
        write_json(_BASELINE, baseline_of(results))
    console.print(f"All numbers: {file}", soft_wrap=True, highlight=False)
    if failed:
        console.print(f"Not measured, see above why: {', '.join(failed)}")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
