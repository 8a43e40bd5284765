from __future__ import annotations

import logging
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows.runtime.run_log import naming_artifacts_dir, prepare_logging, run_log
from schemas.errors import FailedStep, RunFailedError, StepError, TerminalError
from schemas.problems import Step, StepProblem
from schemas.settings import PROJECT_ROOT, Settings

DAY = date(2025, 4, 30)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(artifacts_dir=tmp_path / "artifacts")


def logged(error: Exception | None, text: str) -> logging.LogRecord | None:
    """What is left of a record of Prefect's after the filters."""
    record = logging.LogRecord(
        "prefect.flow_runs", logging.ERROR, __file__, 1, text, None, (type(error), error, None) if error else None
    )
    return record if logging.getLogger(record.name).filter(record) else None


def test_failed_file_is_logged_by_its_step_alone(settings: Settings) -> None:
    prepare_logging(settings)
    lost = StepError(StepProblem.FAILED, error="no server")
    error = RunFailedError.of({"b.csv": "повреждён"}, [FailedStep(Step.LOAD, lost)])
    state: State[object] = Failed(message=f"Flow run encountered an exception: RunFailedError: {error}")

    first = logged(error, "Encountered exception during execution")
    last = logged(None, f"Finished in state {state}")
    other = logged(None, "Finished in state Completed()")

    assert first is None
    assert last
    assert last.getMessage() == "Finished in state Failed()"
    assert other
    assert other.getMessage() == "Finished in state Completed()"


def test_disk_error_has_no_traceback(settings: Settings) -> None:
    prepare_logging(settings)

    record = logged(OSError(28, "No space left on device"), "Encountered exception")

    assert record
    assert record.exc_info is None


def test_traceback_that_dbt_logs_as_a_message_is_not_shown(settings: Settings) -> None:
    prepare_logging(settings)

    assert logged(None, "Encountered an error:\n[Errno 28] No space left on device")
    assert not logged(None, 'Traceback (most recent call last):\n  File "dbt/cli/requires.py", line 187')


@pytest.mark.parametrize("name", ["prefect.task_runs", "asyncio"])
def test_what_a_signal_breaks_is_not_said(settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    prepare_logging(settings)
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, "finished with status error", None, None)
    before = logging.getLogger(name).filter(record)

    monkeypatch.setattr("flows.runtime.run_log.is_ending", lambda: True)

    assert before
    assert not logging.getLogger(name).filter(record)


def test_what_a_signal_breaks_of_a_flow_has_no_traceback(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_logging(settings)
    monkeypatch.setattr("flows.runtime.run_log.is_ending", lambda: True)

    record = logged(ValueError("broken off"), "Encountered exception during execution")

    assert record
    assert record.exc_info is None


def test_run_log_is_a_file_of_its_day(settings: Settings) -> None:
    with run_log(DAY, settings):
        logging.getLogger("dataops.ingest").error("staged a.csv")
    logging.getLogger("dataops.ingest").error("after the run")

    (file,) = (settings.artifacts_dir / "run_logs").glob("2025-04-30_*.log")
    text = file.read_text(encoding="utf-8")
    assert "ERROR dataops.ingest staged a.csv" in text
    assert "after the run" not in text


def test_run_goes_on_without_a_log_file_where_none_can_be_written(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.artifacts_dir.write_text("a file where the folder should be")
    done = False

    with run_log(DAY, settings):
        done = True

    assert done
    assert f"ARTIFACTS_DIR={settings.artifacts_dir} is not writable" in caplog.text
    assert not [
        h for h in logging.getLogger("dataops").handlers if isinstance(h, logging.FileHandler | logging.NullHandler)
    ]


def test_file_that_cannot_be_written_names_the_setting_but_only_below_it(settings: Settings) -> None:
    inside, elsewhere = settings.artifacts_dir / "report.html", "/somewhere/else"

    message = r"ARTIFACTS_DIR=.* is not writable \(Read-only file system\)"
    with pytest.raises(TerminalError, match=message), naming_artifacts_dir(settings):
        raise OSError(30, "Read-only file system", str(inside))
    with pytest.raises(OSError, match="somewhere"), naming_artifacts_dir(settings):
        raise OSError(30, "Read-only file system", elsewhere)


def test_what_prefect_says_while_it_sends_what_is_left_stays_off_the_terminal(settings: Settings) -> None:
    code = (
        "import logging, pathlib; from prefect.logging.configuration import setup_logging;"
        "from flows.runtime.run_log import prepare_logging; from schemas.settings import Settings;"
        f"prepare_logging(Settings(artifacts_dir=pathlib.Path({str(settings.artifacts_dir)!r})));"
        "setup_logging(incremental=False);"
        "[logging.getLogger(name).error('lost') for name in ('prefect._internal.concurrency', 'prefect.events.clients',"
        " 'websockets.client', 'EventsWorker')]; logging.getLogger('dataops').warning('kept')"
    )

    said = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)

    assert "lost" not in said.stderr
    assert "kept" in said.stderr
