from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem, Kind
from schemas.settings import Settings
from tasks.ingest.detect_kind import kind_of, utf16_codec
from tests import files

COMPOUND = b"\xd0\xcf\x11\xe0" + bytes(600)
ROWS: files.Rows = [["a", "b"], [1, 2]]
DTD = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "a">]><workbook/>'


def write(folder: Path, content: bytes) -> Path:
    # The name says nothing: only the content counts.
    file = folder / "file.csv"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", Kind.EMPTY),
        ("Дата;Час\n".encode("cp1251"), Kind.TEXT),
        ("ts;meter;Дата\n".encode("utf-16-le"), Kind.TEXT),
        (b"ts,value\n" * 10 + b"\0", Kind.TEXT),
        (bytes(range(256)) * 2 + bytes(200), Kind.BINARY),
        (files.xlsx(ROWS), Kind.WORKBOOK),
        (files.xlsb(ROWS), Kind.WORKBOOK),
        (files.xls(ROWS), Kind.WORKBOOK),
        (files.ods(ROWS), Kind.WORKBOOK),
        (files.zipped({"a.csv": b"x"}), Kind.ZIP),
        (files.zipped({"word/document.xml": b"<x/>"}), Kind.WORD),
        (files.zipped({"ppt/presentation.xml": b"<x/>"}), Kind.SLIDES),
        (COMPOUND + "WordDocument".encode("utf-16-le") + b"\0\0", Kind.WORD),
        (COMPOUND, Kind.BINARY),
        (b"\x1f\x8b\x08", Kind.GZIP),
        (b"%PDF-1.7", Kind.PDF),
        (b"{\\rtf1", Kind.RTF),
        (b"Rar!\x1a", Kind.RAR),
        (b"7z\xbc\xaf\x27\x1c", Kind.SEVEN_ZIP),
        (b"\x89PNG", Kind.IMAGE),
        (b"\xef\xbb\xbf \n<!DOCTYPE html><html>", Kind.HTML),
        (b"<?xml version='1.0'?><html>", Kind.HTML),
        (b"<?xml version='1.0'?><Workbook>", Kind.XML),
        (b'<message class="80020">\r\n  <area>', Kind.XML),
        ("<report><!-- -->".encode("utf-16"), Kind.XML),
        (b"<DATE>;<TIME>;<VALUE>\n", Kind.TEXT),
        (b"<DATE>\t<TIME>\t<VALUE>\n", Kind.TEXT),
        (b"<no data>\n", Kind.TEXT),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else "",
)
def test_kind_of_a_file_is_told_by_its_content(tmp_path: Path, content: bytes, kind: Kind) -> None:
    assert kind_of(write(tmp_path, content), Settings()) is kind


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PK\x03\x04 cut", FileProblem.DAMAGED),
        (COMPOUND + "EncryptedPackage".encode("utf-16-le"), FileProblem.ENCRYPTED),
        (
            files.zipped({"content.xml": b"<x/>", "META-INF/manifest.xml": b"<encryption-data/>"}),
            FileProblem.ENCRYPTED,
        ),
        (files.zipped({"xl/workbook.xml": DTD}), FileProblem.XML_DTD),
        (files.zipped({"xl/workbook.xml": DTD.decode().encode("utf-16")}), FileProblem.XML_DTD),
        (files.zipped({"a.csv": b"0" * (2 << 20)}), FileProblem.UNPACKS_TO_TOO_MUCH),
        (files.with_wrong_sum(files.xlsb(ROWS), "xl/worksheets/sheet1.bin"), FileProblem.DAMAGED),
        (files.with_wrong_sum(files.xlsx(ROWS), "xl/sharedStrings.xml"), FileProblem.DAMAGED),
        (files.with_wrong_sum(files.ods(ROWS), "content.xml"), FileProblem.DAMAGED),
    ],
    ids=["cut", "encrypted_xlsx", "encrypted_ods", "dtd", "dtd_in_utf_16", "too_much", "xlsb", "strings", "ods"],
)
def test_damaged_locked_and_hostile_files_are_refused(tmp_path: Path, content: bytes, problem: FileProblem) -> None:
    with pytest.raises(FileError) as caught:
        kind_of(write(tmp_path, content), Settings(max_unpacked_mb=1))

    assert caught.value.problem is problem


def test_zip_that_grows_beyond_the_ratio_is_a_bomb(tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        kind_of(write(tmp_path, files.zipped({"a.csv": b"0" * (101 << 20)})), Settings(max_unpack_ratio=10))

    assert (caught.value.problem, caught.value.data["max_ratio"]) == (FileProblem.ZIP_BOMB, 10)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_recognised_with_and_without_its_mark(codec: str) -> None:
    assert utf16_codec("ts;meter".encode(codec)) == codec
    assert utf16_codec("ts".encode("utf-16")) == "utf-16"
    assert utf16_codec(b"ts;meter") is None
