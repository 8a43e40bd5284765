from __future__ import annotations

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from flows.commands.sample import sample

app = typer.Typer()
app.command()(sample)


def test_command_writes_the_days_and_tells_machines_what_they_should_load_to(tmp_path: Path) -> None:
    asked = ["--days", "2", "--buildings", "4", "--start", "2025-06-01", "--out", str(tmp_path), "--json"]

    done = CliRunner().invoke(app, asked)

    assert done.exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2025-06-01", "2025-06-02"]
    files = {file["source_file"]: file for file in json.loads(done.output)["files"]}
    assert files["2025-06-02/D-0003/Посуточная ведомость водосчетчика ХВС ИТП.xlsx"]["status"] == "failed"


def test_command_tells_people_which_files_will_not_be_plain_successes(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--days", "1", "--out", str(tmp_path)])

    assert done.exit_code == 0
    line = next(line for line in done.output.splitlines() if "показания.csv" in line)
    assert line.split() == ["2025-04-29/long/показания.csv", "partial", "505", "503", "2", "0", "0"]
    assert "15 files of 1 day(s)" in done.output


def test_no_faults_means_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--days", "1", "--no-faults", "--out", str(tmp_path), "--json"])

    assert {file["status"] for file in json.loads(done.output)["files"]} == {"success"}
