from __future__ import annotations

import csv
import datetime as dt
import hashlib
import time
import zipfile
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from tasks.operate.generate_samples import Sample, generate
from tasks.operate.generate_samples.day_sheets import COLD_FILE, HOT_FILE

FIRST = dt.date(2025, 4, 29)
DAYS = [FIRST + dt.timedelta(days=number) for number in range(3)]


def make(folder: Path, *, days: list[dt.date] = DAYS, seed: int = 1, faults: bool = True) -> Sample:
    return generate(folder, days=days, buildings=4, seed=seed, faults=faults)


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def cells(path: Path) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()]


def count(path: Path) -> tuple[int, int]:
    """Return rows and readings of a file, independently of the account."""
    if path.suffix == ".xlsx":
        table = cells(path)[1:]
        return len(table), sum(len(row) - 2 for row in table)
    encoding, delimiter = ("cp1251", ";") if "cp1251" in path.name else ("utf-8", ",")
    with path.open(encoding=encoding, newline="") as file:
        rows = len(list(csv.reader(file, delimiter=delimiter))) - 1
    return rows, rows


def test_same_arguments_give_the_same_bytes_and_another_seed_gives_others(tmp_path: Path) -> None:
    make(tmp_path / "a")
    make(tmp_path / "b")
    make(tmp_path / "c", seed=2)

    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert not set(digest(tmp_path / "a").values()) & set(digest(tmp_path / "c").values())


def test_account_agrees_with_what_the_files_hold(tmp_path: Path) -> None:
    made = make(tmp_path)

    read = [file for file in made.files if file.status in ("success", "partial")]
    assert {file.source_file: (file.raw_rows, file.read) for file in read} == {
        file.source_file: count(tmp_path / file.source_file) for file in read
    }
    assert {file.source_file for file in made.files} == set(digest(tmp_path))


@pytest.mark.parametrize("faults", [True, False])
def test_account_adds_up_and_faults_are_in_the_last_day_only(tmp_path: Path, *, faults: bool) -> None:
    made = make(tmp_path, faults=faults)

    for file in made.files:
        assert file.read == file.loaded + file.rejected + file.duplicate
        assert (file.status == "partial") == (file.rejected > 0)
        assert sum(file.row_errors.values()) == file.rejected
    unusual = [file for file in made.files if file.status != "success"]
    assert {file.source_file[:10] for file in unusual} == ({DAYS[-1].isoformat()} if faults else set())
    reasons = {reason for file in made.files for reason in file.row_errors}
    assert reasons == (
        {
            *("bad_number", "missing_value", "negative", "conflicting_duplicate"),
            *("out_of_range", "unmapped_code"),
        }
        if faults
        else set()
    )


def test_a_day_does_not_depend_on_the_days_around_it(tmp_path: Path) -> None:
    make(tmp_path / "three", faults=False)
    make(tmp_path / "one", days=[DAYS[1]], faults=False)

    # The last building's sheet of a last day holds all the days before it, so it is left out.
    one = {name: value for name, value in digest(tmp_path / "one").items() if "D-0004" not in name}
    assert one.items() <= digest(tmp_path / "three").items()


def test_last_building_delivers_all_days_at_once_with_dates_as_a_chain_of_formulas(tmp_path: Path) -> None:
    make(tmp_path, faults=False)
    path = tmp_path / DAYS[-1].isoformat() / "D-0004" / HOT_FILE

    rows = cells(path)[1:]
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()

    assert [row[0] for row in rows] == ["29.04.2025"] * 24 + [DAYS[1]] * 24 + [DAYS[2]] * 24
    assert [row[1] for row in rows[:3]] == ["0-1", "1-2", "2-3"]
    assert "<f>A2</f>" in sheet
    assert "<f>A2+1</f>" in sheet


def test_cold_water_dates_are_text_and_excel_dates_in_one_column(tmp_path: Path) -> None:
    make(tmp_path, faults=False)

    rows = cells(tmp_path / FIRST.isoformat() / "D-0001" / COLD_FILE)[1:]

    assert [row[0] for row in rows] == ["29.04.2025"] * 12 + [FIRST] * 12


def test_files_are_old_enough_to_be_read_immediately(tmp_path: Path) -> None:
    made = make(tmp_path)

    assert all((tmp_path / file.source_file).stat().st_mtime < time.time() - 50 for file in made.files)


def test_no_two_files_are_alike_but_the_deliberate_copy(tmp_path: Path) -> None:
    made = generate(tmp_path, days=DAYS, buildings=24, seed=1, faults=True)

    contents = digest(tmp_path)
    assert len({contents[file.source_file] for file in made.files}) == len(made.files) - 1


def test_too_small_a_city_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="4 buildings"):
        generate(tmp_path, days=DAYS, buildings=3, seed=1, faults=True)


def test_a_city_larger_than_the_reference_data_brings_its_own(tmp_path: Path) -> None:
    made = generate(tmp_path, days=[FIRST], buildings=13, seed=1, faults=False)

    assert made.reference is not None
    assert "L-0013-HVS" in (made.reference / "meters.csv").read_text()
