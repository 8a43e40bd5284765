from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.ingest.detect_dialect import Dialect, detect_dialect, encodings_of
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


def test_without_headings_the_delimiter_is_the_one_that_gives_enough_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\t1,5\t2\nb\t2,5\t3\n")

    assert detect_dialect(path, (), min_width=3).delimiter == "\t"


@pytest.mark.parametrize(
    "text", ["ГВС", "Ж-1", "счётчик", "ул. Мятная, 5", "№ 7 «Дом»", "1\xa0234 м", "┌──────┬──────┐\n│Прибор│Расход│"]
)
def test_a_few_words_tell_the_encoding_of_dos_from_that_of_windows(text: str) -> None:
    of_dos, of_windows = text.encode("cp866", "ignore"), text.encode("cp1251", "ignore")

    assert encodings_of(of_dos)[0] == "cp866"
    assert encodings_of(of_windows)[0] != "cp866"
