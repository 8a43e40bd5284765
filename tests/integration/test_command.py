"""The command as a person or a script meets it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.commands import build_app, replay, requeue
from schemas.errors import DataopsError
from schemas.reasons import Reason
from schemas.settings import PROJECT_ROOT, Settings
from tasks.report.summarise_run import RunSummary
from tests import files
from tests.harness import PipelineHarness, long_csv
from tests.waiting import wait_for_result

DATAOPS = str(Path(sys.executable).with_name("dataops"))


def run(*arguments: str, program: tuple[str, ...] = (DATAOPS,), **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.run(
        [*program, *arguments],
        env=kept | environment,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_wrong_setting_is_one_line_and_exit_code_1() -> None:
    done = run("status", DELTA_T_MIN="warm")

    assert done.returncode == 1
    assert done.stderr.strip().count("\n") == 0
    assert "DELTA_T_MIN" in done.stderr


def test_unreachable_database_is_one_line_without_the_password() -> None:
    done = run("status", DATABASE_URL="postgresql://u:s3cret@127.0.0.1:1/d")

    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_unreachable_prefect_server_is_one_line(settings: Settings) -> None:
    settings.raw_dir.mkdir()
    done = run("run", "--date", "2025-04-30", PREFECT_API_URL="http://127.0.0.1:1/api")

    assert done.returncode == 1
    assert "PREFECT_API_URL=http://127.0.0.1:1/api" in done.stderr
    assert done.stderr.strip().count("\n") == 0


def test_status_of_an_empty_database(settings: Settings) -> None:
    done = run("status", "--json")

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["last_loads"], found["days_with_gaps"], found["schedules"]) == ([], [], [])
    assert settings.database_url
    assert settings.database_url.get_secret_value().rpartition("@")[2] in found["database"]


def test_status_names_the_mappings_with_an_error_by_file_line_and_key(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text("name: acme\nmatch: [a]\nlayout: tall\n")

    done = run("status", SOURCES_DIR=str(tmp_path))

    assert settings.database_url
    assert done.returncode == 0, done.stderr
    assert "acme.yaml: line 3: layout: must be" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--date", "30.04.2025"), "2025-04-30"),
        (("backfill", "2025-05-02", "2025-05-01"), "before"),
        (("backfill", "2025-05-02"), "END"),
        (("rollback", "seven"), "UUID"),
        (("replay", "nothing.csv"), "YYYY-MM-DD"),
        (("replay", "--source", "long", "2025-05-02", "2025-05-01"), "before"),
        (("replay", "--source", "long", "2025-05-02"), "two days"),
        (("replay", "nothing.csv", "--dry-run"), "--source"),
    ],
    ids=["date", "end_before_start", "no_end", "load_id", "file", "span_backwards", "half_a_span", "dry_run_alone"],
)
def test_wrong_argument_is_refused_with_what_is_right(arguments: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(build_app(), arguments)

    assert done.exit_code in (1, 2)
    assert isinstance(done.exception, SystemExit | DataopsError)
    assert said in done.output + str(done.exception)


def test_sources_check_shows_the_readings_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "2025-04-30" / "a.csv"
    file.parent.mkdir()
    file.write_text(long_csv("2025-04-30 00:00,M,T1,60"))

    done = run("sources", "check", str(file), "--json", STATE_DIR=str(tmp_path / "state"))

    (found,) = json.loads(done.stdout)
    (table,) = found["tables"]
    assert done.returncode == 0
    assert (found["mapping"], table["header_row"], table["rows"], table["readings"]) == ("long", 1, 1, 1)
    assert table["first_readings"][0]["value"] == 60
    assert table["first_time"] == table["last_time"] == "2025-04-30 00:00+03:00"
    assert not (tmp_path / "state" / "postgres").exists()


def test_sources_check_of_an_unreadable_file_says_why_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("one,two\n1,2\n")

    done = run("sources", "check", str(file), STATE_DIR=str(tmp_path / "state"))

    assert done.returncode == 1
    assert "шапка не найдена" in done.stderr


def test_sources_check_opens_archives_names_bad_cells_and_files_that_are_not_there(tmp_path: Path) -> None:
    day = tmp_path / "2025-04-30"
    day.mkdir()
    (day / "a.zip").write_bytes(files.zipped({"x/one.csv": long_csv("2025-04-30 00:00,M,T1,sixty").encode()}))
    (day / "empty.csv").write_bytes(b"")

    done = CliRunner().invoke(
        build_app(), ["sources", "check", *(str(day / name) for name in ("a.zip", "empty.csv", "no.csv"))]
    )

    assert done.exit_code == 1
    assert "a.zip/x/one.csv" in done.stdout
    assert "D2\tsixty\tbad_number\t" in done.stdout
    assert "нет ни одной строки" in done.stdout
    assert "there is no file" in done.stderr


def invoke(*arguments: str) -> tuple[str, str]:
    """Run `dataops` in this process; returns what it prints, and the error that ends it."""
    done = CliRunner().invoke(build_app(), arguments)
    return done.output, "" if isinstance(done.exception, SystemExit | None) else str(done.exception)


async def test_load_is_named_by_as_much_of_its_id_as_is_unique(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,x"))
    pipeline.put("b.csv", long_csv("2025-04-30 01:00,M,T1,60"))
    await pipeline.run()
    rows = await pipeline.connection.fetch("select load_id from quality.quality_load_log order by source_file")
    first, second = (row["load_id"] for row in rows)
    in_order = sorted([first, second])

    # The loads of a batch begin in the same millisecond, which is what their ids begin with.
    shown, _ = await asyncio.to_thread(invoke, "errors", "--load", str(first)[:-4])
    dry_run, _ = await asyncio.to_thread(invoke, "rollback", str(second)[:-4], "--dry-run")
    _, ambiguous = await asyncio.to_thread(invoke, "rollback", str(first)[:5])
    listed, _ = await asyncio.to_thread(invoke, "status")

    assert "bad_number" in shown
    assert "would remove 1 readings" in dry_run
    assert f"such as {in_order[0]} and {in_order[1]}" in ambiguous
    assert str(second) in listed


async def test_revisions_of_an_unknown_meter_are_refused_not_empty(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    days = ("--from", "2025-04-30", "--to", "2025-04-30")

    unknown = await asyncio.to_thread(invoke, "revisions", "--meter", "nobody", *days)
    known = await asyncio.to_thread(invoke, "revisions", "--meter", "M", *days)

    assert "there is no meter 'nobody'" in unknown[1]
    assert "no reading of 'M' was ever replaced" in known[0]


async def test_trace_of_an_unknown_meter_says_so_and_of_a_missing_reading_shows_no_empty_tables(
    pipeline: PipelineHarness,
) -> None:
    await pipeline.add_meter("M")

    unknown = await asyncio.to_thread(invoke, "trace", "nobody", "2025-04-30 05:00", "T1")
    missing = await asyncio.to_thread(invoke, "trace", "M", "2025-04-30 05:00", "T1")

    assert unknown[0] == missing[0] == ""
    assert "there is no meter 'nobody'" in unknown[1]
    assert "dataops reference load" in unknown[1]
    assert "core has no reading T1 of 'M' at 2025-04-30 05:00" in missing[1]


async def test_errors_of_what_does_not_exist_are_refused(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,unknown,T1,60"))
    await pipeline.run()

    answers = {
        arguments: await asyncio.to_thread(invoke, "errors", *arguments)
        for arguments in (
            ("--load", "01900000-0000-7000-8000-000000000000"),
            ("--meter", "nobody"),
            ("--meter", "M"),
            ("--meter", "unknown"),
        )
    }

    no_load, no_meter, no_errors, found = answers.values()
    assert "there is no load" in no_load[1]
    assert "there is no meter 'nobody'" in no_meter[1]
    assert "no open row errors" in no_errors[0]
    assert "unmapped_code" in found[0]


async def test_requeue_without_rows_to_load_needs_no_server(
    pipeline: PipelineHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def no_server(settings: Settings) -> Iterator[None]:
        raise AssertionError("a server is started")
        yield

    monkeypatch.setattr(requeue, "serving", no_server)
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    await pipeline.run()

    nothing, _ = await asyncio.to_thread(invoke, "requeue")
    as_json, _ = await asyncio.to_thread(invoke, "requeue", "--json")
    await pipeline.add_meter("M")
    _, waiting = await asyncio.to_thread(invoke, "requeue")
    _, rejected = await asyncio.to_thread(invoke, "requeue", "--reason", "bad_number")

    assert "no row rejected for unmapped_code has become loadable" in nothing
    assert json.loads(as_json)["files"] == 0
    assert waiting == "a server is started"
    assert rejected == ""


async def test_reference_load_loads_the_rows_that_waited_and_needs_no_server_without_any(
    pipeline: PipelineHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def load_them(reason: Reason) -> RunSummary:
        assert reason is Reason.UNMAPPED_CODE
        return RunSummary(files=1, loaded=1, readings_requeued=1)

    servers: list[Settings] = []

    @contextmanager
    def server(settings: Settings) -> Iterator[None]:
        servers.append(settings)
        yield

    monkeypatch.setattr(requeue, "serving", server)
    monkeypatch.setattr(requeue, "_requeue", load_them)
    monkeypatch.setattr(requeue, "run_cancellably", asyncio.run)
    for name, text in {
        "buildings": "external_code,address,district_id\nB,,\n",
        "itp": "external_code,building_code\nI,B\n",
        "meters": "external_code,itp_code,kind,interval_minutes\nM,I,heat,60\n",
    }.items():
        (tmp_path / f"{name}.csv").write_text(text)

    first, _ = await asyncio.to_thread(invoke, "reference", "load", str(tmp_path))
    as_json, _ = await asyncio.to_thread(invoke, "reference", "load", str(tmp_path), "--json")

    assert "waited" not in first
    assert json.loads(as_json)["requeued"] is None
    assert servers == []
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,N,T1,60"))
    await pipeline.run()
    with (tmp_path / "meters.csv").open("a") as meters:
        meters.write("N,I,heat,60\n")
    second, _ = await asyncio.to_thread(invoke, "reference", "load", str(tmp_path))
    assert "Rows that waited for these codes: 1 files" in second
    assert "1 of them had waited in stage" in second
    assert len(servers) == 1


async def test_revision_of_a_flag_alone_shows_the_quality(pipeline: PipelineHarness) -> None:
    await pipeline.add_meter("M")
    pipeline.put("a.csv", long_csv("2025-04-30 00:00,M,T1,60"))
    await pipeline.run()
    await pipeline.connection.execute("update core.measurements set quality = 1")
    pipeline.put("b.csv", long_csv("2025-04-30 00:00,M,T1,60", "2025-04-30 01:00,M,T1,61"))
    await pipeline.run()

    shown, _ = await asyncio.to_thread(
        invoke, "revisions", "--meter", "M", "--from", "2025-04-30", "--to", "2025-04-30"
    )

    assert "\t60\t60\t1\t0\t" in shown


async def test_file_is_replayed_by_a_name_that_is_not_utf8(settings: Settings) -> None:
    file = settings.raw_dir / "2025-04-30" / os.fsdecode("ХВС.csv".encode("cp1251"))
    file.parent.mkdir(parents=True)
    file.write_text(long_csv())

    selection = await replay._select(str(file), None, settings, from_stage=False)

    assert selection.only == [r"\xd5\xc2\xd1.csv"]


async def test_deploy_to_a_dead_server_is_one_line() -> None:
    done = run("deploy", PREFECT_API_URL="http://127.0.0.1:1/api")

    assert done.returncode == 1
    assert "PREFECT_API_URL=http://127.0.0.1:1/api" in done.stderr
    assert done.stderr.strip().count("\n") == 0


@pytest.mark.slow
@pytest.mark.server
async def test_run_mode_once_loads_today_and_tells_by_its_exit_code(
    pipeline: PipelineHarness, settings: Settings, state_of_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIR", str(state_of_machine))
    await pipeline.add_meter("M")
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 3600))
    folder = settings.raw_dir / today
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text(long_csv("2025-04-30 00:00,M,T1,60"))

    good = run(program=(sys.executable, "-m", "flows"), RUN_MODE="once")
    (folder / "b.csv").write_text("no header")
    bad = run("run", "--json")

    assert good.returncode == 0, good.stderr
    assert await pipeline.connection.fetchval("select count(*) from core.measurements") == 1
    assert bad.returncode == 1
    assert "b.csv" in bad.stderr
    summary = json.loads(bad.stdout)
    assert (list(summary["failed"]), summary["skipped"]) == ([f"{today}/b.csv"], 1)


@pytest.mark.slow
@pytest.mark.server
def test_demo_loads_its_days_in_one_process_and_names_the_file_that_is_broken_on_purpose(
    settings: Settings, state_of_machine: Path
) -> None:
    done = run("demo", STATE_DIR=str(state_of_machine), LOG_LEVEL="CRITICAL")

    assert done.returncode == 0, done.stderr
    assert [line[:10] for line in done.stdout.splitlines() if " files: " in line] == ["2025-04-29", "2025-04-30"]
    assert "2025-05-01: failed as it should" in done.stderr
    assert f"Report: {settings.artifacts_dir}" in done.stdout


@pytest.mark.slow
@pytest.mark.server
async def test_run_mode_loop_looks_again_and_ends_on_sigterm(
    pipeline: PipelineHarness,
    settings: Settings,
    state_of_machine: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("STATE_DIR", str(state_of_machine))
    await pipeline.add_meter("M")
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 3600))
    folder = settings.raw_dir / today
    folder.mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment = kept | {"RUN_MODE": "loop", "LOOP_INTERVAL_SEC": "5"}
    said = tmp_path / "said"
    with said.open("w") as errors:
        loop = subprocess.Popen(
            [sys.executable, "-m", "flows"],
            env=environment,
            cwd=PROJECT_ROOT,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
    try:
        await _put_and_wait(pipeline, 1, folder / "a.csv", 60)
        await _put_and_wait(pipeline, 2, folder / "b.csv", 61)
    finally:
        stopped = time.monotonic()
        loop.send_signal(signal.SIGTERM)
        code = loop.wait(timeout=300)

    assert time.monotonic() - stopped < 15
    assert code == 128 + signal.SIGTERM
    assert "error: stopped by SIGTERM" in said.read_text()
    assert "Traceback" not in said.read_text()


async def _put_and_wait(pipeline: PipelineHarness, loaded: int, file: Path, value: int) -> None:
    """Put a file into today's folder and wait until a later look has loaded it."""
    file.write_text(long_csv(f"2025-04-30 {value - 60:02d}:00,M,T1,{value}"))
    count = "select count(*) from quality.quality_load_log where status = 'success'"
    await wait_for_result(
        f"{loaded} successful loads", lambda: pipeline.connection.fetchval(count), done=lambda found: found == loaded
    )
