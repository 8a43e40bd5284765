"""`dataops sources` with the real steps: drafting a mapping; checking files is in test_command.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.commands import build_app
from schemas.errors import FileError, MappingError, SettingsError
from schemas.problems import FileProblem
from tests import files

ROWS: files.Rows = [["Дата", "Час", "T1"], *([["01.04.2025", f"{hour}-{hour + 1}", 60] for hour in range(3)])]


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    monkeypatch.setenv("SOURCES_DIR", str(folder))
    return folder


def draft(file: Path, content: bytes, *options: str) -> Result:
    file.write_bytes(content)
    return CliRunner().invoke(build_app(), ["sources", "new", str(file), *options])


def test_draft_of_an_archive_is_written_of_its_first_file_and_never_over_another(sources: Path, tmp_path: Path) -> None:
    archive = files.zipped({"Архив 2025-04.xlsx": files.xlsx(ROWS)})

    done = draft(tmp_path / "a.zip", archive, "--name", "boiler")
    again = draft(tmp_path / "a.zip", archive, "--name", "boiler")

    assert done.exit_code == 0, done.output
    written = (sources / "boiler.yaml.draft").read_text(encoding="utf-8")
    assert 'match: ["Архив *-*.xlsx"]' in written
    assert '"T1": {metric: T1}' in written
    assert isinstance(again.exception, SettingsError)


def test_check_refuses_a_pattern_that_could_hang_a_run_with_its_line(sources: Path, tmp_path: Path) -> None:
    (sources / "boiler.yaml").write_text(
        "name: boiler\nmatch: ['*.csv']\nlayout: long\nidentity:\n"
        "  path: '(?=(a+)+$)(?P<meter>.*)'\n  meter: '{meter}'\n"
    )
    (tmp_path / "a.csv").write_text("x")

    done = CliRunner().invoke(build_app(), ["sources", "check", str(tmp_path / "a.csv")])

    assert isinstance(done.exception, MappingError)
    assert "boiler.yaml: line 5: identity.path: must be a regular expression as RE2 reads it" in str(done.exception)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (files.zipped({"b.csv": files.zipped({"c.csv": b"x"})}), FileProblem.NESTED_ARCHIVE),
        (files.zipped({"readme.txt": b"x"}), FileProblem.NO_MATCHING_MEMBERS),
        (b"%PDF-1.7", FileProblem.WRONG_KIND),
    ],
)
def test_file_that_cannot_be_read_has_no_draft(
    sources: Path, tmp_path: Path, content: bytes, problem: FileProblem
) -> None:
    done = draft(tmp_path / "a.zip", content)

    assert isinstance(done.exception, FileError)
    assert done.exception.problem is problem
    assert list(sources.iterdir()) == []


def test_check_reads_the_hour_that_comes_twice_as_a_run_does(sources: Path, tmp_path: Path) -> None:
    (sources / "boiler.yaml").write_text(
        "name: boiler\nmatch: ['*.csv']\nlayout: day-sheet\ntimestamp: t\ntime_zone: Europe/Berlin\n"
        "ambiguous_hours: in-order\ncolumns: {v: {metric: consumption_period}}\nidentity: {meter: M}\n"
    )
    (tmp_path / "a.csv").write_text("t;v\n2025-10-26 02:00;1\n2025-10-26 02:00;2\n")

    done = CliRunner().invoke(build_app(), ["sources", "check", str(tmp_path / "a.csv")])

    assert "2 readings, 0 unreadable; from 2025-10-26 02:00+02:00 to 2025-10-26 02:00+01:00" in done.output
