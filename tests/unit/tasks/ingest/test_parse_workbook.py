from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from schemas.settings import PROJECT_ROOT
from tasks.ingest import parse_workbook
from tests import files


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (60.0, "60"),
        (-0.0, "0"),
        (20133674.0, "20133674"),
        (643007523021086.0, "643007523021086"),
        (1e15, "1000000000000000.0"),
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


def read_sheet(book: Path, target: Path) -> tuple[dict[str, Any], pa.Table]:
    """Have the first sheet written; return the answer and the sheet."""
    with target.open("ab") as sink:
        found = parse_workbook.read(str(book), [[]], sink)
    (place,) = found["streams"].values()
    content = target.read_bytes()[place[0] : sum(place)]
    return found, pa.ipc.open_stream(content).read_all()


def test_sheet_is_written_with_its_formulas_errors_and_empty_edges(tmp_path: Path) -> None:
    book, target = tmp_path / "a.xlsx", tmp_path / "0.arrow"
    book.write_bytes(files.xlsx([[], [None, "a", "=B1*2"], [None, 1.5]]))

    found, table = read_sheet(book, target)

    assert found["present"] == [{"name": "Лист", "visible": True, "epoch": 1900}]
    assert table.to_pydict() == {"0": [None] * 3, "1": [None, "a", "1.5"], "2": [None, "=B1*2", None]}


def test_cells_that_do_not_say_where_they_are_are_found_by_their_place(tmp_path: Path) -> None:
    book, target = tmp_path / "a.xlsx", tmp_path / "0.arrow"
    rows = (
        b'<row><c><v>1</v></c><c><f>A1+1</f></c></row><row><c t="e"><v>#N/A</v></c></row>'
        b'<row r="5"><c r="B5" t="d"><v>2025-05-01T00:00:00.000Z</v></c><c t="str"><f>B1</f><v></v></c></row>'
    )
    content = files.edited(
        files.xlsx([["x"]]),
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData>" + rows + b"</sheetData>", xml),
    )
    book.write_bytes(content)

    _, table = read_sheet(book, target)

    columns = list(table.to_pydict().values())
    assert columns[0][:2] == ["1", "#N/A"]
    assert (columns[1][0], columns[1][4]) == ("=A1+1", "2025-05-01T00:00:00.000")


def test_date_that_is_written_as_text_is_the_clock_on_the_wall(tmp_path: Path) -> None:
    book, target = tmp_path / "a.xlsx", tmp_path / "0.arrow"
    content = files.edited(
        files.xlsx([["x", 5]]),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b'<c r="B1"><v>5</v>', b'<c r="B1" t="d"><v>2025-05-01T03:00:00Z</v>'),
    )
    book.write_bytes(content)

    _, table = read_sheet(book, target)

    assert table.to_pydict() == {"0": ["x"], "1": ["2025-05-01T03:00:00"]}


def test_workbook_of_a_mac_counts_days_from_1904(tmp_path: Path) -> None:
    book = tmp_path / "a.xlsx"
    book.write_bytes(files.xlsx([["a"]], date_1904=True))

    found, _ = read_sheet(book, tmp_path / "0.arrow")

    assert found["present"][0]["epoch"] == 1904


def test_sheets_that_nobody_wants_are_counted_and_of_one_that_is_missing_nothing_is_written(tmp_path: Path) -> None:
    book, target = tmp_path / "a.xlsx", tmp_path / "0.arrow"
    book.write_bytes(files.xlsx([["a"], [], ["b"]], also=["Лист 2"]))

    with target.open("ab") as sink:
        second = parse_workbook.read(str(book), [["Лист 2"]], sink)
        missing = parse_workbook.read(str(book), [[], ["Архив"]], sink)

    assert ([*second["streams"]], second["unread"]) == (["Лист 2"], {"Лист": 2})
    assert (missing["streams"], missing["unread"]) == ({}, {})


BUSY = """
import sys
from tasks.ingest import parse_workbook
def count(book, target):
    print("busy", flush=True)
    return {"ok": sum(range(book["to"]))}
parse_workbook._answer = count
parse_workbook.main(int(sys.argv[1]), int(sys.argv[2]), 2048, 300)
"""


@contextmanager
def busy_parser() -> Iterator[tuple[subprocess.Popen[bytes], Connection, int]]:
    """Start a parser that adds up numbers; yield it, our end of its requests, and our end of its lifeline."""
    ours, its = Pipe()
    its_lifeline, our_lifeline = os.pipe()
    arguments = [sys.executable, "-c", BUSY, str(its.fileno()), str(its_lifeline)]
    with subprocess.Popen(
        arguments, pass_fds=[its.fileno(), its_lifeline], cwd=PROJECT_ROOT, stdout=subprocess.PIPE
    ) as parser:
        its.close()
        os.close(its_lifeline)
        yield parser, ours, our_lifeline
        parser.kill()


def request_of(to: int) -> bytes:
    return json.dumps({"books": [{"to": to}], "target": os.devnull}).encode()


def ask(parser: subprocess.Popen[bytes], requests: Connection, to: int) -> None:
    requests.send_bytes(request_of(to))
    assert parser.stdout
    assert parser.stdout.readline() == b"busy\n"


def test_busy_parser_ends_when_the_process_that_asked_has_ended() -> None:
    with busy_parser() as (parser, requests, lifeline):
        ask(parser, requests, 10**12)

        os.close(lifeline)  # as the kernel does for a process that is killed

        assert parser.wait(timeout=60) == -signal.SIGIO


def test_what_comes_on_the_pipe_of_requests_never_ends_a_busy_parser() -> None:
    with busy_parser() as (parser, requests, lifeline):
        ask(parser, requests, 10**8)
        requests.send_bytes(request_of(10))

        assert [json.loads(requests.recv_bytes()) for _ in range(2)] == [
            {"ok": sum(range(number))} for number in (10**8, 10)
        ]
        os.close(lifeline)
