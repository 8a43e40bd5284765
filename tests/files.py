"""Files as suppliers send them, and as they should not: built here, never fetched."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import xlsxwriter
import xlwt

Cell = str | float | dt.date | dt.time | None
Rows = Sequence[Sequence[Any]]
"""Of cells: a literal of several kinds of cells is inferred to hold objects."""


def xlsx(rows: Rows, sheet: str = "Лист", *, also: Sequence[str] = (), **options: bool) -> bytes:
    """Make a workbook; text that begins with `=` is a formula without a value; `also` are more sheets."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, options) as book:
        book.set_properties({"created": dt.datetime(2025, 4, 30)})  # noqa: DTZ001 - not now: equal rows are equal bytes
        date, moment = (
            book.add_format({"num_format": "dd.mm.yyyy"}),
            book.add_format({"num_format": "dd.mm.yyyy hh:mm"}),
        )
        clock = book.add_format({"num_format": "hh:mm"})
        page = book.add_worksheet(sheet)
        for name in also:
            book.add_worksheet(name)
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("="):
                    page.write_formula(number, place, cell, None, "")
                elif isinstance(cell, str):
                    page.write_string(number, place, cell)
                elif isinstance(cell, dt.datetime):
                    page.write_datetime(number, place, cell, moment)
                elif isinstance(cell, dt.date):
                    page.write_datetime(number, place, cell, date)
                elif isinstance(cell, dt.time):
                    page.write_datetime(number, place, cell, clock)
                elif isinstance(cell, int | float):
                    page.write_number(number, place, cell)
    return stream.getvalue()


def xls(rows: Rows, sheet: str = "Лист") -> bytes:
    """Make a workbook of Excel 97."""
    book = xlwt.Workbook()
    page = book.add_sheet(sheet)
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            if isinstance(cell, dt.date | dt.time):
                page.write(number, place, cell, xlwt.easyxf(num_format_str="DD.MM.YYYY HH:MM"))
            elif cell is not None:
                page.write(number, place, cell)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def ods(rows: Rows, sheet: str = "Лист") -> bytes:
    """Make a workbook of LibreOffice."""

    def cell(value: Cell) -> str:
        if value is None:
            return "<table:table-cell/>"
        kind = "float" if isinstance(value, float | int) else "string"
        number = f' office:value="{value}"' if kind == "float" else ""
        text = escape(str(value))
        return f'<table:table-cell office:value-type="{kind}"{number}><text:p>{text}</text:p></table:table-cell>'

    lines = "".join(f"<table:table-row>{''.join(cell(value) for value in row)}</table:table-row>" for row in rows)
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names}><office:body><office:spreadsheet>'
        f'<table:table table:name="{sheet}">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": b"<manifest/>",
            "content.xml": content.encode(),
        }
    )


def with_wrong_sum(archive: bytes, part: str) -> bytes:
    """Return a zip with another checksum for a part in its directory."""
    entry = archive.rindex(part.encode()) - 46  # [APPNOTE.TXT] 4.3.12
    return archive[: entry + 16] + bytes([archive[entry + 16] ^ 1]) + archive[entry + 17 :]


def xlsb(rows: Rows, sheet: str = "Лист") -> bytes:
    """Make a binary workbook: the few records that a reader needs ([MS-XLSB] 2.3)."""

    def record(kind: int, payload: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size, length = b"", len(payload)
        while True:
            size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
            length >>= 7
            if not length:
                return head + size + payload

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    cells = b""
    for number, row in enumerate(rows):
        cells += record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))
        for place, value in enumerate(row):
            at = struct.pack("<II", place, 0)
            if isinstance(value, str):
                cells += record(6, at + wide(value))
            elif isinstance(value, float | int):
                cells += record(5, at + struct.pack("<d", value))
    width = max((len(row) for row in rows), default=1)
    dimension = record(148, struct.pack("<IIII", 0, max(len(rows) - 1, 0), 0, width - 1))
    page = record(129) + dimension + record(145) + cells + record(146) + record(130)
    bundle = record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide(sheet))
    book = record(131) + record(143) + bundle + record(144) + record(132)
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.bin"/></Relationships>'
    )
    return zipped(
        {
            "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": relations.encode(),
            "xl/worksheets/sheet1.bin": page,
        }
    )


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Make a zip of names and contents."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def edited(workbook: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """Change one part of a workbook."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return with_parts(workbook, {part: change(archive.read(part))})


def with_parts(workbook: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Add parts to a workbook, or replace them."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        there = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**there, **parts})


def dbf(
    columns: Sequence[tuple[str, str, int]],
    records: Sequence[Sequence[str | bytes]],
    *,
    version: int = 0x03,
    language: int = 0,
    encoding: str = "cp866",
    deleted: Sequence[int] = (),
) -> bytes:
    """Make a dBase table of columns (name, type, width) and records of cells as they are written."""
    widths = [width for _, _, width in columns]
    described = b"".join(
        name.encode(encoding).ljust(11, b"\0") + kind.encode() + bytes(4) + struct.pack("<H", width) + bytes(14)
        for name, kind, width in columns
    )
    header_bytes = 32 + len(described) + 1
    head = struct.pack("<4BIHH17xB2x", version, 125, 4, 30, len(records), header_bytes, 1 + sum(widths), language)
    cells = (
        (b"*" if number in deleted else b" ")
        + b"".join(
            (cell if isinstance(cell, bytes) else cell.encode(encoding)).ljust(width)
            for cell, width in zip(record, widths, strict=True)
        )
        for number, record in enumerate(records)
    )
    return head + described + b"\r" + b"".join(cells) + b"\x1a"
