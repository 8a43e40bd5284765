"""Read a file of any kind into raw rows of text, as its mapping says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.errors import FileError
from schemas.lines import LineClass, describe_left_out, line_counts
from schemas.mappings import SourceMapping
from schemas.problems import FileProblem, FileRemark, Kind
from schemas.settings import Settings
from schemas.source_lines import GridLines, SourceLines
from schemas.table_schema import TableSchema
from schemas.table_spec import TableSpec
from tasks.ingest.bind_columns import bind, note_unmapped
from tasks.ingest.detect_kind import kind_of
from tasks.ingest.find_codes import find_codes, find_groups
from tasks.ingest.find_date import find_date
from tasks.ingest.find_header import Header, find_header
from tasks.ingest.find_unit import find_unit
from tasks.ingest.grids import Grid, Row
from tasks.ingest.line_account import LineAccount
from tasks.ingest.parse_nodes import parse_nodes
from tasks.ingest.read_csv import CsvGrid
from tasks.ingest.read_dbf import DbfGrid
from tasks.ingest.read_fixed import FixedGrid, read_lines
from tasks.ingest.read_html import HtmlGrid
from tasks.ingest.read_nodes import NodesGrid
from tasks.ingest.read_region import Region
from tasks.ingest.read_rows import Table
from tasks.ingest.read_workbook import SheetInfo, Workbook, choose_sheets, open_sheets

_MAX_LINES_PEEKED = 2_000
_MAX_LINES_KEPT = 1_000
"""More lines above a table make its rows in stage readable by the mapping that has read them only."""


class RawTable(NamedTuple):
    """One table of a file: what was found, and its rows as text.

    A batch has `row_num` (int32, the line as a person counts it), `row_problem`, and a string column per
    `schema.columns`, named by its key. Numbers are written so that float(text) gives the cell back,
    dates are ISO, an empty cell is null.
    """

    schema: TableSchema
    batches: Iterable[pa.RecordBatch]


class OpenedGrids(NamedTuple):
    """What a file holds for its mapping, and what it holds beside that."""

    grids: list[tuple[Grid, list[TableSpec]]]
    """Each with its tables."""
    unread: dict[str, int] = {}  # noqa: RUF012 - nobody changes it
    """Visible sheets that nobody reads, with how many rows they hold."""
    deleted_lines: Sequence[int] = ()
    """Records that the file marks as deleted; lines without cells of its only grid."""


class FileTables:
    """The tables of a file, to be read one after the other, each to its end; then the account of its lines."""

    def __init__(
        self,
        open_grids: Callable[[], OpenedGrids],
        *,
        relative_path: str,
        settings: Settings,
        cut: str | None,
        origin: str | None = None,
    ) -> None:
        self._open_grids = open_grids
        self._relative_path = relative_path
        self._settings = settings
        self.origin = origin
        """The operators' words for where the lines are from, if that is not the file: then some of its are missing."""
        self._counts: Counter[LineClass] = Counter()
        self.source_lines = SourceLines(cut=cut)
        """The lines that are no rows of the tables; known at the end."""
        self.unread: dict[str, int] = {}
        """Visible sheets that nobody reads, with how many rows they hold; known at the end."""
        self.sheet: str | None = None
        """The sheet that is read."""
        self.header_line = 1
        """Its header."""
        self._read: list[RawTable] | None = None

    @property
    def lines(self) -> dict[str, int]:
        """How many lines of each class the file holds (`schemas/lines.py`)."""
        return line_counts(self._counts)

    @property
    def notes(self) -> list[str]:
        """What a person should know of the file: sheets that are not read, lines that are no readings."""
        if self.origin:
            return [self.origin]
        notes = []
        if self.unread:
            sheets = ", ".join(f"«{sheet}» ({rows})" for sheet, rows in self.unread.items())
            notes.append(FileRemark.UNREAD_SHEETS.format(sheets=sheets))
        if left_out := describe_left_out(self._counts):
            notes.append(FileRemark.SKIPPED.format(counts=left_out))
        return notes

    def __iter__(self) -> Iterator[RawTable]:
        """Yield the tables.

        Raises:
            FileError: the file cannot be read or does not fit its mapping; says why and what to do.

        """
        return iter(self._read) if self._read is not None else self._tables()

    def read_ahead(self, max_bytes: int) -> int | None:
        """Read the whole file into memory, so that its tables can be read again and again; None: it is too large.

        Returns the bytes that its rows take.

        Raises:
            FileError: the file cannot be read or does not fit its mapping; says why and what to do.

        """
        found, size = list[RawTable](), 0
        for table in self._tables():
            batches = []
            for batch in table.batches:
                batches.append(batch)
                size += batch.nbytes
                if size > max_bytes:
                    return None
            found.append(table._replace(batches=batches))
        self._read = found
        return size

    def _tables(self) -> Iterator[RawTable]:
        grids, found_unread, deleted_lines = self._open_grids()
        unread = dict(found_unread)
        without_header: FileError | None = None
        is_read = False
        for grid, specs in grids:
            self.sheet, self.header_line = grid.sheet, 1
            try:
                headers = [find_header(grid.rows(), spec) for spec in specs]
            except FileError as error:
                # Where every sheet is looked into, some hold other things.
                is_asked_for = any(spec.sheet for spec in specs)
                if grid.sheet is None or is_asked_for or error.problem is not FileProblem.HEADER_NOT_FOUND:
                    raise
                unread[grid.sheet] = sum(any(row) for row in grid.rows())
                without_header = without_header or error
                continue
            is_read = True
            yield from self._read_grid(grid, list(zip(specs, headers, strict=True)), deleted_lines)
        if without_header and not is_read:
            raise without_header
        self.unread = {sheet: rows for sheet, rows in unread.items() if rows}
        self._counts[LineClass.NOT_TAKEN] += sum(self.unread.values())
        self.source_lines.left_out += sum(self.unread.values()) + len(deleted_lines)

    def _read_grid(
        self, grid: Grid, specs: Sequence[tuple[TableSpec, Header]], deleted_lines: Sequence[int]
    ) -> Iterator[RawTable]:
        account, lines, repeated = LineAccount(), dict[int, Row](), set[int]()
        # What is marked first keeps its class: to the tables these lines are blank.
        account.mark(np.array(deleted_lines, np.int64), np.full(len(deleted_lines), LineClass.DELETED))
        regions = self._find_regions(grid, specs, account)
        starts = sorted(region.header.begins for region in regions)
        for region in regions:
            region.stop = next((start for start in starts if start > region.header.ends), None)
            region.account_above(from_line=1 if region.header.begins == starts[0] else region.header.begins)
        while regions:
            region = regions.pop(0)
            lines |= region.lines_above
            for table in region.tables:
                yield RawTable(table.schema, region.batches(table))
                repeated.update(line for sources in table.schema.filled_down.values() for line, _ in sources)
            if region.next_header is not None:
                regions.insert(0, self._go_on(grid, region, account))
        self._counts += account.counts()
        self._keep(grid, lines, repeated, account)

    def _keep(self, grid: Grid, lines: dict[int, Row], repeated: set[int], account: LineAccount) -> None:
        """Keep the headers of a grid and what is above them, and count what is neither there nor a row.

        `repeated` are the lines whose cells rows repeat: those among them that are notes are needed too.
        """
        epoch, counts_blank_lines = grid.epoch, grid.counts_blank_lines
        kept = dict(islice(sorted(lines.items()), _MAX_LINES_KEPT))
        own = GridLines(sheet=grid.sheet, epoch=epoch, counts_blank_lines=counts_blank_lines, lines=kept)
        self.source_lines.grids.append(own)
        not_read = LineClass.NOT_TAKEN, LineClass.NOT_SELECTED
        in_kept = sum(int(account.is_of(np.array([*kept], dtype=np.int64), kind).sum()) for kind in not_read)
        counts = account.counts()
        notes = np.array([line for line in repeated if line not in kept], dtype=np.int64)
        self.source_lines.left_out += int(account.is_of(notes, LineClass.NOTE).sum())
        self.source_lines.left_out += sum(counts[kind] for kind in not_read) - in_kept + len(lines) - len(kept)

    def _find_regions(
        self, grid: Grid, specs: Sequence[tuple[TableSpec, Header]], account: LineAccount
    ) -> list[Region]:
        """Put the tables of a grid together by header, in the order of the mapping."""
        by_line: dict[int, list[tuple[TableSpec, Header]]] = {}
        for spec, header in specs:
            by_line.setdefault(header.ends, []).append((spec, header))
        return [self._region(grid, same_header, account) for same_header in by_line.values()]

    def _region(
        self,
        grid: Grid,
        specs: Sequence[tuple[TableSpec, Header]],
        account: LineAccount,
        *,
        units: Sequence[str | None] | None = None,
    ) -> Region:
        """Return the tables of a header; `units` are known of tables that go on."""
        header = specs[0][1]
        self.header_line = header.line
        indexes = _column_indexes(grid, header)
        tables = []
        units = units or [find_unit(spec, header, sheet=grid.sheet, rows=grid.rows()) for spec, _ in specs]
        for (spec, _), unit in zip(specs, units, strict=True):
            codes = find_codes(
                spec,
                relative_path=self._relative_path,
                sheet=grid.sheet,
                rows=grid.rows(),
                header_line=header.first_line,
            )
            date = find_date(spec, header, relative_path=self._relative_path, sheet=grid.sheet, rows=grid.rows)
            groups = find_groups(spec, relative_path=self._relative_path, sheet=grid.sheet)
            schema = bind(
                header,
                indexes,
                spec,
                sheet=grid.sheet,
                codes=codes,
                settings=self._settings,
                date=date,
                unit=unit,
                groups=groups,
            )
            tables.append(Table(spec, schema.model_copy(update={"epoch": grid.epoch}), unit))
        tables[0].schema.notes.extend(note_unmapped([table.schema for table in tables]))
        return Region(grid, header, indexes, tables, account)

    def _go_on(self, grid: Grid, region: Region, account: LineAccount) -> Region:
        """Return the region of the same tables below their next header."""
        count = region.header.line - region.header.first_line + 1
        below = {"header_row": region.next_header, "after": None}
        specs = [table.spec.model_copy(update=below | {"header_lines": count}) for table in region.tables]
        if count > 1 and find_header(grid.rows(), specs[0]).words != region.header.words:
            specs = [spec.model_copy(update={"header_lines": None}) for spec in specs]
        headed = [(spec, find_header(grid.rows(), spec)) for spec in specs]
        # The titles between the tables are no lines that stage keeps.
        self.source_lines.left_out += any(spec.titles for spec in specs)
        further = self._region(grid, headed, account, units=[table.unit for table in region.tables])
        further.go_on_from(region)
        further.stop = region.stop
        further.account_above(from_line=further.header.first_line)
        return further


def read_tables(
    path: Path,
    mapping: SourceMapping,
    *,
    relative_path: str,
    settings: Settings,
    kind: Kind | None = None,
    book: Workbook | FileError | None = None,
) -> FileTables:
    """Return the tables of a file; the content decides how it is read, not the suffix.

    `kind` and `book` are what is known of it already: its kind, and what a workbook holds of `sheets_of` the mapping.
    """
    opened = partial(_open_grids, path, mapping, settings, kind, book)
    return FileTables(opened, relative_path=relative_path, settings=settings, cut=mapping.cut)


def read_grids(
    grids: Sequence[Grid], mapping: SourceMapping, *, relative_path: str, settings: Settings, origin: str
) -> FileTables:
    """Return the tables in the grids of a file that is not there itself; `origin` says so in the operators' words."""

    def opened() -> OpenedGrids:
        if [grid.sheet for grid in grids] == [None]:
            return OpenedGrids([(grids[0], mapping.tables)])
        return OpenedGrids(_by_sheet([_named(grids, spec) for spec in mapping.tables], mapping.tables))

    return FileTables(opened, relative_path=relative_path, settings=settings, cut=mapping.cut, origin=origin)


def find_fitting(path: Path, mappings: Sequence[SourceMapping], settings: Settings) -> list[SourceMapping]:
    """Return the mappings whose sheets and columns a file has, whatever its name; a workbook or page is parsed once."""
    kind = kind_of(path, settings)
    sheets = open_sheets(path, [("*",)], settings).sheets[0] if kind is Kind.WORKBOOK else []
    page = _open_page(path, kind)

    def grids_of(specs: list[TableSpec]) -> list[tuple[Grid, list[TableSpec]]]:
        if kind is Kind.WORKBOOK:
            return _by_sheet([_named(sheets, spec) for spec in specs], specs)
        return [(page, specs)] if page else _text_grid(path, specs)

    def fits(mapping: SourceMapping) -> bool:
        # The columns of nodes are in the mapping, not in the file.
        if mapping.nodes or mapping.kind not in (None, kind):
            return False
        try:
            for grid, specs in grids_of(mapping.tables):
                for spec in specs:
                    if spec.header == "none":  # which fits anything
                        return False
                    header = find_header(grid.rows(), spec)
                    indexes = _column_indexes(grid, header)
                    # The name of the file is another one: whatever its groups would be, headings do not depend on them.
                    groups = dict.fromkeys(spec.identity.used_names - spec.column_groups, "…")
                    bind(header, indexes, spec, sheet=grid.sheet, codes={}, settings=settings, groups=groups)
        except FileError:
            return False
        return True

    return [mapping for mapping in mappings if fits(mapping)]


def _named(sheets: Sequence[Grid], spec: TableSpec) -> list[Grid]:
    present = [SheetInfo(sheet.sheet or "", visible=True, epoch=sheet.epoch) for sheet in sheets]
    names = choose_sheets(_wanted_sheets(spec), present)
    return [sheet for sheet in sheets if sheet.sheet in names]


def peek(path: Path, settings: Settings) -> list[tuple[str | None, list[Row]]]:
    """Return the first lines of each visible sheet, or of a csv, without a mapping.

    Raises:
        FileError: the file cannot be read; says why.

    """
    kind = kind_of(path, settings)
    if kind is Kind.WORKBOOK:
        grids: list[Grid] = [*open_sheets(path, [("*",)], settings).sheets[0]]
    elif kind is Kind.TEXT:
        grids = [CsvGrid.open(path, ())]
    elif page := _open_page(path, kind):
        grids = [page]
    else:
        raise FileError(FileProblem.WRONG_KIND, kind=kind)
    return [(grid.sheet, list(islice(grid.rows(), _MAX_LINES_PEEKED))) for grid in grids]


def peek_lines(path: Path, settings: Settings) -> list[str]:
    """Return the first lines of a text as they are; none of a file of another kind."""
    return [*islice(read_lines(path), _MAX_LINES_PEEKED)] if kind_of(path, settings) is Kind.TEXT else []


def sheets_of(mapping: SourceMapping) -> list[tuple[str, ...]]:
    """Return the sheets that each table of a mapping names."""
    return [_wanted_sheets(spec) for spec in mapping.tables]


def _open_grids(
    path: Path, mapping: SourceMapping, settings: Settings, kind: Kind | None, book: Workbook | FileError | None
) -> OpenedGrids:
    kind = kind or kind_of(path, settings)
    if kind is Kind.EMPTY:
        return OpenedGrids([])
    if mapping.kind not in (None, kind):
        raise FileError(FileProblem.KIND_DIFFERS, kind=kind, expected=mapping.kind)
    if mapping.nodes:
        return OpenedGrids([(NodesGrid.of(parse_nodes(path, kind, settings), mapping.nodes), mapping.tables)])
    if kind is Kind.TEXT:
        return OpenedGrids(_text_grid(path, mapping.tables))
    if page := _open_page(path, kind):
        return OpenedGrids([(page, mapping.tables)], deleted_lines=page.deleted_lines)
    if kind is Kind.WORKBOOK:
        book = book or open_sheets(path, sheets_of(mapping), settings)
        if isinstance(book, FileError):
            raise book
        return OpenedGrids(_by_sheet(book.sheets, mapping.tables), book.unread)
    if kind in {Kind.ZIP, Kind.GZIP}:
        raise FileError(FileProblem.ARCHIVE_WITHOUT_TABLES, kind=kind)
    raise FileError(FileProblem.WRONG_KIND, kind=kind)


def _open_page(path: Path, kind: Kind) -> HtmlGrid | DbfGrid | None:
    """Open a file that is one grid, whatever its mapping says; None: it is of another kind."""
    if kind is Kind.HTML:
        return HtmlGrid.open(path)
    return DbfGrid.open(path) if kind is Kind.DBF else None


def _text_grid(path: Path, specs: list[TableSpec]) -> list[tuple[Grid, list[TableSpec]]]:
    return [(FixedGrid.open(path, specs) if specs[0].positions else CsvGrid.open(path, specs), specs)]


def _wanted_sheets(spec: TableSpec) -> tuple[str, ...]:
    # Each row of a long table says whose it is: every sheet with its header is read.
    return spec.sheet or (("*",) if spec.table_format == "long" and spec.header is None else ())


def _by_sheet(sheets_of: Sequence[Sequence[Grid]], specs: Sequence[TableSpec]) -> list[tuple[Grid, list[TableSpec]]]:
    """Turn the sheets of each table into the tables of each sheet."""
    by_sheet: dict[str | None, tuple[Grid, list[TableSpec]]] = {}
    for spec, sheets in zip(specs, sheets_of, strict=True):
        for sheet in sheets:
            by_sheet.setdefault(sheet.sheet, (sheet, []))[1].append(spec)
    return list(by_sheet.values())


def _column_indexes(grid: Grid, header: Header) -> list[int]:
    used = grid.used_columns(header.line, len(header.headings))
    return sorted({*used, *(index for index, heading in enumerate(header.headings) if heading.text)})
