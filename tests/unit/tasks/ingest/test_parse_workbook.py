from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from multiprocessing import Pipe
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.settings import PROJECT_ROOT
from tasks.ingest import parse_workbook
from tests import files


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (60.0, "60.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (True, "TRUE"),
        ("a\0b", "a�b"),
        ("", None),
        (None, None),
        (dt.date(2025, 4, 1), "2025-04-01"),
        (dt.datetime(2025, 4, 1, 1, 59, 59, 997_000), "2025-04-01T02:00:00"),  # noqa: DTZ001
        (dt.datetime(2025, 4, 1, 2, 0, 0, 4_000), "2025-04-01T02:00:00"),  # noqa: DTZ001
        (dt.time(23, 59, 59, 999_000), "00:00:00"),
        (dt.timedelta(hours=-25, minutes=-1), "-25:01:00"),
    ],
)
def test_cells_are_written_so_that_they_can_be_read_back(cell: object, text: str | None) -> None:
    assert parse_workbook._TEXT[type(cell)](cell) == text


def test_sheet_is_written_with_its_formulas_errors_and_empty_edges(tmp_path: Path) -> None:
    book, target = tmp_path / "a.xlsx", tmp_path / "0.arrow"
    book.write_bytes(files.xlsx([[], [None, "a", "=B1*2"], [None, 1.5]]))

    assert parse_workbook._answer({"path": str(book)}) == [{"name": "Лист", "visible": True, "epoch": 1900}]
    counts = parse_workbook._answer({"path": str(book), "sheets": {"Лист": str(target)}, "count": ["Лист"]})

    table = pa.ipc.open_file(target).read_all()
    assert counts == {"Лист": 2}
    assert table.to_pydict() == {"0": [None] * 3, "1": [None, "a", "1.5"], "2": [None, "=B1*2", None]}


def test_workbook_of_a_mac_counts_days_from_1904(tmp_path: Path) -> None:
    book = tmp_path / "a.xlsx"
    book.write_bytes(files.xlsx([["a"]], date_1904=True))

    assert parse_workbook._epoch(str(book)) == 1904


BUSY = """
import sys
from tasks.ingest import parse_workbook
def count(request):
    print("busy", flush=True)
    return sum(range(10**12))
parse_workbook._answer = count
parse_workbook.main(int(sys.argv[1]), 2048, 300)
"""


def test_busy_parser_ends_when_the_process_that_asked_has_ended() -> None:
    ours, its = Pipe()
    parser = subprocess.Popen(
        [sys.executable, "-c", BUSY, str(its.fileno())],
        pass_fds=[its.fileno()],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
    )
    its.close()
    ours.send_bytes(b"{}")
    assert parser.stdout
    assert parser.stdout.readline() == b"busy\n"

    ours.close()  # as the kernel does for a process that is killed

    assert parser.wait(timeout=60) == -signal.SIGIO
    parser.stdout.close()
