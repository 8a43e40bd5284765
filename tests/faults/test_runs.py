"""What may happen around a run: connections cut, a disk full, features failing, two runs with the same readings."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from flows.load_day import load_day
from schemas.errors import RunFailedError, SettingsError, TerminalError
from schemas.problems import Step, StepProblem, describe_failed_step
from schemas.report import Report
from schemas.settings import Settings
from tasks.report.prefect_task import build_report_task
from tasks.transform.run_dbt import DbtError
from tasks.warehouse.connection import is_transient
from tasks.warehouse.load_log import Run
from tests import files
from tests.harness import DAY, PipelineHarness, long_csv

HOURS = [f"2025-04-30 {hour:02d}:00,M,T1,{40 + hour}" for hour in range(24)]
CUT_ONCE = """
    create sequence cut;
    create function cut_connection() returns trigger language plpgsql as $$
    begin
        if nextval('cut') = 1 then
            perform pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and {which};
        end if;
        return new;
    end $$;
    create trigger cut before insert on core.measurements for each row execute function cut_connection();
"""


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api", "features")
@pytest.mark.parametrize("which", ["pid = pg_backend_pid()", "application_name like 'dataops %'"], ids=["one", "all"])
async def test_connection_cut_in_the_middle_of_a_load_is_opened_again_and_the_file_loads_once(
    pipeline: PipelineHarness, which: str
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*HOURS))
    await pipeline.connection.execute(CUT_ONCE.format(which=which))

    summary = await load_day(date=DAY)

    assert await pipeline.connection.fetchval("select last_value from cut") > 24
    assert (summary.loaded, summary.readings_inserted) == (1, 24)
    assert await pipeline.connection.fetchval("select count(*) from core.measurements") == 24
    statuses = await pipeline.connection.fetch("select status from quality.quality_load_log")
    assert [row["status"] for row in statuses] == ["success"]


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api")
async def test_core_stays_loaded_when_features_fail_and_the_next_run_makes_them_up(
    pipeline: PipelineHarness, features: list[Any]
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*HOURS))
    features.append(TerminalError("dbt: ml_hourly_by_building: out of luck"))

    with pytest.raises(RunFailedError, match="out of luck"):
        await load_day(date=DAY)
    loaded = await pipeline.connection.fetchval("select count(*) from core.measurements")
    waiting = await pipeline.connection.fetchval("select count(*) from quality.changed_days")
    await load_day(date=date(2025, 5, 1))

    assert (loaded, waiting) == (24, 1)
    assert len(features) == 1
    assert await pipeline.connection.fetchval("select count(*) from quality.changed_days") == 0


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api")
@pytest.mark.parametrize(
    "broken",
    [("file", "dbt"), ("file", "report"), ("dbt", "report"), ("file", "dbt", "report")],
    ids=lambda broken: "_".join(broken),
)
async def test_last_line_names_everything_that_failed(
    pipeline: PipelineHarness,
    features: list[Any],
    settings: Settings,
    broken: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*HOURS))
    if "file" in broken:
        pipeline.put("b.xlsx", b"PK\x03\x04 cut off")
    if "dbt" in broken:
        features.append(DbtError(StepProblem.DBT_NODES_FAILED, nodes="ml_hourly", error="ml_hourly: out of luck"))
    if "report" in broken:
        settings.artifacts_dir.write_text("a file where the folder should be")

    with pytest.raises(RunFailedError) as caught:
        await load_day(date=DAY)

    error = caught.value
    damaged = "файл повреждён или передан не полностью: запросите его ещё раз"
    named = {
        "file": f"'{DAY}/b.xlsx': {damaged}",
        "dbt": describe_failed_step(Step.DBT, "ошибка в ml_hourly"),
        "report": describe_failed_step(
            Step.REPORT, f"папка ARTIFACTS_DIR={settings.artifacts_dir} недоступна для записи"
        ),
    }
    details = {
        "dbt": "ml_hourly: out of luck",
        "report": f"ARTIFACTS_DIR={settings.artifacts_dir} is not writable (Not a directory)",
    }
    assert error.line == "; ".join(named[what] for what in broken)
    assert error.details == [f"{step}: {detail}" for step, detail in details.items() if step in broken]
    assert error.summary
    assert error.summary["failed_steps"] == {step: detail for step, detail in details.items() if step in broken}
    assert error.summary["failed"].keys() == ({f"{DAY}/b.xlsx"} if "file" in broken else set())
    assert await pipeline.connection.fetchval("select count(*) from core.measurements") == 24
    if "report" not in broken:
        written = (settings.artifacts_dir / "quality_reports" / str(DAY) / "report.json").read_bytes()
        told = Report.model_validate_json(written)
        assert (told.verdict, told.failed_steps) == ("errors", {Step.DBT: "ошибка в ml_hourly"})
        (log,) = (settings.artifacts_dir / "run_logs").glob("*.log")
        lines = log.read_text(encoding="utf-8").splitlines()
        assert any(f"failed '{DAY}/b.xlsx': the file is damaged or incomplete" in line for line in lines)
        assert [line for line in lines if re.search("[а-яё]", line)] == []


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api", "features")
async def test_read_only_artifacts_stop_the_report_and_not_the_load(
    pipeline: PipelineHarness, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(small_disk))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*HOURS))

    with pytest.raises(RunFailedError) as caught:
        await load_day(date=DAY)

    assert caught.value.line == describe_failed_step(
        Step.REPORT, f"папка ARTIFACTS_DIR={small_disk} недоступна для записи"
    )
    assert caught.value.details == [f"report: ARTIFACTS_DIR={small_disk} is not writable (Read-only file system)"]
    (log,) = await pipeline.connection.fetch("select status, rows_inserted from quality.quality_load_log")
    assert tuple(log) == ("success", 24)


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api")
async def test_missing_folder_of_raw_files_is_not_a_day_without_files(pipeline: PipelineHarness) -> None:
    with pytest.raises(SettingsError, match=rf"RAW_DIR={pipeline.settings.raw_dir} is not a folder"):
        await load_day(date=DAY)


async def test_two_files_with_the_same_readings_at_once_are_one_after_the_other(
    pipeline: PipelineHarness, settings: Settings
) -> None:
    await pipeline.add_meter("M")
    days = {DAY: "a.csv", date(2025, 5, 1): "b.csv"}
    for number, (day, name) in enumerate(days.items()):
        pipeline.put(name, long_csv(*(f"{row}.{number}" for row in HOURS)), day=day)
    assert settings.database_url
    url = settings.database_url.get_secret_value()

    async def one(day: date) -> None:
        connection = await asyncpg.connect(url)
        other = PipelineHarness(connection, settings)
        run = await other.begin(day)
        await other.ingest(run)
        await other.validate(run)
        while not await loads(other, run):  # as the flow does
            pass
        await connection.close()

    async def loads(other: PipelineHarness, run: Run) -> bool:
        try:
            await other.load(run)
        except asyncpg.PostgresError as error:
            if not is_transient(error):
                raise
            return False
        return True

    await asyncio.gather(*(one(day) for day in days))

    log = await pipeline.connection.fetch("select rows_inserted, rows_updated from quality.quality_load_log order by 1")
    assert [tuple(row) for row in log] == [(0, 24), (24, 0)]
    values = {value % 1 for value in (await pipeline.values()).values()}
    assert len(values) == 1, "all values are those of one file"
    assert await pipeline.connection.fetchval("select count(*) from core.measurement_revisions") == 24


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own with a few megabytes, which every user may enter; only root may make one."""
    folder = Path(tempfile.mkdtemp(prefix="dataops-disk-", dir="/var/tmp"))
    folder.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m,mode=755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode:
        folder.rmdir()
        pytest.skip("a disk to fill needs root and mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def fill(disk: Path, *, free: int = 0) -> Path:
    """Fill a disk, but for some bytes; gives the file to remove."""
    filler = disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - free))
    return filler


@pytest.mark.server
@pytest.mark.usefixtures("prefect_api", "features")
async def test_full_disk_under_the_artifacts_fails_the_run_and_the_next_one_finishes(
    pipeline: PipelineHarness, settings: Settings, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTIFACTS_DIR", str(small_disk))
    monkeypatch.setattr(build_report_task, "retry_delay_seconds", [0, 0, 0])
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*HOURS))
    (small_disk / "run_logs").mkdir()
    filler = fill(small_disk)

    with pytest.raises(RunFailedError, match="No space left"):
        await load_day(date=DAY)
    loaded = await pipeline.connection.fetchval("select count(*) from core.measurements")
    filler.unlink()
    await load_day(date=DAY)

    assert loaded == 24
    assert list((small_disk / "quality_reports" / str(DAY)).glob("report.*"))


@pytest.mark.parametrize("file", ["a.csv", "a.xlsx", "a.zip", "spool"])
async def test_full_disk_under_temporary_files_or_spool_fails_no_file_and_the_next_run_finishes(
    pipeline: PipelineHarness, settings: Settings, small_disk: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    await pipeline.add_meter("M")
    rows = [f"2025-04-{day:02d} {hour:02d}:00,M,T1,60" for day in range(1, 31) for hour in range(24)]
    text = long_csv(*rows)
    cells = [line.split(",") for line in text.splitlines()]
    content = {"a.xlsx": files.xlsx(cells), "a.zip": files.zipped({"a.csv": text.encode()})}
    pipeline.put("a.csv" if file == "spool" else file, content.get(file, text))
    if file == "spool":
        settings = settings.model_copy(update={"state_dir": small_disk / "state"})
        (small_disk / "state").mkdir()
    else:
        monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    pipeline = pipeline._replace(settings=settings)
    # The parser of workbooks has a copy of the file, and no space for what is in it.
    filler = fill(small_disk, free=len(content["a.xlsx"]) + 8192 if file == "a.xlsx" else 0)

    with pytest.raises(OSError, match=f"No space left on device: .*'{small_disk}") as raised:
        await pipeline.run()
    states = await pipeline.connection.fetch("select status::text from quality.quality_load_log")
    filler.unlink()
    (log,) = await pipeline.run()

    assert is_transient(raised.value)
    assert {row["status"] for row in states} <= {"running"}
    assert (log["status"], log["rows_inserted"]) == ("success", len(rows))


@pytest.fixture
async def core_disk(pipeline: PipelineHarness, small_disk: Path) -> AsyncIterator[Path]:
    """The disk on which core's new partitions lie."""
    server = Path(await pipeline.connection.fetchval("show data_directory"))
    if not server.exists():
        pytest.skip("the server runs on another machine")
    folder = small_disk / "tablespace"
    folder.mkdir(mode=0o700)
    os.chown(folder, server.stat().st_uid, server.stat().st_gid)
    name = f"small_{secrets.token_hex(4)}"
    database = await pipeline.connection.fetchval("select current_database()")
    await pipeline.connection.execute(f"create tablespace {name} location '{folder}'")
    await pipeline.connection.execute(f"alter database {database} set default_tablespace = {name}")
    yield small_disk
    await pipeline.connection.execute("drop schema core, stage, quality, features cascade")
    await pipeline.connection.execute(f"drop tablespace {name}")


async def test_full_disk_under_the_database_leaves_nothing_and_the_next_run_finishes(
    pipeline: PipelineHarness, settings: Settings, core_disk: Path
) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv(*HOURS))
    assert settings.database_url
    url = settings.database_url.get_secret_value()
    filler = fill(core_disk)

    connection = await asyncpg.connect(url)
    with pytest.raises(asyncpg.DiskFullError):
        await PipelineHarness(connection, settings).run()
    await connection.close()
    left = await pipeline.connection.fetchval("select count(*) from core.measurements")
    filler.unlink()
    connection = await asyncpg.connect(url)
    (log,) = await PipelineHarness(connection, settings).run()
    await connection.close()

    assert left == 0
    assert (log["status"], log["rows_inserted"]) == ("success", 24)
