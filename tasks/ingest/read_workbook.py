"""Read the sheets of a workbook (xlsx, xlsm, xlsb, xls, ods) with calamine, in a separate process that may die."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from schemas.errors import FileError
from schemas.problems import FileProblem
from schemas.settings import Settings
from tasks.ingest.grids import LineBatch, Row
from tasks.ingest.parse_workbook import choose, find_missing
from tasks.warehouse.storage import LOCAL
from tasks.warehouse.temporary import temporary_folder

_SCRIPT = Path(__file__).with_name("parse_workbook.py")
_ROWS_AT_ONCE = 100
_FEW_ROWS = 200
_GRACE_SEC = 5
_MAX_NAMES_LENGTH = 500


class SheetInfo(NamedTuple):
    """A sheet as the workbook lists it."""

    name: str
    visible: bool
    epoch: int


class SheetGrid:
    """A sheet as a grid of text cells; they are in an Arrow file, not in memory."""

    counts_blank_lines = False

    def __init__(self, sheet: SheetInfo, batches: list[pa.RecordBatch], width: int) -> None:
        self.sheet = sheet.name
        self.epoch = sheet.epoch
        self._batches = batches
        self._width = width
        self._rows: list[Row] | None = None
        """All lines of a small sheet, which are looked at again and again."""

    def rows(self) -> Iterator[Row]:
        """Yield the lines from the top, one by one."""
        if self._rows is None and sum(map(len, self._batches)) < _FEW_ROWS:
            self._rows = [*self._read_rows()]
        yield from self._read_rows() if self._rows is None else self._rows

    def _read_rows(self) -> Iterator[Row]:
        for batch in self._batches:
            for start in range(0, len(batch), _ROWS_AT_ONCE):
                columns = [column.to_pylist() for column in batch.slice(start, _ROWS_AT_ONCE).columns]
                yield from (list(row) for row in zip(*columns, strict=True))

    def used_columns(self, header_line: int, width: int) -> list[int]:
        """Return the indexes of the columns, from 0, that have a heading or any cell below the header."""
        heading = next((row for line, row in enumerate(self.rows(), start=1) if line == header_line), [])
        headed = {index for index, cell in enumerate(heading) if cell}
        filled = {
            index
            for _, batch in self._below(header_line)
            for index, column in enumerate(batch.columns)
            if column.null_count < len(column)
        }
        return sorted(headed | filled) if self._width else list(range(width))

    def batches_below(self, line: int, width: int) -> Iterator[LineBatch]:
        """Yield the lines below a line."""
        for first, batch in self._below(line):
            columns = list(batch.columns) + [pa.nulls(len(batch), pa.string())] * (width - batch.num_columns)
            yield LineBatch(pa.array(np.arange(first, first + len(batch), dtype=np.int32)), columns, {}, {}, {})

    def _below(self, line: int) -> Iterator[tuple[int, pa.RecordBatch]]:
        first = 1
        for batch in self._batches:
            skip = min(max(line + 1 - first, 0), len(batch))
            if skip < len(batch):
                yield first + skip, batch.slice(skip)
            first += len(batch)


class Workbook(NamedTuple):
    """The sheets of a workbook."""

    sheets: list[list[SheetGrid]]
    """Those that each table names."""
    unread: dict[str, int]
    """Visible sheets with data that no table names → how many rows hold any."""


class WantedSheets(NamedTuple):
    """A workbook, and the sheets that each of its tables names; no names: the first visible sheet."""

    file: Path
    names: Sequence[Sequence[str]]


def open_sheets(file: Path, wanted: Sequence[Sequence[str]], settings: Settings) -> Workbook:
    """Read the sheets of a workbook that each table names; no names: the first visible sheet.

    Raises:
        FileError: the workbook is damaged, encrypted or too big, or a sheet is missing.

    """
    (book,) = open_workbooks([WantedSheets(file, wanted)], settings)
    if isinstance(book, FileError):
        raise book
    return book


def open_workbooks(wanted: Sequence[WantedSheets], settings: Settings) -> Generator[Workbook | FileError]:
    """Read workbooks, one after the other, each while the caller works on the one before; or say why one cannot be.

    Macros never run, links are never followed. One that takes more than it may ends the parser, and the others are read
    by the next.

    Raises:
        OSError: there is no space for what they hold.

    """
    with temporary_folder() as folder:
        target = folder / "sheets.arrow"
        requests = [{"path": str(LOCAL.local_path(file)), "wanted": [*map(list, names)]} for file, names in wanted]
        with closing(_parse(requests, target, settings)) as answers:
            for (_, names), answer in zip(wanted, answers, strict=True):
                try:
                    yield answer if isinstance(answer, FileError) else _workbook(answer, names, target)
                except FileError as error:
                    yield error


def _workbook(answer: Mapping[str, Any], wanted: Sequence[Sequence[str]], target: Path) -> Workbook:
    present = [SheetInfo(**sheet) for sheet in answer["present"]]
    chosen = [choose_sheets(names, present) for names in wanted]
    grids: dict[str, SheetGrid] = {}
    if answer["streams"]:
        # The map stays valid after the file's name is deleted.
        with pa.memory_map(str(target)) as mapped:
            for sheet in present:
                if sheet.name in answer["streams"]:
                    first, length = answer["streams"][sheet.name]
                    mapped.seek(first)
                    grids[sheet.name] = _grid(sheet, mapped.read_buffer(length))
    unread = {name: rows for name, rows in answer["unread"].items() if rows}
    return Workbook([[grids[name] for name in names] for names in chosen], unread)


def _grid(sheet: SheetInfo, stream: pa.Buffer) -> SheetGrid:
    with pa.ipc.open_stream(stream) as reader:
        return SheetGrid(sheet, list(reader), len(reader.schema))


def choose_sheets(names: Sequence[str], present: Sequence[SheetInfo]) -> list[str]:
    """Find the sheets by name, hidden or not, or by glob among the visible ones."""
    chosen = choose(names, [(sheet.name, sheet.visible) for sheet in present])
    if missing := find_missing(names, chosen):
        sheets = _list(sheet.name for sheet in present if sheet.visible)
        hidden = _list(sheet.name for sheet in present if not sheet.visible)
        raise FileError(FileProblem.SHEET_MISSING, missing=_list(missing), sheets=sheets, hidden=hidden)
    if not chosen:
        raise FileError(FileProblem.NO_VISIBLE_SHEET, hidden=_list(sheet.name for sheet in present))
    return chosen


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"«{name}»" for name in names)[:_MAX_NAMES_LENGTH] or "—"


def _parse(
    requests: Sequence[dict[str, Any]], target: Path, settings: Settings
) -> Generator[Mapping[str, Any] | FileError]:
    """Yield the parser's answer to each request; who ends it fails alone, and the next one goes on behind that."""
    remaining = [*requests]
    with _borrowed() as parser:
        while remaining:
            for answer in parser.ask(remaining, target, settings):
                del remaining[0]
                yield answer


@contextmanager
def _borrowed() -> Iterator[_Parser]:
    """Lend a parser: there are as many as are needed at once."""
    with _lock:
        parser = _idle.pop() if _idle else _Parser()
    try:
        yield parser
    finally:
        with _lock:
            _idle.append(parser)


class _Parser:
    """The process that parses: started when first needed, used for many files, replaced when it dies."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._lifeline: int | None = None
        self._started_as: tuple[int, int, int] | None = None
        _parsers.append(self)

    def ask(
        self, requests: Sequence[dict[str, Any]], target: Path, settings: Settings
    ) -> Iterator[Mapping[str, Any] | FileError]:
        """Yield the answers to the requests, up to the one that ends the process.

        Raises:
            OSError: there is no space for what the files hold.

        """
        count = len(requests)
        is_answered = False
        try:
            pipe = self._running(settings)
            try:
                pipe.send_bytes(json.dumps({"books": [*requests], "target": str(target)}).encode())
                for _ in range(count):
                    # The process ends itself when it has used its processor time; one that waits is ended here.
                    if not pipe.poll(settings.workbook_timeout_sec + _GRACE_SEC):
                        yield self._end(timed_out=True, settings=settings)
                        break
                    yield _read_answer(json.loads(pipe.recv_bytes()), settings)
            except (EOFError, ConnectionError):
                yield self._end(timed_out=False, settings=settings)
            is_answered = True
        finally:
            if not is_answered:  # what it still answers is of nobody's question
                self.stop()

    def _running(self, settings: Settings) -> Connection:
        """Return the pipe to a process with these limits, started now if there is none."""
        # A process forked from this one must not talk to its parent's parser.
        wanted = (os.getpid(), settings.workbook_memory_mb, settings.workbook_timeout_sec)
        if self._pipe is not None and self._started_as == wanted and self._process and self._process.poll() is None:
            return self._pipe
        self.stop()
        self._pipe, child_pipe = Pipe()
        child_lifeline, self._lifeline = os.pipe()
        self._process = _start_script([child_pipe.fileno(), child_lifeline], wanted[1:])
        child_pipe.close()
        os.close(child_lifeline)
        self._started_as = wanted
        return self._pipe

    def _end(self, *, timed_out: bool, settings: Settings) -> FileError:
        """End the process; return why it did not answer."""
        assert self._process is not None  # noqa: S101
        if timed_out:
            self._process.kill()
        code = self._process.wait(timeout=10)
        self.stop()
        if timed_out or code == -signal.SIGXCPU:
            return FileError(FileProblem.WORKBOOK_TOO_SLOW, seconds=settings.workbook_timeout_sec)
        return _too_big(settings)

    def stop(self) -> None:
        """End the process, if it is ours."""
        if self._pipe is not None:
            self._pipe.close()
        if self._lifeline is not None:
            os.close(self._lifeline)
        if self._process is not None and self._started_as and self._started_as[0] == os.getpid():
            self._process.kill()
            self._process.wait()
        self._pipe = self._lifeline = self._process = self._started_as = None


def _start_script(pipes: Sequence[int], limits: Sequence[int]) -> subprocess.Popen[bytes]:
    # Arrow's own allocator reserves more address space than the limit allows.
    environment = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    if libraries := os.environ.get("LD_LIBRARY_PATH"):  # some Pythons do not start without
        environment["LD_LIBRARY_PATH"] = libraries
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-I", str(_SCRIPT), *map(str, (*pipes, *limits))],
        pass_fds=pipes,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _too_big(settings: Settings) -> FileError:
    return FileError(FileProblem.WORKBOOK_TOO_BIG, megabytes=settings.workbook_memory_mb)


def _read_answer(answer: Mapping[str, Any], settings: Settings) -> Mapping[str, Any] | FileError:
    if "ok" in answer:
        found: Mapping[str, Any] = answer["ok"]
        return found
    if isinstance(answer["error"], int):
        raise OSError(answer["error"], os.strerror(answer["error"]), tempfile.gettempdir())
    if answer["error"] == "damaged":
        return FileError(FileProblem.DAMAGED, error=answer["detail"])
    return FileError(FileProblem.ENCRYPTED) if answer["error"] == "password" else _too_big(settings)


def _stop_all() -> None:
    for parser in _parsers:
        parser.stop()


_lock = threading.Lock()
_parsers: list[_Parser] = []
_idle: list[_Parser] = []
atexit.register(_stop_all)
