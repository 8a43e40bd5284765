from __future__ import annotations

import asyncio
import time
from datetime import date
from pathlib import Path

import pytest

from schemas.settings import Settings
from tasks.ingest.find_files import find_files, find_raw_file, list_all_files
from tasks.warehouse.storage import LOCAL, FileStat

DAY = date(2025, 4, 30)


def settings_of(folder: Path, **changes: object) -> Settings:
    return Settings.model_validate({"raw_dir": folder, "file_settle_sec": 0} | changes)


def put(folder: Path, name: str, content: bytes = b"x") -> Path:
    path = folder / DAY.isoformat() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


async def names(settings: Settings) -> list[str]:
    return [file.relative_path for file in (await find_files(DAY, settings, now=time.time())).files]


async def test_sub_folders_are_read_in_a_stable_order_and_temporary_files_never(tmp_path: Path) -> None:
    for name in ("b.csv", "sub/a.XLSX", "~$b.csv", ".hidden.csv", "c.csv.part", "d.tmp", "e.txt", ".git/f.csv"):
        put(tmp_path, name)

    assert await names(settings_of(tmp_path, file_patterns="*")) == ["b.csv", "e.txt", "sub/a.XLSX"]
    assert await names(settings_of(tmp_path)) == ["b.csv", "sub/a.XLSX"]


async def test_file_patterns_decide_what_is_read(tmp_path: Path) -> None:
    put(tmp_path, "a.csv")
    put(tmp_path, "b.xlsx")

    assert await names(settings_of(tmp_path, file_patterns="*.xlsx")) == ["b.xlsx"]


async def test_raw_dir_that_ends_in_the_date_is_the_days_folder(tmp_path: Path) -> None:
    put(tmp_path, "a.csv")

    found = await find_files(DAY, settings_of(tmp_path / "2025-04-30"), now=time.time())

    assert [file.source_file for file in found.files] == ["2025-04-30/a.csv"]


async def test_link_out_of_the_folder_is_refused_and_named(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("secret")
    (tmp_path / str(DAY)).mkdir()
    (tmp_path / str(DAY) / "link.csv").symlink_to(secret)

    found = await find_files(DAY, settings_of(tmp_path), now=time.time())

    assert (found.files, found.refused) == ([], ["link.csv"])


async def test_file_without_its_marker_is_left_and_named_where_markers_are_asked_for(tmp_path: Path) -> None:
    for name in ("done.csv", "done.csv.ready", "open.csv"):
        put(tmp_path, name)

    found = await find_files(DAY, settings_of(tmp_path, ready_suffix=".ready"), now=time.time())

    assert ([file.relative_path for file in found.files], found.unmarked) == (["done.csv"], ["open.csv"])


async def test_growing_file_is_left_for_the_next_run_and_a_settled_one_is_read(tmp_path: Path) -> None:
    growing = put(tmp_path, "growing.csv")
    put(tmp_path, "settled.csv")

    async def grow() -> None:
        await asyncio.sleep(0.1)
        growing.write_bytes(b"xy")

    found, _ = await asyncio.gather(
        find_files(DAY, settings_of(tmp_path, file_settle_sec=0.3), now=time.time()), grow()
    )

    assert found.growing == ["growing.csv"]
    assert [file.relative_path for file in found.files] == ["settled.csv"]


async def test_file_that_is_moved_away_meanwhile_is_left_for_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good.csv", "moved.csv"):
        put(tmp_path, name)
    stat = LOCAL.stat

    def move_away(path: Path) -> FileStat | None:
        path.with_name("moved.csv").unlink(missing_ok=True)
        return stat(path)

    monkeypatch.setattr(LOCAL, "stat", move_away)
    found = await find_files(DAY, settings_of(tmp_path), now=time.time())

    assert [file.relative_path for file in found.files] == ["good.csv"]
    assert found.growing == ["moved.csv"]


@pytest.mark.parametrize("name", ["a\nb.csv", "б" * 100 + ".csv", "\u202egnp.csv", 'it\'s "q".csv'])
async def test_odd_names_are_found_as_they_are(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)

    assert await names(settings_of(tmp_path)) == [name]


async def test_no_folder_is_no_files(tmp_path: Path) -> None:
    assert await names(settings_of(tmp_path)) == []


def test_files_of_all_days_are_listed_without_temporary_ones(tmp_path: Path) -> None:
    for name in ("2025-05-01/b.csv", "2025-04-30/a.csv", "2025-04-30/~$a.xlsx", ".cache/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    listed = [file.relative_to(tmp_path).as_posix() for file in list_all_files(settings_of(tmp_path))]

    assert listed == ["2025-04-30/a.csv", "2025-05-01/b.csv"]


def test_file_of_the_load_log_is_found_itself_or_by_its_archive(tmp_path: Path) -> None:
    archive = put(tmp_path, "D-7/a.zip")

    assert find_raw_file("2025-04-30/D-7/a.zip/x/one.csv", settings_of(tmp_path)) == archive
    assert find_raw_file("2025-04-30/D-7/a.zip", settings_of(tmp_path)) == archive
    assert find_raw_file("2025-04-30/b.csv", settings_of(tmp_path)) is None
