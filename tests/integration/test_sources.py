"""`dataops sources` with the real steps: drafting a mapping; checking files is in test_command.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from flows.commands import build_app
from schemas.errors import FileError, SettingsError
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
    assert "1. line 4: description: ???" in done.stdout
    assert isinstance(again.exception, SettingsError)


@pytest.mark.parametrize(
    ("name", "content", "cut"),
    [
        ("a.xml", "<a><r t='2025-04-01T00:00'>1</r><r t='2025-04-01T01:00'>2</r></a>", 'rows: "//r"  # 2 of them'),
        ("a.json", '{"r": [{"t": "2025-04-01T00:00", "v": 1}, {"t": "2025-04-01T01:00", "v": 2}]}', '"/json/r/item"'),
        ("a.txt", "День          V\n01.04.2025   12\n02.04.2025    5", "positions: [1, 14]  # 2 lines"),
    ],
)
def test_draft_says_how_a_file_without_delimiters_is_cut(
    sources: Path, tmp_path: Path, name: str, content: str, cut: str
) -> None:
    done = draft(tmp_path / name, content.encode())

    assert done.exit_code == 0, done.output
    assert cut in (sources / "new-source.yaml.draft").read_text(encoding="utf-8")


def test_check_refuses_a_pattern_that_could_hang_a_run_with_its_line(sources: Path, tmp_path: Path) -> None:
    (sources / "boiler.yaml").write_text(
        "name: boiler\nmatch: ['*.csv']\nlayout: long\nidentity:\n"
        "  path: '(?=(a+)+$)(?P<meter>.*)'\n  meter: '{meter}'\n"
    )
    (tmp_path / "a.csv").write_text("x")

    done = CliRunner().invoke(build_app(), ["sources", "check", str(tmp_path / "a.csv")])

    assert done.exit_code == 1
    assert "boiler.yaml: line 5: identity.path: must be a regular expression as RE2 reads it" in done.stderr


ACME = """
name: acme
match: ["acme *.csv"]
layout: day-sheet
timestamp: Время
identity: {meter: {column: Прибор}}
columns:
  "T1, °C": {metric: T1}
"""
HEADER = "Прибор;Время;T1, °C"


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(build_app(), ["sources", "check", *map(str, arguments)])


@pytest.fixture
def acme(sources: Path, tmp_path: Path) -> Path:
    (sources / "acme.yaml").write_text(ACME, encoding="utf-8")
    return tmp_path / "acme 1.csv"


def test_mapping_with_an_error_does_not_hide_what_the_others_find(acme: Path, sources: Path) -> None:
    (sources / "other.yaml").write_text("name: other\nmatch: ['x']\nlayout: tall\n")
    acme.write_text(f"{HEADER}\nM-1;01.04.2025 00:00;60\nM-2;01.04.2025 01:00;шесть\nИтого;;60\n")

    done = check(acme)

    assert done.exit_code == 1
    assert "error: other.yaml: line 3: layout: must be" in done.stderr
    assert "mapping acme; sheet —; header in line 1; 2 rows, 2 readings, 1 unreadable" in done.stdout
    assert "C3\tшесть\tbad_number\t1\t" in done.stdout
    assert "2025-04-01 01:00+03:00\t3\t" in done.stdout  # of the last readings
    assert "lines: header 1, reading 2, total 1" in done.stdout


def test_check_fails_where_nothing_can_be_read(acme: Path) -> None:
    acme.write_text(f"{HEADER}\nM-1;00/04/2025 00:00;60\nM-1;00/04/2025 01:00;61\n")

    done = check(acme)

    assert done.exit_code == 1
    assert "ни одна строка не прочитана: дату или время можно прочесть по-разному" in done.stderr


def test_file_of_another_name_is_told_whose_columns_it_has(acme: Path) -> None:
    other = acme.with_name("vodokanal.csv")
    other.write_text(f"{HEADER}\nM-1;01.04.2025 00:00;60\n")

    done = check(other)

    assert done.exit_code == 1
    assert "по листу и столбцам подходит: acme" in done.stderr


def test_difference_of_two_deliveries(acme: Path) -> None:
    newer = acme.with_name("acme 2.csv")
    acme.write_text(f"{HEADER}\nM-1;01.04.2025 00:00;60\nM-1;01.04.2025 01:00;60\n")
    newer.write_text("Прибор;Время;T1, °C;Примечание\nM-2;01.04.2025 00:00;60;\nM-2;01.04.2025 00:30;60;x\n")

    done = check(acme, "--diff", newer)

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "# Changes",
        "table\twhat\tbefore\tafter",
        "table 1\theadings\t—\tПримечание",
        "table 1\tinterval_minutes\t60\t30",
        "\tmeters\tM-1\tM-2",
    ]
    assert "the same headings" in check(acme, "--diff", acme).stdout
    assert isinstance(check(acme, newer, "--diff", newer).exception, SettingsError)


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


def test_check_lists_the_columns_that_several_tables_have_once(sources: Path, tmp_path: Path) -> None:
    tables = "".join(f"  - {{after: '№ {n}', identity: {{meter: M-{n}}}}}\n" for n in (1, 2, 3, 4))
    (sources / "boiler.yaml").write_text(
        f"name: boiler\nmatch: ['*.csv']\nlayout: day-sheet\ntimestamp: t\n"
        f"columns: {{v: {{metric: consumption_period}}}}\ntables:\n{tables}"
    )
    headings = ["t;v", "t;v", "t;v;note", "t;v"]
    content = "".join(f"№ {n};\n{heading}\n2025-04-01 00:00;1\n" for n, heading in enumerate(headings, start=1))
    (tmp_path / "a.csv").write_text(content)

    done = check(tmp_path / "a.csv")

    assert done.output.count("\ttimestamp\n") == 2
    assert done.output.count("Columns: those of sheet —; header in line 2") == 2
