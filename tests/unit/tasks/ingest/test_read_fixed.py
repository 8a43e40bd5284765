from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.reasons import Reason
from schemas.table_spec import TableSpec
from tasks.ingest import read_fixed
from tasks.ingest.read_fixed import FixedGrid, read_lines

SPEC = TableSpec.model_validate({"layout": "long", "timestamp": "Время", "positions": [1, 7, 12]})


def grid(folder: Path, content: bytes) -> FixedGrid:
    file = folder / "a.csv"
    file.write_bytes(content)
    return FixedGrid.open(file, [SPEC])


def test_lines_are_cut_at_positions_trimmed_and_blank_cells_are_empty(tmp_path: Path) -> None:
    text = 'Время Зн.  Примечание\r\n00:00 60,5 и  ещё, "1\n\n01:00\n  02:00  7\rУчёт123456789'

    found = grid(tmp_path, text.encode())

    assert list(found.rows()) == [
        ["Время", "Зн.", "Примечание"],
        ["00:00", "60,5", 'и  ещё, "1'],
        [None, None, None],
        ["01:00", None, None],
        ["02:0", "0  7", None],
        ["Учёт12", "34567", "89"],
    ]
    assert found.used_columns(1, 3) == [0, 1, 2]


def test_lines_below_a_line_are_the_same_in_columns_whatever_the_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{number:<6}{'é' * (number % 7):<5}x y{'.' * (number % 3)}  " for number in range(500)]
    found = grid(tmp_path, "\n".join(lines).encode())
    monkeypatch.setattr(read_fixed, "MAX_CELL_BYTES", 300)

    batches = list(found.batches_below(3, 3))

    rows = [cells for batch in batches for cells in zip(*(c.to_pylist() for c in batch.columns), strict=True)]
    assert len(batches) > 10
    assert rows == [tuple(row) for row in found.rows()][3:]
    assert [n for batch in batches for n in batch.numbers.to_pylist()] == [*range(4, 501)]
    assert list(found.batches_below(500, 3)) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "cp866", "koi8-r"])
def test_encoding_is_that_in_which_the_headings_are_found(tmp_path: Path, encoding: str) -> None:
    found = grid(tmp_path, "Время Знач Ед\n00:00 60,5 °\n".replace("°", "л").encode(encoding))

    (batch,) = found.batches_below(1, 3)

    assert next(found.rows()) == ["Время", "Знач", "Ед"]
    assert [column.to_pylist() for column in batch.columns] == [["00:00"], ["60,5"], ["л"]]


def test_a_tab_sets_its_line_aside_but_in_the_last_column_and_at_the_end(tmp_path: Path) -> None:
    found = grid(tmp_path, b"00:00\t60.5\n01:00 60.5 a\tb\n02:00\t\t\n03:00 60.5\n")

    (batch,) = found.batches_below(0, 3)

    assert batch.problems == {1: Reason.TAB_IN_LINE}


@pytest.mark.parametrize(
    ("content", "problem", "data"),
    [
        ("Время\n".encode("cp1251") * 90_000 + b"\x98\n", FileProblem.BYTE_NOT_IN_ENCODING, {"offset": 540_000}),
        ("Время учёта\n".encode() * 50_000 + b"b\xff\n", FileProblem.BYTE_NOT_IN_ENCODING, {"offset": 1_100_001}),
        (b"a\n" * 3_000 + b"\0", FileProblem.NUL_BYTE, {"offset": 6_000}),
        (b"a\n" + b"x" * (3 << 20), FileProblem.FIXED_LINE_TOO_LONG, {"line": 2}),
    ],
)
def test_text_that_cannot_be_read_says_where(
    tmp_path: Path, content: bytes, problem: FileProblem, data: dict[str, int]
) -> None:
    with pytest.raises(FileError) as caught:
        list(grid(tmp_path, content).batches_below(0, 3))

    assert caught.value.problem is problem
    assert caught.value.data.items() >= data.items()
    assert "csv" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251", "utf-16"])
def test_lines_without_positions_are_as_they_are(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("  Время  Объём\n\n 00:00   1,5 ".encode(encoding))

    assert [*read_lines(file)] == ["  Время  Объём", "", " 00:00   1,5 "]
