from __future__ import annotations

import asyncio
import os
import socket
import time
from datetime import date
from pathlib import Path

import pytest

from schemas.problems import FileProblem, Kind
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


async def test_what_is_no_file_to_read_is_named_and_never_opened(tmp_path: Path) -> None:
    for name in ("good.csv", "notes.txt", "a.tsv", "b.dbf", "~$good.csv"):
        put(tmp_path, name)
    day = tmp_path / str(DAY)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.csv").write_text("secret")
    (day / "out.csv").symlink_to(tmp_path / "elsewhere" / "secret.csv")
    (day / "folder.csv").symlink_to(tmp_path / "elsewhere")
    (day / "broken.csv").symlink_to("nothing.csv")
    (day / "loop.csv").symlink_to("loop.csv")
    (day / "same.csv").symlink_to("good.csv")
    os.mkfifo(day / "pipe.csv")

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(day / "socket.csv"))  # an absolute one is too long
        try:
            found = await asyncio.wait_for(find_files(DAY, settings_of(tmp_path), now=time.time()), timeout=20)
        finally:  # whoever waits for the pipe waits for a writer
            os.close(os.open(day / "pipe.csv", os.O_RDWR | os.O_NONBLOCK))

    assert [file.relative_path for file in found.files] == ["good.csv", "same.csv"]
    assert {name: (error.problem, error.data.get("kind")) for name, error in found.never_read.items()} == {
        "a.tsv": (FileProblem.NOT_IN_PATTERNS, None),
        "b.dbf": (FileProblem.NOT_IN_PATTERNS, None),
        "notes.txt": (FileProblem.NOT_IN_PATTERNS, None),
        "out.csv": (FileProblem.LINK_LEADS_OUT, None),
        "folder.csv": (FileProblem.NOT_A_FILE, Kind.LINK_TO_FOLDER),
        "broken.csv": (FileProblem.NOT_A_FILE, Kind.BROKEN_LINK),
        "loop.csv": (FileProblem.NOT_A_FILE, Kind.BROKEN_LINK),
        "pipe.csv": (FileProblem.NOT_A_FILE, Kind.PIPE),
        "socket.csv": (FileProblem.NOT_A_FILE, Kind.SOCKET),
    }


async def test_folder_that_may_not_be_opened_is_named_and_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good.csv", "closed/a.csv", "open/b.csv"):
        put(tmp_path, name)
    scandir = os.scandir

    def refuse(path: str) -> object:  # root may look into any folder: the system's answer is made here
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = await find_files(DAY, settings_of(tmp_path), now=time.time())

    assert [file.relative_path for file in found.files] == ["good.csv", "open/b.csv"]
    assert {name: (error.problem, error.data) for name, error in found.unreadable.items()} == {
        "closed": (FileProblem.FOLDER_NOT_READABLE, {"error": "Permission denied"})
    }


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


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        (b"a\nb.csv", r"a\x0ab.csv"),
        (("б" * 125 + "a.csv").encode(), "б" * 125 + "a.csv"),
        (("б" * 251 + ".csv").encode("cp1251"), r"\xe1" * 251 + ".csv"),
        ("\u202egnp.csv".encode(), r"\xe2\x80\xaegnp.csv"),
        (b'it\'s "q".csv', 'it\'s "q".csv'),
        ("Март/ХВС.csv".encode("cp1251"), r"\xcc\xe0\xf0\xf2/\xd5\xc2\xd1.csv"),
        (rb"a\b.csv", r"a\\b.csv"),
    ],
    ids=["newline", "255_bytes", "255_bytes_of_cp1251", "right_to_left", "quotes", "cp1251", "backslash"],
)
async def test_odd_names_are_spelled_and_found_by_their_spelling(tmp_path: Path, name: bytes, spelling: str) -> None:
    path = put(tmp_path, os.fsdecode(name))

    assert await names(settings_of(tmp_path)) == [spelling]
    assert find_raw_file(f"{DAY}/{spelling}", settings_of(tmp_path)) == path


async def test_marker_of_the_longest_name_cannot_exist_and_nothing_else_suffers(tmp_path: Path) -> None:
    for name in ("a" * 251 + ".csv", "b.csv", "b.csv.ready"):
        put(tmp_path, name)

    found = await find_files(DAY, settings_of(tmp_path, ready_suffix=".ready"), now=time.time())

    assert [file.relative_path for file in found.files] == ["b.csv"]
    assert [error.problem for error in found.unreadable.values()] == [FileProblem.NOT_READABLE]


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
