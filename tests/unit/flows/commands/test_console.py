from __future__ import annotations

import datetime as dt
import json
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from flows.commands import console
from flows.commands.console import fail, failure_as_json, log_lines, print_table, track, visible, waiting
from schemas.errors import FailedStep, FileError, RunFailedError, StepError
from schemas.problems import FileProblem, Step, StepProblem

LOAD_ID = UUID("01a2151d-6c18-712f-ab87-4acecdff6776")
LOAD = {
    "started_at": dt.datetime(2025, 4, 30, 21, 5, tzinfo=dt.UTC),
    "source_file": "2025-04-30/a.csv",
    "status": "skipped",
    **dict.fromkeys(("rows_read", "rows_loaded", "rows_rejected", "rows_duplicate", "rows_suspect"), 0),
    "message": "x" * 300,
    "load_id": LOAD_ID,
}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    wide = Console(force_terminal=True, width=200, no_color=True)
    monkeypatch.setattr(console, "out", wide)
    return wide


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (20.400000000000006, "20.4"),
        (-2.8e-17, "0"),
        ("цех №1", "цех №1"),
        ("a\x1b[31m\nb", "a\\x1b[31m\\nb"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        (7, "7"),
    ],
)
def test_value_is_shown_without_control_characters_and_rounding_noise(value: object, shown: str) -> None:
    assert visible(value) == shown


def test_table_in_a_pipe_is_tab_separated_with_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Loads", [{"file": "a\tb.csv", "rows": 1}], ["rows", "file"])

    assert capsys.readouterr().out == "# Loads\nrows\tfile\n1\ta\\tb.csv\n"


def test_table_on_a_terminal_has_every_value(terminal: Console, capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Loads", [{"file": "a.csv", "rows": 1}, {"file": "[b].csv", "rows": 20}])

    shown = capsys.readouterr().out
    assert "a.csv" in shown
    assert "[b].csv" in shown


def test_empty_table_is_a_heading(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Loads", [])

    assert capsys.readouterr().out.strip() == "# Loads"


def test_load_log_keeps_the_whole_message_and_the_id() -> None:
    (line,) = log_lines([LOAD], ZoneInfo("Europe/Moscow"))

    assert (line["started"], line["message"], line["load_id"]) == ("01.05 00:05", "x" * 300, str(LOAD_ID))


def test_load_log_on_a_terminal_has_the_last_digits_of_the_id(terminal: Console) -> None:
    (line,) = log_lines([LOAD], ZoneInfo("UTC"))

    assert line["load_id"] == "cdff6776"


def test_error_is_one_line_on_stderr_whatever_its_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    assert fail(ValueError("[/bold] " + "x" * 200)) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"error: [/bold] {'x' * 200}\n"


def test_error_for_operators_is_russian_and_details_come_before_the_line_that_names_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fail(FileError(FileProblem.ENCRYPTED))
    dbt = StepError(StepProblem.DBT_NODES_FAILED, nodes="m", error="m: [/] out of luck")
    fail(RunFailedError.of({"[b].csv": "пустой"}, [FailedStep(Step.DBT, dbt)]))
    fail(RunFailedError("the run was cancelled"))

    assert capsys.readouterr().err.splitlines() == [
        "ошибка: файл зашифрован паролем: запросите его без пароля",
        "dbt: m: [/] out of luck",
        "ошибка: '[b].csv': пустой; шаг «расчёт признаков» (dbt): ошибка в m",
        "error: the run was cancelled",
    ]


def test_summary_of_a_failed_run_is_printed_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    error = RunFailedError("a.csv")
    error.summary = {"files": 1}

    with pytest.raises(RunFailedError), failure_as_json(as_json=True):
        raise error

    assert json.loads(capsys.readouterr().out) == {"files": 1}


def test_without_a_terminal_waiting_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("server"), track(range(10), "files") as items:
        assert list(items) == list(range(10))

    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_waiting_is_shown_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "err", Console(force_terminal=True, stderr=True))

    with waiting("database and Prefect server"):
        pass

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "database and Prefect server" in captured.err
