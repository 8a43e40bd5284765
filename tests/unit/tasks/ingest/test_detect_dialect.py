from __future__ import annotations

import io
from pathlib import Path

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.ingest.detect_dialect import MAX_CELL_BYTES, Dialect, detect_dialect, split_rows
from tasks.ingest.find_header import WantedColumn

WANTED = [WantedColumn("date", ("Дата",), required=True), WantedColumn("hour", ("Час",), required=True)]


def write(folder: Path, content: bytes) -> Path:
    file = folder / "a.csv"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1251", "koi8-r", "cp866"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_dialect_is_the_one_in_which_the_wanted_columns_are_found(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = f"Дата{delimiter}Час\n01.04.2025{delimiter}0-1\n"

    assert detect_dialect(write(tmp_path, text.encode(encoding)), WANTED) == Dialect(encoding, delimiter)


def test_without_wanted_columns_the_most_regular_table_wins(tmp_path: Path) -> None:
    file = write(tmp_path, "Отчёт, апрель\nа;б,в;г\n1;2,5;3\n4;5;6\n".encode())

    assert detect_dialect(file, []) == Dialect("utf-8", ";")


@pytest.mark.parametrize(
    ("content", "problem", "offset"),
    [
        (b"a;b\n1;\0\n", FileProblem.NUL_BYTE, 6),
        ("Дата и время;Час и день\n".encode() + b"\xff", FileProblem.BYTE_NOT_IN_ENCODING, 42),
    ],
    ids=["nul", "damaged_utf_8"],
)
def test_damaged_text_names_its_first_bad_byte(
    tmp_path: Path, content: bytes, problem: FileProblem, offset: int
) -> None:
    with pytest.raises(FileError) as caught:
        detect_dialect(write(tmp_path, content), [])

    assert (caught.value.problem, caught.value.data["offset"]) == (problem, offset)


def test_row_of_several_lines_comes_in_the_last_of_them() -> None:
    rows = split_rows(io.StringIO('a,b\n1,"x\ny"\n2,\n', newline=""), ",")

    assert list(rows) == [["a", "b"], [], ["1", "x\ny"], ["2", None]]


def test_cell_that_is_too_long_is_named_by_its_line() -> None:
    text = f"a,b\n1,{'x' * (MAX_CELL_BYTES + 1)}\n"

    with pytest.raises(FileError) as caught:
        list(split_rows(io.StringIO(text, newline=""), ","))

    assert (caught.value.problem, caught.value.data["line"]) == (FileProblem.CSV_CELL_TOO_LONG, 2)
