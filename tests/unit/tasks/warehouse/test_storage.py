from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from tasks.warehouse.storage import LOCAL


def test_files_are_listed_in_order_below_all_folders_but_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/2.csv", "a.csv", "b/1.csv", ".hidden/3.csv"):
        LOCAL.write(tmp_path / name, b"")

    assert [str(file.relative_to(tmp_path)) for file in LOCAL.list_files(tmp_path)] == ["a.csv", "b/1.csv", "b/2.csv"]
    assert list(LOCAL.list_files(tmp_path / "none")) == []


def test_write_replaces_the_content_and_leaves_no_other_file(tmp_path: Path) -> None:
    file = tmp_path / "new" / "report.json"

    LOCAL.write(file, b"old")
    LOCAL.write(file, b"new")

    assert file.read_bytes() == b"new"
    assert list(LOCAL.list_files(tmp_path)) == [file]


def test_write_that_fails_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.json"
    LOCAL.write(file, b"old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OSError, match="disk full"):
        LOCAL.write(file, b"new")

    assert file.read_bytes() == b"old"
    assert list(LOCAL.list_files(tmp_path)) == [file]


def test_created_file_has_its_name_only_when_it_is_complete_and_can_be_appended_to(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "a.arrow"

    with LOCAL.create(file) as stream:
        stream.write(b"one")
        assert not file.exists()
    with LOCAL.append(file) as stream:
        stream.write(b" two")
    with suppress(KeyError), LOCAL.create(file) as stream:
        stream.write(b"three")
        raise KeyError

    assert file.read_bytes() == b"one two"


def test_file_that_did_not_fit_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_is_full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", disk_is_full)

    with pytest.raises(OSError, match=r"No space left on device: '.*report\.json'"):
        LOCAL.write(tmp_path / "report.json", b"new")


def test_error_of_another_than_the_disk_is_not_blamed_on_the_file_being_written(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError) as lost, LOCAL.create(tmp_path / "a.arrow"):
        raise ConnectionResetError(104, "Connection reset by peer")
    with pytest.raises(OSError, match="No space left") as full, LOCAL.create(tmp_path / "a.arrow"):
        raise OSError(28, "No space left on device")

    assert lost.value.filename is None
    assert str(full.value.filename).startswith(str(tmp_path))


def test_version_changes_with_the_content_and_a_missing_file_has_none(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    LOCAL.write(file, b"one")
    before = LOCAL.stat(file)
    LOCAL.write(file, b"three")
    after = LOCAL.stat(file)

    assert before
    assert after
    assert (before.size_bytes, after.size_bytes) == (3, 5)
    assert before.version != after.version
    assert LOCAL.stat(tmp_path / "none") is None


def test_checksum_is_sha_256_of_the_content(tmp_path: Path) -> None:
    LOCAL.write(tmp_path / "a.csv", b"abc")

    checksum = LOCAL.checksum(tmp_path / "a.csv")

    assert checksum == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_link_out_of_the_folder_is_not_inside(tmp_path: Path) -> None:
    LOCAL.write(tmp_path / "outside.csv", b"")
    LOCAL.write(tmp_path / "raw" / "inside.csv", b"")
    (tmp_path / "raw" / "link.csv").symlink_to(tmp_path / "outside.csv")

    assert LOCAL.is_inside(tmp_path / "raw" / "inside.csv", tmp_path / "raw")
    assert not LOCAL.is_inside(tmp_path / "raw" / "link.csv", tmp_path / "raw")
    assert not LOCAL.is_inside(tmp_path / "raw", tmp_path)


def test_deleting_what_does_not_exist_is_harmless(tmp_path: Path) -> None:
    folder = tmp_path / "2025-04-30"
    LOCAL.write(folder / "report.json", b"")

    for _ in range(2):
        LOCAL.delete_folder(folder)
        LOCAL.delete(folder / "report.json")

    assert not folder.exists()
