from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings
from tasks.ingest import unpack_archives
from tasks.ingest.find_files import FoundFile
from tasks.ingest.unpack_archives import Unpacked, expand, is_archive, unpack, unpack_in_place
from tests import files


def write(folder: Path, content: bytes, name: str = "a.zip") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def unpacked(file: Path, **settings: int) -> Unpacked:
    raw = FoundFile(file, f"D-7/{file.name}", f"2025-04-30/D-7/{file.name}", 0)
    return unpack_in_place(raw, file.parent / "unpacked", Settings.model_validate(settings))


def test_what_is_read_of_a_file_is_a_copy_of_our_own(tmp_path: Path) -> None:
    file = write(tmp_path, gzip.compress(b"1"), name="a.csv.gz")

    found = unpack(FoundFile(file, "a.csv.gz", "2025-04-30/a.csv.gz", 0), tmp_path / "copy", Settings())
    file.unlink()

    assert [(raw.path.read_bytes(), raw.source_file) for raw in found.files] == [(b"1", "2025-04-30/a.csv.gz/a.csv")]


def test_members_are_named_below_the_archive_and_matched_in_the_folder_that_it_is_in(tmp_path: Path) -> None:
    archive = write(tmp_path, files.zipped({"x/one.csv": b"1", "readme.txt": b"2", "__MACOSX/._one.csv": b"3"}))

    found = unpacked(archive)

    assert [(file.source_file, file.relative_path) for file in found.files] == [
        ("2025-04-30/D-7/a.zip/x/one.csv", "D-7/x/one.csv")
    ]
    assert (found.left_out, found.broken) == (["readme.txt"], {})


def test_names_in_an_archive_lead_nowhere_else(tmp_path: Path) -> None:
    archive = write(tmp_path, files.zipped({"../../evil.csv": b"1", "/etc/passwd.csv": b"2", "..\\b.csv": b"3"}))

    members = expand(archive, tmp_path / "in", Settings(), name="a.zip")

    assert [member.name for member in members] == ["evil.csv", "etc/passwd.csv", "b.csv"]
    assert {member.path.parent for member in members} == {tmp_path / "in"}


@pytest.mark.parametrize("encoding", ["cp866", "cp1251", "utf-8"])
def test_russian_names_without_the_flag_of_utf8_are_read(tmp_path: Path, encoding: str) -> None:
    # Of equal length, so that the bytes of the names can be exchanged where the archive holds them.
    names = [name.encode(encoding) for name in ("Ведомость ХВС №7.csv", "узел.csv")]
    stand_ins = [f"{'x' * (len(name) - 5)}{index}.csv" for index, name in enumerate(names)]
    packed = files.zipped(dict.fromkeys(stand_ins, b"1"))
    for stand_in, name in zip(stand_ins, names, strict=True):
        packed = packed.replace(stand_in.encode(), name)

    members = expand(write(tmp_path, packed), tmp_path / "in", Settings(), name="a.zip")

    assert [member.name for member in members] == ["Ведомость ХВС №7.csv", "узел.csv"]


def test_names_of_no_known_encoding_are_spelled(tmp_path: Path) -> None:
    packed = files.zipped({"abc.csv": b"1"}).replace(b"abc.csv", b"\x01\xb0\xf5.csv")

    (member,) = expand(write(tmp_path, packed), tmp_path / "in", Settings(), name="a.zip")

    assert member.name == r"\x01░ї.csv"


def test_gzip_of_a_name_that_is_not_utf8_is_spelled(tmp_path: Path) -> None:
    archive = write(tmp_path, gzip.compress(b"1"), os.fsdecode("ХВС.csv.gz".encode("cp1251")))

    (member,) = expand(archive, tmp_path / "in", Settings(), name=archive.name)

    assert member.name == r"\xd5\xc2\xd1.csv"


def test_archive_with_nothing_to_read_is_broken_as_a_whole_and_says_what_it_holds(tmp_path: Path) -> None:
    found = unpacked(write(tmp_path, files.zipped({"readme.txt": b"1", "x/b.dbf": b"2", "x\\": b""})))

    assert [file.path.name for file in found.files] == ["a.zip"]
    assert [(error.problem, error.data) for error in found.broken.values()] == [
        (FileProblem.NO_MATCHING_MEMBERS, {"members": "readme.txt, x/b.dbf"})
    ]


def test_file_that_is_not_an_archive_is_itself(tmp_path: Path) -> None:
    file = write(tmp_path, b"ts,value\n", "a.csv")

    found = unpacked(file)

    assert ([member.path for member in found.files], found.left_out, found.broken) == ([file], [], {})
    assert not is_archive(file, Settings())


def test_gzip_holds_one_file_of_the_name_without_its_suffix(tmp_path: Path) -> None:
    (member,) = expand(
        write(tmp_path, gzip.compress(b"text"), "a.csv.gz"), tmp_path / "in", Settings(), name="a.csv.gz"
    )

    assert (member.name, member.path.read_bytes()) == ("a.csv", b"text")


def test_archive_inside_an_archive_is_named_as_broken(tmp_path: Path) -> None:
    found = unpacked(write(tmp_path, files.zipped({"b.csv": files.zipped({"c.csv": b"1"})})))

    assert {name: error.problem for name, error in found.broken.items()} == {
        "2025-04-30/D-7/a.zip/b.csv": FileProblem.NESTED_ARCHIVE
    }


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (files.zipped({}), "a.zip", FileProblem.ARCHIVE_EMPTY),
        (files.zipped({f"{n}.csv": b"" for n in range(10_001)}), "a.zip", FileProblem.TOO_MANY_MEMBERS),
        (files.zipped({"a.csv": b"1" * 100})[:-30], "a.zip", FileProblem.DAMAGED),
        (gzip.compress(b"1" * 10_000)[:-9], "a.csv.gz", FileProblem.DAMAGED),
        (gzip.compress(b"1" * (2 << 20)), "a.csv.gz", FileProblem.UNPACKING_STOPPED),
    ],
    ids=["empty", "too_many", "cut_zip", "cut_gzip", "gzip_bomb"],
)
def test_archive_that_cannot_be_unpacked_is_broken_as_a_whole(
    tmp_path: Path, content: bytes, name: str, problem: FileProblem
) -> None:
    found = unpacked(write(tmp_path, content, name), max_unpacked_mb=1)

    assert [file.path.name for file in found.files] == [name]
    assert [error.problem for error in found.broken.values()] == [problem]


def test_member_that_is_longer_than_it_says_is_not_written_out(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        unpack_archives._copy(io.BytesIO(b"12345"), tmp_path / "x", 4)

    assert caught.value.problem is FileProblem.UNPACKING_STOPPED
