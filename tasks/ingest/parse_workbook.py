"""Parse workbooks in a separate process, within limits: a file that kills the parser fails alone.

Run as a script, without the rest of the product, so that it starts fast and there is little to lose.
It answers JSON requests on a pipe, an answer a workbook, and writes each sheet's cells as text into a file of
Arrow streams: columns `0`, `1`, …, the first row is line 1.
"""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import io
import json
import os
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from fnmatch import fnmatch
from html import unescape
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any, NamedTuple
from xml.etree import ElementTree as ET

import pyarrow as pa
from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

_BATCH_CELLS = 400_000
_CHUNK_BYTES = 4 << 20
_ALIGNMENT = 64
"""Of Arrow's buffers in memory, where the file is mapped."""
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RELATION_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_MAX_DRIFT_MS = 10
_MAX_EXACT = 1e15
_FULL = (errno.ENOSPC, errno.EDQUOT)

Unvalued = dict[int, list[tuple[int, str]]]
"""Row (from 0) → columns (from 0) and texts of cells that calamine returns as empty."""


def main(requests: int, lifeline: int, memory_mb: int, seconds: int) -> None:
    """Answer requests until the other side closes the pipes (both are descriptors)."""
    _limit_memory(memory_mb)
    _end_with(lifeline)
    pipe = Connection(requests)
    while True:
        try:
            request = json.loads(pipe.recv_bytes())
        except EOFError:
            return
        with Path(request["target"]).open("ab") as target:
            for book in request["books"]:
                _limit_time(seconds)
                pipe.send_bytes(json.dumps(_answer(book, target)).encode())


def _answer(book: dict[str, Any], target: IO[bytes]) -> dict[str, Any]:
    try:
        return {"ok": read(book["path"], book["wanted"], target)}
    except MemoryError:
        return {"error": "memory"}
    except PasswordError:
        return {"error": "password"}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return {"error": _number_of_full_disk(error) or "damaged", "detail": " ".join(str(error).split())[:200]}


def _number_of_full_disk(error: BaseException) -> int | None:
    return error.errno if isinstance(error, OSError) and error.errno in _FULL else None


def _end_with(lifeline: int) -> None:
    """End this process at once when the other side closes the lifeline, a pipe on which nothing is ever written.

    The kernel's signal ends also a parser that is busy in a library; it ends a process where nobody handles it. On
    the pipe of the requests it could come late, for a request that has just been read.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _limit_memory(megabytes: int) -> None:
    used = (
        int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if sys.platform == "linux" else 0
    )
    resource.setrlimit(resource.RLIMIT_AS, (used + (megabytes << 20), resource.RLIM_INFINITY))


def _limit_time(seconds: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds + 1, resource.RLIM_INFINITY))


def read(path: str, wanted: list[list[str]], target: IO[bytes]) -> dict[str, Any]:
    """List the sheets of a workbook, and write those that are wanted (`choose`) to the end of a file.

    Returns the sheets that are `present`, of those that are written their places in the file (`streams`, first byte and
    length), and of the other visible ones how many rows are filled (`unread`). Nothing is written if one is missing.
    """
    content = Path(path).read_bytes()
    # Given a path, calamine believes the suffix; given a stream, the content.
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book, _archive(content) as archive:
        epoch = _epoch(archive)
        present = [
            {"name": sheet.name, "visible": sheet.visible == SheetVisibleEnum.Visible, "epoch": epoch}
            for sheet in book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        ]
        sheets = [(str(sheet["name"]), bool(sheet["visible"])) for sheet in present]
        chosen = [choose(names, sheets) for names in wanted]
        if any(find_missing(names, own) or not own for names, own in zip(wanted, chosen, strict=True)):
            return {"present": present, "streams": {}, "unread": {}}
        names = dict.fromkeys(name for own in chosen for name in own)
        streams = {name: _write(book.get_sheet_by_name(name), _unvalued_cells(archive, name), target) for name in names}
        others = [name for name, is_visible in sheets if is_visible and name not in streams]
        return {
            "present": present,
            "streams": streams,
            "unread": {name: _count_filled(book.get_sheet_by_name(name)) for name in others},
        }


def choose(names: Sequence[str], present: Sequence[tuple[str, bool]]) -> list[str]:
    """Find sheets by name, hidden or not, or by glob among the visible ones; without names the first visible one.

    `present` are the sheets, each with whether it is visible.
    """
    if not names:
        return [sheet for sheet, is_visible in present if is_visible][:1]
    return [
        sheet
        for sheet, is_visible in present
        if any(_folded(sheet) == _folded(name) for name in names)
        or (is_visible and any(fnmatch(_folded(sheet), _folded(name)) for name in names))
    ]


def find_missing(names: Sequence[str], chosen: Sequence[str]) -> list[str]:
    """Find the names that none of the chosen sheets has."""
    return [
        name
        for name in names
        if name != "*"
        and not any(_folded(sheet) == _folded(name) or fnmatch(_folded(sheet), _folded(name)) for sheet in chosen)
    ]


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _archive(content: bytes) -> zipfile.ZipFile | nullcontext[None]:
    """Open the archive that a workbook is; None: it is of an old format."""
    stream = io.BytesIO(content)
    return zipfile.ZipFile(stream) if zipfile.is_zipfile(stream) else nullcontext()


def _epoch(archive: zipfile.ZipFile | None) -> int:
    """Return the year from which an xlsx counts days, where a date is a bare number."""
    if archive is None:
        return 1900
    member = _members(archive).get("xl/workbook.xml")
    book = archive.read(member) if member else b""
    return 1904 if re.search(rb"\bdate1904=[\"'](1|true)[\"']", book) else 1900


def _count_filled(sheet: Any) -> int:  # noqa: ANN401 - calamine's sheet
    return sum(any(cell not in ("", None) for cell in row) for row in sheet.iter_rows()) if sheet.start else 0


def _write(sheet: Any, unvalued: Unvalued, target: IO[bytes]) -> tuple[int, int]:  # noqa: ANN401 - calamine's sheet
    """Append a sheet to a file; return where: the first byte and the length."""
    # iter_rows returns the empty rows above the first cell, but not the empty columns to its left.
    last_row, last_column = sheet.end or (-1, -1)
    height = max([last_row, *unvalued]) + 1
    width = max([last_column, *(column for cells in unvalued.values() for column, _ in cells)]) + 1
    schema = pa.schema([(str(column), pa.string()) for column in range(width)])
    left = sheet.start[1] if sheet.start else 0
    rows: Iterator[list[Any]] = iter(sheet.iter_rows()) if sheet.start else iter(())
    start = target.tell() + -target.tell() % _ALIGNMENT
    target.write(bytes(start - target.tell()))
    with pa.ipc.new_stream(target, schema) as writer:
        batch_rows = _BATCH_CELLS // max(width, 1) + 1
        for first in range(0, height, batch_rows):
            count = min(batch_rows, height - first)
            columns = _text_columns(list(islice(rows, count)), left, width, count)
            for row in range(first, first + count) if unvalued else ():
                for column, text in unvalued.get(row, ()):
                    columns[column][row - first] = text
            arrays = [pa.array(column, pa.string()) for column in columns]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    target.flush()
    return start, target.tell() - start


def _text_columns(rows: list[list[Any]], left: int, width: int, count: int) -> list[list[str | None]]:
    """Return the cells of `count` rows as `width` columns of text; the first `left` columns are empty."""
    columns: list[list[str | None]] = [[None] * count for _ in range(left)]
    columns += [[_TEXT[type(cell)](cell) for cell in column] for column in zip(*rows, strict=True)]
    columns += [[] for _ in range(width - len(columns))]
    for column in columns:
        column += [None] * (count - len(column))
    return columns


def _text(cell: str) -> str | None:
    return cell.replace("\0", "�") or None


def _whole_seconds(cell: dt.datetime) -> str:
    """Excel counts time in fractions of a day: sums of hours miss the second by a few milliseconds."""
    off = cell.microsecond // 1000
    if off and (off <= _MAX_DRIFT_MS or off >= 1000 - _MAX_DRIFT_MS):
        cell = (cell + dt.timedelta(milliseconds=_MAX_DRIFT_MS)).replace(microsecond=0)
    return cell.isoformat()


def _number(cell: float) -> str:
    """Return a number as a person reads it: most are exact to 15 digits, and codes are numbers without a point."""
    return str(int(cell)) if cell.is_integer() and abs(cell) < _MAX_EXACT else repr(cell)


def _time(cell: dt.time) -> str:
    return _whole_seconds(dt.datetime.combine(dt.date(2000, 1, 1), cell))[11:]


def _duration(cell: dt.timedelta) -> str:
    seconds = round(cell.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


_TEXT: dict[type, Callable[[Any], str | None]] = {
    str: _text,
    float: _number,
    int: repr,
    bool: lambda cell: "TRUE" if cell else "FALSE",
    dt.date: dt.date.isoformat,
    dt.datetime: _whole_seconds,
    dt.time: _time,
    dt.timedelta: _duration,
    type(None): lambda _: None,
}


def _unvalued_cells(archive: zipfile.ZipFile | None, sheet: str) -> Unvalued:
    """Find the cells of an xlsx that calamine does not return as a person sees them.

    Formulas without a value and error values are empty there, and dates written as text have an offset.
    """
    member = _member_of_sheet(archive, sheet) if archive else None
    if archive is None or member is None:
        return {}
    cells: Unvalued = {}
    with archive.open(member) as stream:
        head = stream.read(_CHUNK_BYTES)
        prefix = re.search(rb"<(\w+:)?worksheet\b", head)
        patterns = _patterns((prefix[1] if prefix else None) or b"")
        if patterns.placeless.search(head):
            with archive.open(member) as again:
                return _unvalued_by_place(again)
        while head:
            following = stream.read(_CHUNK_BYTES)
            # A cell that is cut by the end of the chunk is searched with the next.
            cut = head.rfind(b"</") if following else len(head)
            cut = max(head.rfind(b"<row", 0, cut), 0) if following else cut
            cut = cut or len(head)
            _collect(head[:cut], patterns, cells)
            head = head[cut:] + following if following else b""
    return cells


def _unvalued_by_place(stream: IO[bytes]) -> Unvalued:
    """Find these cells in a sheet whose cells do not say where they are: each is right of the one before."""
    cells: Unvalued = {}
    row, column = -1, -1
    for event, node in ET.iterparse(stream, ("start", "end")):  # noqa: S314 - DTDs were refused before
        kind = node.tag.rpartition("}")[2]
        place = re.fullmatch(r"([A-Z]{0,3})(\d{1,7})", node.get("r", "")) if kind in ("row", "c") else None
        if event == "start" and kind == "row":
            row, column = int(place[2]) - 1 if place else row + 1, -1
        elif event == "start" and kind == "c":
            column = _column_index(place[1]) if place else column + 1
        elif kind == "c":
            if text := _unvalued(node):
                cells.setdefault(row, []).append((column, text))
            node.clear()
        elif event == "end" and kind == "row":
            node.clear()
    return cells


def _unvalued(node: ET.Element) -> str | None:
    children = {child.tag.rpartition("}")[2]: child.text or "" for child in node}
    kind, value = node.get("t"), children.get("v", "")
    if kind in ("e", "d"):
        return value.removesuffix("Z")
    return f"={children['f']}" if "f" in children and not value and kind != "str" else None


class _Patterns(NamedTuple):
    """What to search the XML of a sheet for; a pattern that begins with plain bytes is fast."""

    placeless: re.Pattern[bytes]
    """Cells that do not say where they are."""
    any_formula: re.Pattern[bytes]
    formula: re.Pattern[bytes]
    """Cells with a formula and no value."""
    error: re.Pattern[bytes]
    date: re.Pattern[bytes]
    """Dates written as text, which say UTC and mean the clock on the wall."""


def _patterns(prefix: bytes) -> _Patterns:
    p = re.escape(prefix)
    formula = rb"<%(p)sf\b[^<>]*(?:/>|>([^<]*)</%(p)sf>)\s*" % {b"p": p}
    cell = rb"<%(p)sc\b([^<>]*)>\s*" % {b"p": p}
    nothing = rb"(?:<%(p)sv\s*/>|<%(p)sv>\s*</%(p)sv>)?\s*</%(p)sc>" % {b"p": p}
    value = rb"(?:%s)?<%sv>([^<]*)</%sv>" % (formula.replace(b"([^<]*)", b"[^<]*"), p, p)

    def of_type(letter: bytes) -> re.Pattern[bytes]:
        return re.compile(cell.replace(b"[^<>]*", rb"[^<>]*\bt=.%b\W[^<>]*" % letter) + value)

    placeless = re.compile(rb"<%bc(?! r=)\b(?![^<>]*\br=)" % p)
    any_formula = re.compile(rb"<%bf[\s>/]" % p)
    return _Patterns(placeless, any_formula, re.compile(cell + formula + nothing), of_type(b"e"), of_type(b"d"))


def _collect(xml: bytes, patterns: _Patterns, cells: Unvalued) -> None:
    if patterns.any_formula.search(xml):
        for match in patterns.formula.finditer(xml):
            # `t="str"` with an empty value is a formula whose result is an empty text.
            if not re.search(rb"\bt=.str\W", match[1] + b" "):
                _add(cells, match[1], "=" + unescape((match[2] or b"").decode("utf-8", "replace")))
    for letter, pattern in ((b"e", patterns.error), (b"d", patterns.date)):
        if re.search(rb"t=[\"']%b[\"']" % letter, xml):
            for match in pattern.finditer(xml):
                _add(cells, match[1], match[2].decode("utf-8", "replace").removesuffix("Z"))


def _add(cells: Unvalued, attributes: bytes, text: str) -> None:
    reference = re.search(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']", attributes)
    if reference:
        cells.setdefault(int(reference[2]) - 1, []).append((_column_index(reference[1].decode()), text))


def _column_index(letters: str) -> int:
    # xlsxwriter.utility does this too, but importing it would slow each start of this script by a third.
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _member_of_sheet(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the name of the archive's member that holds a sheet of an xlsx."""
    members = _members(archive)
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= members.keys():
        return None
    book = ET.fromstring(archive.read(members["xl/workbook.xml"]))  # noqa: S314 - DTDs were refused before
    relation = next(
        (
            node.get(_RELATION) or node.get(_RELATION_STRICT)
            for node in book.iter()
            if node.tag.endswith("}sheet") and node.get("name") == sheet
        ),
        None,
    )
    relations = ET.fromstring(archive.read(members["xl/_rels/workbook.xml.rels"]))  # noqa: S314
    target = next((node.get("Target") for node in relations if node.get("Id") == relation), None)
    member = target.lstrip("/") if target and target.startswith("/") else f"xl/{target}"
    return members.get(member.replace("\\", "/").lower())


def _members(archive: zipfile.ZipFile) -> dict[str, str]:
    r"""Return the archive's members by name as the format has it: some programs write `xl\Workbook.xml`."""
    return {name.replace("\\", "/").lower(): name for name in archive.namelist()}


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
