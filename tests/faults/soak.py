"""Kill, cut, fill and cancel runs at random, as long as one lets it: `make faults SECONDS=3600`.

Each trial delivers a new day, lets `dataops run` meet a few faults, each in another step and another try, and then runs
the day undisturbed. After that the database must hold what undisturbed runs would have left, and nothing may be left
over: no process, no session, no lock, no temporary folder, no file in the spool. The matrix at the end says how often
each fault hit which step. Exit code 1 if a trial went wrong, which is printed with what differs; `--seed` repeats a
soak.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import psycopg2
from prefect.settings import PREFECT_API_URL, temporary_settings

from schemas.settings import PROJECT_ROOT, Settings
from tasks.operate.load_reference import load_reference
from tasks.operate.read_reference import read_reference
from tasks.transform.transform_changes import transform_changes
from tasks.warehouse import embedded_postgres
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.migrate import migrate
from tests.faults.victim import DISK, FAULT_FILE, KINDS, STEPS
from tests.harness import PipelineHarness, long_csv

DATAOPS = str(Path(sys.executable).with_name("dataops"))
FIRST = dt.date(2024, 1, 1)
_MAX_SECONDS = 90.0
"""No run may take longer, whatever befalls it; ten times what one takes on a slow machine."""
_DISK_MEGABYTES = 1_500
_GONE_SECONDS = 3.0
DIGESTS = {
    "core": "select concat_ws('|', time, meter_id, metric, value, quality) from core.measurements",
    "revisions": "select concat_ws('|', time, meter_id, metric, old_value) from core.measurement_revisions",
    "row errors": """
        select concat_ws('|', source_file, row_num, column_name, reason, raw_value) from quality.quality_row_errors
        inner join quality.effective_loads using (load_id, source_file)
    """,
    "loads": """
        select concat_ws('|', source_file, checksum, status, rows_read, rows_loaded, rows_rejected, rows_duplicate)
        from quality.effective_loads
    """,
    "source rows": """
        select concat_ws('|', source_file, row_num, payload) from stage.stage_raw_measurements
        inner join quality.effective_loads using (load_id, source_file)
    """,
    "unfinished": "select source_file from quality.quality_load_log where status = 'running'",
    "waiting for features": "select load_id::text from quality.changed_days",
}
FEATURES = """
    select concat_ws('|', building_id, ts, hot_consumption_m3, cold_consumption_m3, readings_present)
    from features.ml_hourly_by_building
"""


class Lane:
    """One warehouse to be struck: a server, a Prefect API and folders, on a separate disk where one can be made."""

    def __init__(self, home: Path, *, seed: int) -> None:
        self.home = home
        self.random = random.Random(seed)
        self.day = FIRST
        self.prefect: subprocess.Popen[bytes] | None = None
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for name in ("raw", "tmp", "artifacts", "state"):
            (home / name).mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DATABASE_"))}
        self.environment = kept | {
            "STATE_DIR": str(home / "state"),
            "RAW_DIR": str(home / "raw"),
            "ARTIFACTS_DIR": str(home / "artifacts"),
            "TMPDIR": str(home / "tmp"),
            "DEFAULT_TZ": "Europe/Moscow",
            "FILE_SETTLE_SEC": "0",
            "LOG_LEVEL": "WARNING",
            "PREFECT_API_URL": f"http://127.0.0.1:{self.port}/api",
            "PREFECT_HOME": str(home.parent / f"prefect-{home.name}"),
            FAULT_FILE: str(home.parent / f"fault-{home.name}"),
            DISK: str(home),
        }

    @property
    def settings(self) -> Settings:
        """The lane's settings."""
        names = ("STATE_DIR", "RAW_DIR", "ARTIFACTS_DIR", "DEFAULT_TZ")
        return Settings.model_validate({name.lower(): self.environment[name] for name in names})

    def start_prefect(self) -> None:
        """Start the lane's Prefect server, unless it runs; returns when it answers. No fault strikes its database."""
        if self.prefect is None or self.prefect.poll() is not None:
            state_dir = self.home.parent / "mirror"
            embedded_postgres.start(state_dir)
            url = embedded_postgres.create_database(state_dir, f"prefect_{self.home.name}")
            own = {"PREFECT_API_DATABASE_CONNECTION_URL": url.replace("postgresql://", "postgresql+asyncpg://", 1)}
            self.prefect = subprocess.Popen(
                [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)],
                env=self.environment | own,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=PROJECT_ROOT,
            )
        until = time.monotonic() + 120
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.environment['PREFECT_API_URL']}/health", timeout=5).is_success:
                    return
            time.sleep(0.2)
        raise TimeoutError("Prefect's server does not answer")

    def stop(self) -> None:
        """End Prefect and the database."""
        if self.prefect:
            self.prefect.kill()
            self.prefect.wait()
        embedded_postgres.stop(self.home / "state")

    def deliver(self) -> None:
        """Put the files of the next day into its folder: some days come twice, with other values."""
        self.day += dt.timedelta(days=1)
        folder = self.home / "raw" / str(self.day)
        folder.mkdir()
        for number in range(self.random.randint(1, 6)):
            value = self.random.randint(1, 99)
            rows = [
                f"{self.day} {hour:02d}:00,M{number},consumption_period,{value + hour if hour else 'abc'}"
                for hour in range(24)
            ]
            (folder / f"{number}.csv").write_text(long_csv(*rows), encoding="utf-8")
            if not self.random.randint(0, 3):
                (folder / f"{number}b.csv").write_text(long_csv(rows[5] + ".5"), encoding="utf-8")

    def run(self, *prefix: str) -> tuple[int, str]:
        """Run the day; returns exit code and what it says on stderr."""
        command = [*(prefix or (DATAOPS,)), "run", "--date", str(self.day)]
        try:
            done = subprocess.run(
                command,
                env=self.environment,
                cwd=PROJECT_ROOT,
                capture_output=True,
                text=True,
                check=False,
                timeout=_MAX_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            said = error.stderr.decode() if isinstance(error.stderr, bytes) else ""
            return -1, f"still running after {_MAX_SECONDS:g} s: {said[-2000:]}"
        return done.returncode, done.stderr

    def trial(self, faults: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[str]]:
        """Let one run after the other meet a fault, then one none; returns those that hit, and what went wrong."""
        self.deliver()
        hit, wrong = [], []
        for step, kind in faults:
            self.start_prefect()
            was_hit, code, found = self._run_struck(step, kind)
            hit += [(step, kind)] * was_hit
            wrong += [f"{step}, {kind}: {text}" for text in found]
            if code == 0:
                break  # it got over the fault, and left nothing to strike
        self.start_prefect()
        code, said = self.run()
        if code:
            wrong.append(f"the undisturbed run ended with {code}: {said[-2000:]}")
        return hit, wrong + self.leftovers()

    def _run_struck(self, step: str, kind: str) -> tuple[bool, int, list[str]]:
        """Let a run meet a fault; returns whether it did, its exit code, and what is wrong with its end."""
        fault = Path(self.environment[FAULT_FILE])
        fault.unlink(missing_ok=True)
        over = threading.Event()
        helper = threading.Thread(target=self._serve, args=(fault, over))
        helper.start()
        delay = self.random.choice((0.0, 0.0, self.random.uniform(0, 0.3)))
        try:
            code, said = self.run(sys.executable, "-m", "tests.faults.victim", step, kind, str(delay))
        finally:
            over.set()
            helper.join()
        (self.home / "filler").unlink(missing_ok=True)
        was_hit = fault.exists()
        return was_hit, code, self._check_ending(kind, code, said) if was_hit else []

    def _check_ending(self, kind: str, code: int, said: str) -> list[str]:
        wrong = []
        if code == -1:
            wrong.append(f"hangs: {said}")
        if "Traceback" in said and kind != "kill":
            wrong.append(f"a traceback: {said[-2000:]}")
        return wrong

    def _serve(self, fault: Path, over: threading.Event) -> None:
        """Do to servers and sessions what the victim's fault asks for."""
        while not over.wait(0.02):
            asked = fault.read_text(encoding="utf-8") if fault.exists() else ""
            if asked == "cut":
                self._cut()
            elif asked == "database gone":
                _kill_postmaster(self.home / "state")
            elif asked == "Prefect gone" and self.prefect:
                self.prefect.kill()
                self.prefect.wait()
            else:
                continue
            fault.write_text("", encoding="utf-8")
            if asked == "database gone":
                over.wait(self.random.uniform(0, _GONE_SECONDS))
                embedded_postgres.start(self.home / "state")
            elif asked == "Prefect gone":
                over.wait(self.random.uniform(0, _GONE_SECONDS))
                self.start_prefect()

    def _cut(self) -> None:
        with self._connect() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and pid <> pg_backend_pid()"
            )

    @contextmanager
    def _connect(self) -> Iterator[Any]:
        with closing(psycopg2.connect(embedded_postgres.start(self.home / "state"))) as connection:
            connection.autocommit = True
            yield connection.cursor()

    def leftovers(self) -> list[str]:
        """Name what runs have left behind."""
        left = [f"temporary: {path.name}" for path in (self.home / "tmp").glob("dataops-*")]
        spool = self.home / "state" / "spool"
        left += [f"spool: {path.name}" for path in spool.rglob("*") if path.is_file()] if spool.exists() else []
        left += [f"process: {' '.join(process.cmdline())[:200]}" for process in self._processes()]
        with self._connect() as cursor:
            cursor.execute(
                "select application_name || ': ' || state from pg_stat_activity where datname = current_database() "
                "and pid <> pg_backend_pid() and backend_type = 'client backend'"
            )
            left += [f"session: {row[0]}" for row in cursor.fetchall()]
        return left

    def _processes(self) -> Iterator[psutil.Process]:
        own = {self.prefect.pid} if self.prefect else set()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                is_ours = process.environ().get(FAULT_FILE) == self.environment[FAULT_FILE]
                is_server = process.name() == "postgres"
                if (
                    is_ours
                    and not is_server
                    and process.pid not in own
                    and not own & {parent.pid for parent in process.parents()}
                ):
                    yield process

    def digests(self, *, features: bool = False) -> dict[str, list[str]]:
        """Return what the lane's database holds."""
        with self._connect() as cursor:
            return _read(cursor, features=features)


def _read(cursor: Any, *, features: bool) -> dict[str, list[str]]:  # noqa: ANN401 - a cursor of psycopg2
    found = {}
    for name, query in (DIGESTS | ({"features": FEATURES} if features else {})).items():
        cursor.execute(query)
        found[name] = sorted(str(row[0]) for row in cursor)
    return found


def _kill_postmaster(state_dir: Path) -> None:
    pids = [int(file.read_text().split()[0]) for file in state_dir.rglob("postmaster.pid")]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)


_ONE_DBT = threading.Lock()
"""Lanes are threads, and dbt's adapters and environment are the process's."""


class Mirror:
    """What undisturbed runs leave: the same files, loaded by the steps without Prefect into a database of its own."""

    def __init__(self, lane: Lane, state_dir: Path) -> None:
        embedded_postgres.start(state_dir)
        url = embedded_postgres.create_database(state_dir, f"mirror_{lane.home.name}")
        values = lane.settings.model_dump() | {"database_url": url, "state_dir": state_dir}
        self.settings = Settings.model_validate(values)
        self.url = url

    async def prepare(self, reference: Path) -> None:
        """Migrate, and load the reference data."""
        async with self._harness() as harness:
            await migrate(harness.connection, self.settings)
            await load_reference(harness.connection, read_reference(reference, self.settings.zone), self.settings)

    async def load(self, day: dt.date) -> None:
        """Load one day."""
        async with self._harness() as harness:
            await harness.run(day)

    @asynccontextmanager
    async def _harness(self) -> AsyncIterator[PipelineHarness]:
        connection = await asyncpg.connect(self.url)
        try:
            yield PipelineHarness(connection, self.settings)
        finally:
            await connection.close()

    def digests(self, *, features: bool = False) -> dict[str, list[str]]:
        """Return what the mirror holds."""
        if features:
            warehouse = Warehouse(settings=self.settings, dsn=self.settings.database_url)
            with _ONE_DBT:
                asyncio.run(transform_changes(warehouse))
        with closing(psycopg2.connect(self.url)) as connection:
            found = _read(connection.cursor(), features=features)
        if not features:
            found["waiting for features"] = []  # the mirror makes them once, at the end
        return found


def differences(lane: dict[str, list[str]], mirror: dict[str, list[str]]) -> list[str]:
    """Name what differs, with an example."""
    return [
        f"{name} differ: {len(lane[name])} instead of {len(mirror[name])}, such as "
        f"{sorted(set(lane[name]) ^ set(mirror[name]))[:3] or 'a doubled row'}"
        for name in mirror
        if lane[name] != mirror[name]
    ]


@contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """Give a folder a small disk; False: that needs root and mount."""
    folder.mkdir()
    folder.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MEGABYTES}m,mode=755", "tmpfs", str(folder)]
    is_mounted = os.geteuid() == 0 and not subprocess.run(mount, check=False, capture_output=True).returncode
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def write_reference(folder: Path) -> None:
    """Write six meters of two buildings."""
    folder.mkdir()
    (folder / "buildings.csv").write_text("external_code,address,district_id\nB0,0,D\nB1,1,D\n", encoding="utf-8")
    (folder / "itp.csv").write_text("external_code,building_code\nI0,B0\nI1,B1\n", encoding="utf-8")
    meters = [f"M{number},I{number % 2},cold_water,60" for number in range(6)]
    lines = ["external_code,itp_code,kind,interval_minutes", *meters, ""]
    (folder / "meters.csv").write_text("\n".join(lines), encoding="utf-8")


def soak(home: Path, number: int, seconds: float, seed: int, counts: Counter[tuple[str, str]]) -> list[str]:
    """Strike one lane until the time is over; returns what went wrong."""
    with ExitStack() as stack:
        has_disk = stack.enter_context(disk(home / f"lane{number}"))
        lane = Lane(home / f"lane{number}", seed=seed)
        stack.callback(lane.stop)
        lane.start_prefect()
        reference = home / f"reference{number}"
        write_reference(reference)
        loaded = subprocess.run(
            [DATAOPS, "reference", "load", str(reference)],
            env=lane.environment,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if loaded.returncode:
            return [loaded.stderr]
        mirror = Mirror(lane, home / "mirror")
        asyncio.run(mirror.prepare(reference))
        wrong: list[str] = []
        until = time.monotonic() + seconds
        cells = [(step, kind) for step in STEPS for kind in KINDS if has_disk or kind != "fill"]
        while time.monotonic() < until and not wrong:
            faults = choose_faults(lane.random, cells, counts)
            hit, wrong = lane.trial(faults)
            asyncio.run(mirror.load(lane.day))
            wrong += differences(lane.digests(), mirror.digests())
            counts.update(hit)
            told = ", ".join(f"{step} {kind}" for step, kind in hit) or "no fault"
            print(f"lane {number} {lane.day} {told}", flush=True)
            wrong = [f"{lane.day} after {told}: {text}" for text in wrong]
            for text in wrong:
                print(f"lane {number} WRONG {text}", flush=True)
        with temporary_settings({PREFECT_API_URL: lane.environment["PREFECT_API_URL"]}):
            return wrong or differences(lane.digests(features=True), mirror.digests(features=True))


def choose_faults(
    chance: random.Random, cells: Sequence[tuple[str, str]], counts: Counter[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Choose one to four of the faults that came least often; the later steps later, or nothing were left to strike."""
    shuffled = chance.sample(cells, len(cells))
    rarest = sorted(shuffled, key=lambda cell: counts[cell])
    by_step = {step: (step, kind) for step, kind in reversed(rarest[:8])}
    chosen = chance.sample(sorted(by_step), min(chance.randint(1, 4), len(by_step)))
    return [by_step[step] for step in STEPS if step in chosen]


def print_matrix(counts: Counter[tuple[str, str]]) -> None:
    """Print how often each fault hit each step."""
    print("\n" + " " * 10 + "".join(f"{kind:>15}" for kind in KINDS))
    for step in STEPS:
        print(f"{step:10}" + "".join(f"{counts[step, kind]:15}" for kind in KINDS))
    print(f"{counts.total()} faults")


def main() -> int:
    """Soak in several lanes at once; exit code 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--lanes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    home = Path(tempfile.mkdtemp(prefix="faults-", dir="/var/tmp"))
    home.chmod(0o755)
    counts: Counter[tuple[str, str]] = Counter()
    outcomes: list[list[str]] = [[] for _ in range(options.lanes)]

    def work(number: int) -> None:
        try:
            outcomes[number] = soak(home, number, options.seconds, options.seed + number, counts)
        except Exception as error:
            outcomes[number] = [f"{type(error).__name__}: {error}"]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(options.lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    embedded_postgres.stop(home / "mirror")
    shutil.rmtree(home, ignore_errors=True)
    print_matrix(counts)
    wrong = [text for outcome in outcomes for text in outcome]
    for text in wrong:
        print(f"WRONG {text}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
