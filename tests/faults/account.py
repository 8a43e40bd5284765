"""A dumb count of what is in a file, to hold against the account of the reader; it shares no code with it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET


class Count(NamedTuple):
    """What a file holds."""

    lines: int
    """Physical lines of a csv, rows with a filled cell on the visible sheets of a workbook."""
    cells: dict[int, list[str]] | None
    """Of a csv: number of the line → its filled cells, as far as no quotation mark says otherwise."""


def count(content: bytes, delimiter: str | None = None) -> Count | None:
    """Count a csv, or an xlsx; None: it is neither."""
    if content.startswith(b"PK"):
        rows = _filled_rows(content)
        return None if rows is None else Count(rows, None)
    if content[:4] in (b"\xd0\xcf\x11\xe0", b"\x1f\x8b\x08\x00"):
        return None
    lines = re.split(r"\r\n|\r|\n", _decode(content))
    if not lines[-1]:
        lines.pop()
    cells = None
    if delimiter:
        cells = {
            number: [cell for cell in line.split(delimiter) if cell.strip()]
            for number, line in enumerate(lines, start=1)
            if '"' not in line
        }
    return Count(len(lines), cells)


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):  # without the mark
        if content[first::2].count(0) * 4 > len(content) // 2:
            return content.decode(encoding, "replace")
    for encoding in ("utf-8-sig", "cp1251"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _filled_rows(content: bytes) -> int | None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        if "xl/workbook.xml" not in names:
            return None
        book = ET.fromstring(archive.read(names["xl/workbook.xml"]))  # noqa: S314 - a file of the tests
        sheets = [node for node in book.iter() if node.tag.endswith("}sheet")]
        visible = [n for n, sheet in enumerate(sheets, start=1) if sheet.get("state", "visible") == "visible"]
        strings = names.get("xl/sharedstrings.xml")
        empty = _empty_strings(archive.read(strings)) if strings else set[str]()
        counts = [_filled_rows_of(archive.read(names[f"xl/worksheets/sheet{number}.xml"]), empty) for number in visible]
        return None if None in counts else sum(filter(None, counts))


def _empty_strings(xml: bytes) -> set[str]:
    """Return the numbers of the shared strings that have no text: nobody sees anything in their cells."""
    try:
        texts = ["".join(node.text or "" for node in _named(one, "t")) for one in _named(ET.fromstring(xml), "si")]  # noqa: S314 - a file of the tests
    except ET.ParseError:
        return set()
    return {str(number) for number, text in enumerate(texts) if not text}


def _filled_rows_of(xml: bytes, empty_strings: set[str]) -> int | None:
    """Count the rows that cells say they are in; a cell that says nothing is in the row that it stands in."""
    try:
        sheet = ET.fromstring(xml)  # noqa: S314 - a file of the tests
    except ET.ParseError:
        return None
    filled = set()
    for position, row in enumerate(_named(sheet, "row")):
        for cell in _named(row, "c"):
            texts = [node.text for name in ("v", "t", "f") for node in _named(cell, name) if node.text]
            if texts and not (cell.get("t") == "s" and texts[0] in empty_strings):
                filled.add(re.sub(r"\D", "", cell.get("r", "")) or row.get("r") or f"position {position}")
    return len(filled)


def _named(node: ET.Element, name: str) -> Iterator[ET.Element]:
    return (one for one in node.iter() if one.tag.rpartition("}")[2] == name)
