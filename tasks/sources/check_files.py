"""Check files against the mappings: which mapping takes a file, and what it finds in it. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import DataopsError, FileError, TerminalError
from schemas.mappings import Mappings, SourceMapping
from schemas.problems import FileProblem, FileRemark
from schemas.settings import date_of_folder
from schemas.source_files import spell
from schemas.table_schema import TableSchema
from tasks.sources.preview_readings import ParsedBatch, summarise
from tasks.warehouse.storage import LOCAL

_OF_OTHER_COLUMNS = {
    *(FileProblem.NO_MAPPING, FileProblem.HEADER_NOT_FOUND),
    *(FileProblem.COLUMN_MISSING, FileProblem.COLUMN_RENAMED, FileProblem.COLUMN_DOUBLED),
}


class OpenFile(Protocol):
    """A file to check: itself, or a member of an archive."""

    @property
    def path(self) -> Path:
        """Where it is on this machine."""

    @property
    def relative_path(self) -> str:
        """Below the day's folder: what mappings are matched with."""

    @property
    def source_file(self) -> str:
        """How a person knows it."""


class OpenFiles(Protocol):
    """A file, or the files of an archive."""

    @property
    def files(self) -> Sequence[OpenFile]:
        """Those to read."""

    @property
    def broken(self) -> Mapping[str, FileError]:
        """Source file → why it cannot be read."""


class Table(Protocol):
    """One table of a file."""

    @property
    def schema(self) -> TableSchema:
        """What was found."""

    @property
    def batches(self) -> Iterable[pa.RecordBatch]:
        """Its raw rows."""


class Tables(Protocol):
    """The tables of a file."""

    def __iter__(self) -> Iterator[Table]:
        """Yield them, each to be read to its end."""

    @property
    def lines(self) -> Mapping[str, int]:
        """How many lines of each class there are, once all are read."""

    @property
    def notes(self) -> Sequence[str]:
        """What a person should know of the file, once all are read."""


class Steps(NamedTuple):
    """What a check needs of the steps that read and parse; the caller passes them in."""

    unpack: Callable[[Path, str], AbstractContextManager[OpenFiles]]
    """Opens a file, given with its path below the day's folder."""
    read_tables: Callable[[OpenFile, SourceMapping], Tables]
    find_fitting: Callable[[OpenFile, Sequence[SourceMapping]], Sequence[SourceMapping]]
    """Returns the mappings whose sheets and columns a file has, whatever its name."""
    parse: Callable[[TableSchema, pa.RecordBatch, int], pa.Table]
    """Returns a batch's readings; the number is the table's."""
    list_errors: Callable[[Sequence[TableSchema], pa.Table], pa.Table]
    """Returns an error for each of a file's readings that would be rejected, whatever the reference tables."""


class FileCheck(NamedTuple):
    """What was found in one file."""

    file: str
    mapping: str | None
    tables: list[dict[str, Any]]
    """Fields of Preview, a table each."""
    notes: list[str]
    error: str | None
    lines: Mapping[str, int] = {}
    """Class of lines (`schemas/lines.py`) → how many there are."""


def check_file(file: Path, mappings: Mappings, steps: Steps) -> list[FileCheck]:
    """Check a file, or each file of an archive."""
    try:
        with open_files(file, steps.unpack) as opened:
            return [_check(member, opened.broken.get(member.source_file), mappings, steps) for member in opened.files]
    except (DataopsError, OSError) as error:
        return [FileCheck(spell(str(file)), None, [], [], str(error))]


@contextmanager
def open_files(file: Path, unpack: Callable[[Path, str], AbstractContextManager[OpenFiles]]) -> Iterator[OpenFiles]:
    """Open a file that a person names, wherever it is.

    Raises:
        TerminalError: there is no such file.

    """
    resolved = file.resolve()
    if not LOCAL.is_inside(resolved, resolved.parent):
        raise TerminalError(f"there is no file {str(file)!r}")
    with unpack(file, path_for_mappings(resolved)) as opened:
        yield opened


def path_for_mappings(file: Path) -> str:
    """Return the path that mappings see, spelled: below the folder that is named after a day, else the bare name."""
    day = next((parent for parent in file.parents if date_of_folder(parent)), file.parent)
    return spell(file.relative_to(day).as_posix())


def _check(file: OpenFile, broken: FileError | None, mappings: Mappings, steps: Steps) -> FileCheck:
    mapping: SourceMapping | None = None
    read: list[_ReadTable] = []
    try:
        if broken:
            raise broken
        mapping = mappings.match(file.relative_path, partial(steps.find_fitting, file))
        found = steps.read_tables(file, mapping)
        for number, table in enumerate(found):
            # Its last line may say which hour an earlier one is of; and any line may contradict another.
            rows = [*table.batches]
            read.append(_ReadTable(table.schema, rows, [steps.parse(table.schema, batch, number) for batch in rows]))
    except (DataopsError, OSError) as error:
        why = _name_fitting(error, file, mapping, mappings, steps)
        return FileCheck(file.source_file, mapping.name if mapping else None, _previews(read, steps), [], str(why))
    lines, notes, tables = dict(found.lines), [*found.notes], _previews(read, steps)
    return FileCheck(file.source_file, mapping.name, tables, notes, _why_nothing_is_read(tables), lines)


class _ReadTable(NamedTuple):
    """A table with its raw rows and its readings."""

    schema: TableSchema
    rows: list[pa.RecordBatch]
    parsed: list[pa.Table]


def _previews(read: Sequence[_ReadTable], steps: Steps) -> list[dict[str, Any]]:
    """Sum up the tables of a file; what it says twice, even in two tables, contradicts itself."""
    parsed = [readings for table in read for readings in table.parsed]
    errors = steps.list_errors([table.schema for table in read], pa.concat_tables(parsed)) if parsed else None
    previews = []
    for number, table in enumerate(read):
        batches = []
        if errors is not None and table.rows:
            own = errors.filter(pc.equal(errors.column("table"), number))
            batches = [ParsedBatch(pa.Table.from_batches(table.rows), pa.concat_tables(table.parsed), own)]
        previews.append(summarise(table.schema, batches)._asdict())
    return previews


def _name_fitting(
    error: Exception, file: OpenFile, mapping: SourceMapping | None, mappings: Mappings, steps: Steps
) -> Exception:
    """Say of a file that no mapping, or only the last resort, has taken which one fits it but for its name."""
    if not isinstance(error, FileError) or error.problem not in _OF_OTHER_COLUMNS or (mapping and not mapping.fallback):
        return error
    try:
        fitting = steps.find_fitting(file, [other for other in mappings.usable if not other.fallback])
    except (DataopsError, OSError):
        return error  # it cannot be read at all: the first error says as much
    if fitting:
        return FileError(FileProblem.FITS_BUT_FOR_NAME, mappings=", ".join(other.name for other in fitting))
    if error.problem is FileProblem.HEADER_NOT_FOUND:
        return FileError(FileProblem.NO_MAPPING_NO_HEADER, columns=error.data["columns"])
    return error


def _why_nothing_is_read(tables: Sequence[Mapping[str, Any]]) -> str | None:
    problems = [problem for table in tables for problem in table["lost"]]
    if problems and all(table["readings"] == table["unreadable"] for table in tables):
        return FileRemark.NOTHING_READ.format(why=problems[0]["message"])
    return None
