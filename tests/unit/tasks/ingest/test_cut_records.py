from __future__ import annotations

import io
from typing import NamedTuple

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from tasks.ingest import cut_records as module
from tasks.ingest.cut_records import MAX_CELL_BYTES, cut_records, split_rows
from tasks.ingest.grids import CONTINUED

WIDTH = 3


class Found(NamedTuple):
    """What became of the lines of a csv."""

    lines: list[str]
    continued: list[int]
    """Numbers of the lines that go on with the record above."""
    misquoted: list[int]
    """Numbers of the lines with a stray mark."""


class SmallBlocks:
    def __init__(self, content: bytes, size: int) -> None:
        self._source = io.BytesIO(content)
        self._size = size

    def read(self, size: int, /) -> bytes:
        return self._source.read(min(size, self._size))


def cut(text: str, *, after_line: int = 0, widths: frozenset[int] = frozenset({WIDTH})) -> Found:
    found = Found([], [], [])
    number = after_line + 1
    for chunk in cut_records(io.BytesIO(text.encode()), ";", after_line=after_line, widths=widths):
        assert chunk.first_line == number
        lines = chunk.content.decode().split("\n")[:-1]
        assert len(lines) == chunk.lines
        found.lines.extend(lines)
        found.continued.extend(number + index for index in chunk.continued)
        found.misquoted.extend(number + index for index in chunk.misquoted)
        number += chunk.lines
    return found


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block", [1 << 20, 7, 3, 2, 1])
def test_lines_are_the_same_whatever_their_breaks_and_wherever_a_block_ends(
    monkeypatch: pytest.MonkeyPatch, line_break: str, block: int
) -> None:
    monkeypatch.setattr(module, "MAX_CELL_BYTES", max(block, 50))
    source = SmallBlocks('a;b;c\n1;"x\ny";3\n\n4;5;6'.replace("\n", line_break).encode(), block)

    chunks = list(cut_records(source, ";", widths={WIDTH}))

    assert b"".join(chunk.content for chunk in chunks) == b'a;b;c\n1;"x\ny";3\n\n4;5;6\n'
    assert [chunk.first_line + index for chunk in chunks for index in chunk.continued] == [3]


@pytest.mark.parametrize(
    ("record", "continued"),
    [
        ('1;"two\nlines";3', [2]),
        ('1;"three\n\nlines";3', [2, 3]),
        ('1;"a ""quoted"" word\nand; a delimiter";3', [2]),
        ('"first\ncell";2;3', [2]),
        ('1;2;"last\ncell"', [2]),
    ],
)
def test_line_break_between_marks_belongs_to_a_record_with_the_cells_of_the_table(
    record: str, continued: list[int]
) -> None:
    found = cut(f"{record}\n7;8;9\n")

    assert (found.continued, found.misquoted) == (continued, [])
    assert "\n".join(found.lines) == f"{record}\n7;8;9"


@pytest.mark.parametrize(
    "text",
    [
        '1;2;"never closed\n4;5;6\n7;8;9\n',
        '1;2;"closed by another stray\n4;5;6\n7;8;a stray"\n',
        '1;2;"closed where a cell is quoted\n4;5;"ok"\n7;8;9\n',
        '1;"too few\ncells"\n7;8;9\n',
        '"1;"2";"3"\n4;5;6\n',
        '1;"2;"3"\n4;5;6\n',
        '"1";"2;"3"\n4;5;6\n',
        '1;"too many\ncells";3;4\n7;8;9\n',
    ],
)
def test_stray_mark_costs_no_more_than_its_line(text: str) -> None:
    found = cut(text)

    assert (found.continued, found.misquoted) == ([], [1])
    assert found.lines == ["", *text.split("\n")[1:-1]]


@pytest.mark.parametrize(
    "line", ['1;12" pipe;3', '1;"a" b;3', '1;"a ""b"" c";3', '1;"";3', '"1";"2;2";"3"', '1;a "b";3']
)
def test_mark_that_is_closed_in_its_line_or_stands_within_a_cell_is_none_to_look_at(line: str) -> None:
    assert cut(f"{line}\n4;5;6\n") == Found([line, "4;5;6"], [], [])


def test_lines_above_are_left_out_and_counted() -> None:
    assert cut('title "of the file\na;b;c\n1;2;3\n', after_line=2) == Found(["1;2;3"], [], [])
    assert cut("a\n", after_line=3) == Found([], [], [])


def test_mark_that_is_not_closed_within_a_block_is_a_stray_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CELL_BYTES", 64)

    found = cut('1;2;"open\n' + "4;5;6\n" * 100)

    assert (found.misquoted, len(found.lines)) == ([1], 101)


def test_line_that_is_too_long_is_named() -> None:
    with pytest.raises(FileError) as caught:
        cut(f"a;b;c\n1;{'x' * (3 * MAX_CELL_BYTES)}\n")

    assert caught.value.problem is FileProblem.CSV_LINE_TOO_LONG
    assert caught.value.data == {"line": 2, "max_megabytes": 1}


def test_rows_come_line_by_line_and_a_record_of_several_lines_in_the_last() -> None:
    rows = list(split_rows(io.BytesIO(b'a,b\n1,"x\ny"\n2,\n3,"stray\n\n'), ","))

    assert rows == [["a", "b"], CONTINUED, ["1", "x\ny"], ["2", None], ["3", '"stray'], []]
    assert rows[1] is CONTINUED
    assert rows[5] is not CONTINUED


def test_heading_of_several_lines_is_one_whatever_is_known_of_the_table() -> None:
    rows = list(split_rows(io.BytesIO('Дата;"Объём,\nм3";T1\n01.04.2025;1;2\n'.encode()), ";"))

    assert rows == [CONTINUED, ["Дата", "Объём,\nм3", "T1"], ["01.04.2025", "1", "2"]]
