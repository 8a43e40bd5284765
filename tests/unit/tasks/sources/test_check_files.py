"""The command with the real steps: tests/integration/test_command.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from schemas.errors import FileError, MappingError, TerminalError
from schemas.mappings import Mappings, SourceMapping, read_mappings
from schemas.problems import FileProblem
from schemas.table_schema import TableSchema
from tasks.sources.check_files import Steps, check_file, open_files, path_for_mappings

(MAPPING,) = read_mappings("x.yaml", b"name: long\nmatch: ['*.csv']\nlayout: long\n")
MAPPINGS = Mappings([MAPPING], [])


class File(NamedTuple):
    path: Path
    relative_path: str
    source_file: str


class Files(NamedTuple):
    files: list[File]
    broken: dict[str, FileError]


class Read(NamedTuple):
    schema: TableSchema
    batches: Iterator[object]


class Found:
    def __init__(self, fail: FileError | None) -> None:
        self.lines = {"header": 1, "reading": 2}
        self.notes = ["листы не читаются"]
        self._fail = fail

    def __iter__(self) -> Iterator[Read]:
        if self._fail:
            raise self._fail
        yield Read(
            TableSchema(table_format="long", header_row=1, columns=[], time_zone="UTC", interval_minutes=60), iter(())
        )


def steps(
    *members: str,
    broken: dict[str, FileError] | None = None,
    fail: FileError | None = None,
    fitting: tuple[SourceMapping, ...] = (),
) -> Steps:
    @contextmanager
    def unpack(file: Path, relative_path: str) -> Iterator[Files]:
        yield Files([File(file, name, f"{file.name}/{name}") for name in members], broken or {})

    return Steps(
        unpack=unpack,
        read_tables=lambda _file, _mapping: Found(fail),
        find_fitting=lambda _file, others: [other for other in fitting if other in others],
        parse=lambda _schema, _batch, _number: pytest.fail("there are no batches"),
        list_errors=lambda _schemas, _parsed: pytest.fail("there are no readings"),
    )


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / "a.zip"
    file.write_bytes(b"")
    return file


def test_each_file_of_an_archive_is_checked_with_its_mapping(archive: Path) -> None:
    one, two = check_file(archive, MAPPINGS, steps("one.csv", "two.txt"))

    assert (one.file, one.mapping, one.error, len(one.tables)) == ("a.zip/one.csv", "long", None, 1)
    assert (one.notes, one.lines) == (["листы не читаются"], {"header": 1, "reading": 2})
    assert (two.file, two.mapping, two.tables) == ("a.zip/two.txt", None, [])
    assert two.error == str(FileError(FileProblem.NO_MAPPING))


def test_file_that_is_broken_or_cannot_be_read_says_why(archive: Path) -> None:
    nested, encrypted = FileError(FileProblem.NESTED_ARCHIVE), FileError(FileProblem.ENCRYPTED)

    (broken,) = check_file(archive, MAPPINGS, steps("one.csv", broken={"a.zip/one.csv": nested}))
    (unreadable,) = check_file(archive, MAPPINGS, steps("one.csv", fail=encrypted))

    assert (broken.mapping, broken.error) == (None, str(nested))
    assert (unreadable.mapping, unreadable.error) == ("long", str(encrypted))


def test_mapping_that_fits_but_for_its_match_is_named_only_where_no_other_but_the_last_resort_takes_the_file(
    archive: Path,
) -> None:
    (fallback,) = read_mappings("y.yaml", b"name: last\nmatch: ['*.csv']\nlayout: long\nfallback: true\n")
    (other,) = read_mappings("z.yaml", b"name: other\nmatch: ['z']\nlayout: long\n")
    missing = FileError(FileProblem.HEADER_NOT_FOUND, columns="«t»")

    def error(*mappings: SourceMapping, name: str = "one.csv", fitting: tuple[SourceMapping, ...] = (other,)) -> str:
        fakes = steps(name, fail=missing, fitting=fitting)
        return str(check_file(archive, Mappings([*mappings], []), fakes)[0].error)

    but_for_name = str(FileError(FileProblem.FITS_BUT_FOR_NAME, mappings="other"))
    assert error(fallback, other) == error(other, name="one.txt") == but_for_name
    assert error(fallback, fitting=()) == str(FileError(FileProblem.NO_MAPPING_NO_HEADER, columns="«t»"))
    assert error(MAPPING, other) == str(missing)
    assert error(other, name="one.txt", fitting=()) == str(FileError(FileProblem.NO_MAPPING))


def test_file_that_a_broken_mapping_may_take_waits(archive: Path) -> None:
    broken = Mappings([MAPPING], [MappingError("line 1: x", file_name="b.yaml")])

    (taken,) = check_file(archive, broken, steps("one.csv"))
    (left,) = check_file(archive, broken, steps("one.txt"))

    assert taken.error is None
    assert left.error == str(FileError(FileProblem.MAPPING_HAS_ERROR, mappings="b.yaml"))


def test_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (missing,) = check_file(tmp_path / "no.csv", MAPPINGS, steps("one.csv"))

    assert "there is no file" in (missing.error or "")
    with pytest.raises(TerminalError), open_files(tmp_path, steps().unpack):
        pass


def test_mappings_see_the_path_below_the_days_folder_or_the_bare_name() -> None:
    assert path_for_mappings(Path("/raw/2025-04-30/D-7/a.csv")) == "D-7/a.csv"
    assert path_for_mappings(Path("/home/me/a.csv")) == "a.csv"
    assert path_for_mappings(Path("/raw/2025-04-30/\udccc/a.csv")) == r"\xcc/a.csv"
