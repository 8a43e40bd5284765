from __future__ import annotations

import sys

import asyncpg
import pytest
from typer.testing import CliRunner

from flows import commands
from flows.commands import build_app, main
from schemas.errors import TerminalError


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dataops", *arguments])
    monkeypatch.setattr(commands, "_prepare", lambda: None)
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "--date", "30.04.2025"), 1, "error: '30.04.2025' is not a valid date: write it as 2025-04-30"),
        (("trace", "M", "noon", "T1"), 1, "error: 'noon' is not a valid time: write it as '2025-04-30 05:00'"),
        (("backfill", "2025-05-02"), 2, "error: Missing argument 'END'."),
        (("statu",), 2, "error: No such command 'statu'. Did you mean 'status'?"),
        (("status", "--lodas", "5"), 2, "--lodas"),
        (("status", "--loads", "0"), 2, "error: Invalid value for '--loads': must be greater than or equal to 1"),
        (("errors", "--reason", "x"), 2, "error: Invalid value for '--reason': 'x' is not one of 'missing_column', "),
        (
            ("revisions", "--meter", "M", "--from", "2025-05-02", "--to", "2025-05-01"),
            1,
            "error: the last day 2025-05-01 is before the first 2025-05-02",
        ),
    ],
)
def test_wrong_call_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    ended_with = call(monkeypatch, *arguments)

    captured = capsys.readouterr()
    assert ended_with == code
    assert said in captured.err
    assert captured.err.strip().count("\n") == 0


def test_database_without_space_is_one_line_and_a_bug_of_ours_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raised: list[Exception] = [asyncpg.DiskFullError("could not extend file: No space left"), LookupError("no row")]
    raised[0].hint = "Check free disk space."  # type: ignore[attr-defined]

    def fail_to_prepare() -> None:
        raise raised.pop(0)

    monkeypatch.setattr(sys, "argv", ["dataops", "status"])
    monkeypatch.setattr(commands, "_prepare", fail_to_prepare)
    with pytest.raises(SystemExit) as ended:
        main()
    with pytest.raises(LookupError):
        main()

    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: could not extend file: No space left\n"


def test_without_a_command_the_help_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch) == 2
    captured = capsys.readouterr()
    assert "backfill" in captured.out
    assert captured.err == ""


def test_what_prepares_a_command_runs_before_it_and_not_for_help() -> None:
    def prepare() -> None:
        raise TerminalError("prepared")

    app = build_app(prepare)

    assert str(CliRunner().invoke(app, ["sample", "--days", "1"]).exception) == "prepared"
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0


def test_group_with_one_command_is_still_a_group() -> None:
    done = CliRunner().invoke(build_app(), ["reference", "--help"])

    assert "load" in done.output
