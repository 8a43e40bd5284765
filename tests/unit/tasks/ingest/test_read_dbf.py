from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.errors import FileError
from schemas.problems import FileProblem, Kind
from schemas.settings import Settings
from tasks.ingest import read_dbf
from tasks.ingest.detect_kind import kind_of
from tasks.ingest.grids import Row
from tasks.ingest.read_dbf import DbfGrid
from tests import files

COLUMNS = [("ДОМ", "C", 40), ("DT", "D", 8), ("HR", "N", 2), ("V", "N", 9), ("OK", "L", 1)]
RECORDS = [
    ["Ж-1", "20250401", " 0", "   1.2500", "T"],
    ["Ж-1", "20250401", " 1", "*********", "?"],
    ["Ж-2", "20250431", "", "       -7", ""],
    ["Ж-3", "", "23", "", "F"],
]
READ: list[Row] = [
    ["ДОМ", "DT", "HR", "V", "OK"],
    ["Ж-1", "2025-04-01", "0", "1.2500", "T"],
    ["Ж-1", "2025-04-01", "1", "*********", None],
    ["Ж-2", "2025-04-31", None, "-7", None],
    ["Ж-3", None, "23", None, "F"],
]


def open_grid(folder: Path, content: bytes) -> DbfGrid:
    file = folder / "a.dbf"
    file.write_bytes(content)
    assert kind_of(file, Settings()) is Kind.DBF
    return DbfGrid.open(file)


def rows(folder: Path, content: bytes) -> list[Row]:
    return [*open_grid(folder, content).rows()]


@pytest.mark.parametrize(
    ("encoding", "language"),
    [("cp866", 0x26), ("cp866", 0x65), ("cp1251", 0xC9), ("cp866", 0), ("cp1251", 0), ("utf-8", 0)],
)
def test_cells_are_as_they_are_written_and_dates_as_in_a_workbook(tmp_path: Path, encoding: str, language: int) -> None:
    records = [["Счётчик горячей воды", *RECORDS[0][1:]], *RECORDS[1:]]
    read = [READ[0], ["Счётчик горячей воды", *READ[1][1:]], *READ[2:]]

    assert rows(tmp_path, files.dbf(COLUMNS, records, encoding=encoding, language=language)) == read


def test_deleted_records_are_counted_and_keep_their_lines(tmp_path: Path) -> None:
    grid = open_grid(tmp_path, files.dbf(COLUMNS, RECORDS, deleted=[1, 3]))

    assert [*grid.rows()] == [*READ[:2], [None] * 5, READ[3], [None] * 5]
    assert grid.deleted_lines == [3, 5]
    (batch,) = grid.batches_below(1, 5)
    assert batch.numbers.to_pylist() == [2, 3, 4, 5]
    (rest,) = grid.batches_below(3, 2)
    assert (rest.numbers.to_pylist(), rest.columns[0].to_pylist()) == ([4, 5], ["Ж-2", None])


def test_records_beyond_a_batch_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_dbf, "_BATCH_RECORDS", 3)

    assert rows(tmp_path, files.dbf(COLUMNS, RECORDS)) == READ


def test_numbers_of_visual_foxpro(tmp_path: Path) -> None:
    columns = [("I", "I", 4), ("B", "B", 8), ("Y", "Y", 8), ("T", "T", 8), ("M", "M", 4)]
    at_noon_less_a_millisecond = struct.pack("<ii", 2_460_767, 43_199_999)
    records: list[list[str | bytes]] = [
        [struct.pack("<i", -7), struct.pack("<d", 2.125), struct.pack("<q", -32_500), at_noon_less_a_millisecond, ""],
        [struct.pack("<i", 12), struct.pack("<d", 12), struct.pack("<q", 1), bytes(8), "1"],
    ]

    assert rows(tmp_path, files.dbf(columns, records, version=0x30)) == [
        ["I", "B", "Y", "T", "M"],
        ["-7", "2.125", "-3.2500", "2025-04-01T12:00:00", None],
        ["12", "12", "0.0001", None, "(memo)"],
    ]


def test_place_of_a_memo_is_no_value_and_no_number_of_foxpro(tmp_path: Path) -> None:
    columns = [("B", "B", 10), ("M", "M", 4)]

    found = rows(
        tmp_path, files.dbf(columns, [["         1", b"\x98\0\0\0"], ["", bytes(4)]], version=0x8B, language=0xC9)
    )

    assert found == [["B", "M"], ["(memo)", "(memo)"], [None, None]]


GOOD = files.dbf(COLUMNS, RECORDS)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (GOOD[:-20], FileProblem.DAMAGED),
        (GOOD[:4] + struct.pack("<I", 3) + GOOD[8:], FileProblem.DAMAGED),
        (GOOD[:4] + struct.pack("<I", 0) + GOOD[8:], FileProblem.DAMAGED),
        (GOOD[:10] + struct.pack("<H", 30) + GOOD[12:], FileProblem.DAMAGED),
        (GOOD[:8] + struct.pack("<H", 194) + GOOD[10:], FileProblem.DAMAGED),
        (GOOD[:8] + struct.pack("<H", 60_000) + GOOD[10:], FileProblem.DAMAGED),
        (files.dbf([("V", "V", 10)], [["a"]], version=0x32), FileProblem.DBF_COLUMN_TYPE),
        (files.dbf([("I", "I", 4)], [["1"]]), FileProblem.DBF_COLUMN_TYPE),
        (files.dbf([("A", "C", 200)], [["x"]] * 6_000), FileProblem.PAGE_TOO_BIG),
        (files.dbf([("A", "C", 8)], [[b"\x81       "]], language=0x03), FileProblem.DAMAGED),
    ],
)
def test_file_that_is_not_as_its_header_says_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, problem: FileProblem
) -> None:
    monkeypatch.setattr(read_dbf, "_MAX_MB", 1)

    with pytest.raises(FileError) as caught:
        rows(tmp_path, content)

    assert caught.value.problem is problem


@settings(
    max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 290), st.binary(max_size=3)), max_size=4), st.integers(0, len(GOOD)))
def test_no_bytes_break_the_reader(tmp_path: Path, edits: list[tuple[int, bytes]], length: int) -> None:
    content = bytearray(GOOD)
    for place, new in edits:
        content[place : place + len(new)] = new
    (tmp_path / "a.dbf").write_bytes(bytes(content) if length % 3 else bytes(content[:length]))

    with suppress(FileError):
        if kind_of(tmp_path / "a.dbf", Settings()) is Kind.DBF:
            [*DbfGrid.open(tmp_path / "a.dbf").rows()]
