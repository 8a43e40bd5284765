"""Read the tables of a web page, which some programs save under a workbook's name."""

from __future__ import annotations

import codecs
import re
from html.parser import HTMLParser
from pathlib import Path

from schemas.errors import FileError
from schemas.problems import FileProblem, Kind
from tasks.ingest.detect_dialect import detect_encoding
from tasks.ingest.grids import Row, RowsGrid
from tasks.warehouse.storage import LOCAL

_MAX_BYTES = 64 << 20
"""A page is held in memory as a whole."""
_MAX_SPAN = 1_000
_HEAD_BYTES = 1 << 18
_CHARSET = re.compile(rb"(?i)<meta[^>]+charset=[\"']?([\w-]+)")


class HtmlGrid(RowsGrid):
    """The lines of all tables of a page below each other, as a grid of text cells."""

    @classmethod
    def open(cls, file: Path) -> HtmlGrid:
        """Parse a page; of a cell that spans several, the others are empty.

        Raises:
            FileError: it is too big, no text, or has no table.

        """
        with LOCAL.open(file) as stream:
            content = stream.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise FileError(FileProblem.PAGE_TOO_BIG, kind=Kind.HTML, max_megabytes=_MAX_BYTES >> 20)
        parser = _Tables()
        parser.feed(_decode(file, content))
        parser.close()
        if not parser.rows:
            raise FileError(FileProblem.WRONG_KIND, kind=Kind.HTML)
        return cls(parser.rows)


def _decode(file: Path, content: bytes) -> str:
    declared = _CHARSET.search(content[:_HEAD_BYTES])
    try:
        encoding = codecs.lookup(declared[1].decode()).name if declared else ""
    except LookupError:
        encoding = ""
    encoding = encoding or detect_encoding(file, content[:_HEAD_BYTES])
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileError(FileProblem.BYTE_NOT_IN_ENCODING, offset=error.start, encoding=encoding) from None


class _Table:
    """A table that is open: its row, the cell of that, and where cells above reach into."""

    def __init__(self) -> None:
        self.row: Row | None = None
        self.cell: int | None = None
        self.texts: list[str] = []
        self._spanned: dict[int, int] = {}
        """Column → how many of the next rows a cell above reaches into."""

    def begin_cell(self, columns: int, rows: int) -> None:
        """Begin a cell, behind those that are spanned from above."""
        self.end_cell()
        cells = self.row = [] if self.row is None else self.row
        self._skip_spanned(cells)
        self.cell = len(cells)
        cells += [None] * columns
        self._spanned |= dict.fromkeys(range(self.cell, len(cells)), rows - 1)

    def end_cell(self) -> None:
        """End the cell, if one is open."""
        if self.row is not None and self.cell is not None:
            self.row[self.cell] = " ".join("".join(self.texts).split()) or None
        self.cell, self.texts = None, []

    def end_row(self) -> Row | None:
        """End the row and return it, if one is open."""
        self.end_cell()
        cells, self.row = self.row, None
        if cells is not None:
            self._skip_spanned(cells)
        return cells

    def _skip_spanned(self, cells: Row) -> None:
        while self._spanned.get(len(cells), 0):
            self._spanned[len(cells)] -= 1
            cells.append(None)


class _Tables(HTMLParser):
    """Collects the rows of tables; those of a table in a cell come before the row of that."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[Row] = []
        self._open: list[_Table] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._open.append(_Table())
        elif tag == "tr":
            self._end_row()
        elif tag in ("td", "th") and self._open:
            spans = {name: _span(value) for name, value in attrs if name in ("colspan", "rowspan")}
            self._open[-1].begin_cell(spans.get("colspan", 1), spans.get("rowspan", 1))
        elif tag in ("br", "p", "div"):
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._open:
            self._open[-1].end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table" and self._open:
            self._end_row()
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1].cell is not None:
            self._open[-1].texts.append(data)

    def close(self) -> None:
        super().close()
        while self._open:
            self.handle_endtag("table")

    def _end_row(self) -> None:
        if self._open and (row := self._open[-1].end_row()) is not None:
            self.rows.append(row)


def _span(value: str | None) -> int:
    return min(max(int(value), 1), _MAX_SPAN) if value and value.isdecimal() else 1
