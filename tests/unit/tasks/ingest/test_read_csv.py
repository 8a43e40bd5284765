from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.reasons import Reason
from tasks.ingest import cut_records
from tasks.ingest.cut_records import MAX_CELL_BYTES
from tasks.ingest.read_csv import CsvGrid


def grid(folder: Path, content: bytes) -> CsvGrid:
    file = folder / "a.csv"
    file.write_bytes(content)
    return CsvGrid.open(file, ())


def test_lines_below_a_line_come_numbered_in_columns_and_in_order(tmp_path: Path) -> None:
    found = grid(tmp_path, b'title\na;b\n1;"x\ny"\n2;z\n3\n4;5;6\n7;"stray"er\n8;"stray\n8;;\n9;9\n')

    first, rest = found.batches_below(2, 2)

    assert (first.numbers.to_pylist(), rest.numbers.to_pylist()) == ([3, 5, 6, 7, 8], [9, 10, 11])
    assert [column.to_pylist() for column in first.columns] == [
        ["1", "2", "3", "4", "7"],
        ["x\ny", "z", None, "5;6", "strayer"],
    ]
    assert [column.to_pylist() for column in rest.columns] == [["8", "8", "9"], ['"stray', None, "9"]]
    assert (first.problems, rest.problems) == ({7: Reason.SURPLUS_CELL}, {9: Reason.BAD_QUOTING})
    assert (first.lengths, first.spans) == ({6: 1}, {3: 2})


# Written on their own, marks would all but never stand where a cell begins or ends.
_PIECES = st.sampled_from(['"', '""', ';"', '";', '";"', '"\n"', "\n", ";", "a", "12", "ы"])


@settings(deadline=None)  # it writes files
@given(st.lists(st.lists(_PIECES, max_size=12).map("".join), max_size=8), st.sampled_from(["1;2\n3;4\n", '"1";"2"\n']))
def test_marks_are_understood_the_same_with_and_without_a_fast_look_at_them(pieces: list[str], usual: str) -> None:
    text = "a;b\n" + usual * 9 + "\n".join(pieces) + "\n"

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        found = grid(Path(folder), text.encode())
        fast = list(found.batches_below(1, 2))
        patched.setattr(cut_records._Quoting, "_parse_lines", lambda *_: None)
        slow = list(found.batches_below(1, 2))

    assert fast == slow


def test_lines_that_end_sooner_than_the_header_are_those_of_the_usual_width(tmp_path: Path) -> None:
    (batch,) = grid(tmp_path, b"a;b;;\n1;2\n3;4\n5\n").batches_below(1, 4)

    assert [column.to_pylist() for column in batch.columns] == [
        ["1", "3", "5"],
        ["2", "4", None],
        [None] * 3,
        [None] * 3,
    ]
    assert batch.lengths == {4: 1}


def test_bare_header_has_no_lines_below(tmp_path: Path) -> None:
    assert list(grid(tmp_path, b"a;b\n").batches_below(1, 2)) == []


def test_delimiter_at_the_end_of_each_data_line_makes_a_column(tmp_path: Path) -> None:
    assert grid(tmp_path, b"a;b\n1;2;\n3;4;\n").used_columns(1, 2) == [0, 1, 2]


@pytest.mark.parametrize(
    ("content", "problem", "data"),
    [
        (b"a;b\n" + b"1;2\n" * 200_000 + b"1;\xff\n", FileProblem.BYTE_NOT_IN_ENCODING, {"offset": 800_006}),
        (b"a;b\n" + b"1;2\n" * 200_000 + b"1;\0\n", FileProblem.NUL_BYTE, {"offset": 800_006}),
        (b"a;b\n1;" + b"x" * (3 * MAX_CELL_BYTES), FileProblem.CSV_LINE_TOO_LONG, {"max_megabytes": 1, "line": 2}),
    ],
    ids=["not_utf_8", "nul", "too_long"],
)
def test_damage_far_below_the_header_is_named(
    tmp_path: Path, content: bytes, problem: FileProblem, data: dict[str, object]
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"a;b\n1;2\n")
    found = CsvGrid.open(file, ())
    file.write_bytes(content)

    with pytest.raises(FileError) as caught:
        list(found.batches_below(1, 2))

    assert caught.value.problem is problem
    assert data.items() <= caught.value.data.items()
