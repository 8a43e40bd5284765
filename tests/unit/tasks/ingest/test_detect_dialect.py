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


@pytest.mark.parametrize("wanted", ["Zużycie", "Zählpunkt", "Målt", "čas"])
def test_latin_letters_are_told_from_russian_ones_and_languages_by_the_wanted_columns(
    tmp_path: Path, wanted: str
) -> None:
    encoding = "cp1250" if wanted in ("Zużycie", "čas") else "cp1252"
    file = write(tmp_path, f"Data;{wanted}\n01.04.2025;1\n".encode(encoding))

    found = detect_dialect(file, [WANTED[0], WantedColumn("value", (wanted,), required=True)])

    assert wanted in file.read_bytes().decode(found.encoding)


@pytest.mark.parametrize("text", ["Date;V, м3\n", "Zeit;расход\n", "t,°C;Qч;kВт·ч\n", "1\xa0234;5 м\n"])
def test_a_few_russian_letters_are_not_taken_for_latin_ones(text: str) -> None:
    assert encodings_of(text.encode("cp1251"))[0] in ("cp1251", "koi8-r")


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "koi8-r"])
def test_russian_word_behind_a_latin_one_is_russian(encoding: str) -> None:
    assert encodings_of("TIPГВС;VODAхол\n".encode(encoding))[0] in ("cp1251", "cp866", "koi8-r")


def test_bars_of_frames_delimit_cells(tmp_path: Path) -> None:
    text = "┌────┬───┐\n│Дата│Час│\n├────┼───┤\n│01.04.2025│0-1│\n"

    for encoding in ("utf-8", "cp866"):
        assert detect_dialect(write(tmp_path, text.encode(encoding)), WANTED) == Dialect(encoding, "|", is_framed=True)


@pytest.mark.parametrize(
    "text", ["ГВС", "Ж-1", "счётчик", "ул. Мятная, 5", "№ 7 «Дом»", "1\xa0234 м", "┌──────┬──────┐\n│Прибор│Расход│"]
)
def test_a_few_words_tell_the_encoding_of_dos_from_that_of_windows(text: str) -> None:
    of_dos, of_windows = text.encode("cp866", "ignore"), text.encode("cp1251", "ignore")

    assert encodings_of(of_dos)[0] == "cp866"
    assert encodings_of(of_windows)[0] != "cp866"
