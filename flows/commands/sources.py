"""`dataops sources`: which mapping fits a file, and what it finds in it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.console import AsJson, err, fail, heading, out, print_json, print_table, track, visible
from schemas.errors import MappingError, SettingsError
from schemas.mappings import Mappings, SourceMapping, load_usable_mappings
from schemas.problems import FileRemark, Kind
from schemas.settings import Settings, load_settings
from schemas.source_files import spell
from schemas.table_schema import TableSchema
from tasks.ingest.detect_kind import kind_of
from tasks.ingest.find_files import FoundFile, list_all_files
from tasks.ingest.parse_nodes import parse_nodes
from tasks.ingest.read_tables import find_fitting, peek, peek_lines, read_tables
from tasks.ingest.unpack_archives import Unpacked, unpack_in_place
from tasks.sources.check_files import (
    FileCheck,
    OpenFile,
    OpenFiles,
    Steps,
    check_file,
    open_files,
    path_for_mappings,
)
from tasks.sources.compare_deliveries import Delivery, compare_deliveries
from tasks.sources.draft_mapping import Surroundings, draft_mapping
from tasks.sources.find_tables import Sheet, find_tables
from tasks.sources.look_at_file import Looked, look_at_nodes, look_at_text
from tasks.sources.preview_readings import Preview
from tasks.validate.list_rejected import list_rejected
from tasks.validate.parse_readings import parse
from tasks.validate.row_errors import without_flags
from tasks.warehouse.storage import LOCAL
from tasks.warehouse.temporary import temporary_folder

_MAX_COLUMNS_SHOWN = 30

app = typer.Typer(help="Source mappings: which files are accepted and how they are read.", no_args_is_help=True)


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files; by default all below RAW_DIR.")] = None,
    *,
    diff: Annotated[
        Path | None, typer.Option("--diff", help="Another delivery of the one FILE's supplier: what changed from FILE.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show for each file which mapping fits it, what it finds and what would be lost; writes nothing."""
    settings = load_settings()
    mappings = load_usable_mappings(settings.sources_dir)
    for broken in mappings.errors:
        fail(broken)
    if diff:
        _check_difference(files or [], diff, mappings, settings, as_json=as_json)
        return
    steps = _steps(settings)
    with track(files or list_all_files(settings), "files") as paths:
        checks = [checked for path in paths for checked in check_file(path, mappings, steps)]
    if as_json:
        print_json([checked._asdict() for checked in checks])
    else:
        for checked in checks:
            _show(checked)
    if not checks:
        err.print("no files")
    if not checks or mappings.errors or any(checked.error for checked in checks):
        raise typer.Exit(1)


def _check_difference(files: list[Path], newer: Path, mappings: Mappings, settings: Settings, *, as_json: bool) -> None:
    """Print what changed between two deliveries."""
    if len(files) != 1:
        raise SettingsError(f"--diff compares with one FILE, not with {len(files)}")
    changes = compare_deliveries(*(_deliver(file, mappings, settings) for file in (files[0], newer)))
    if as_json:
        print_json([change._asdict() for change in changes])
    elif changes:
        print_table("Changes", [change._asdict() for change in changes])
    else:
        out.print("the same headings, units, intervals, codes and numbers of rows", highlight=False)


def _deliver(file: Path, mappings: Mappings, settings: Settings) -> Delivery:
    """Look at a file twice: at its tables as anybody sees them, and at its readings where a mapping takes it."""
    with open_files(file, _steps(settings).unpack) as opened:
        sheets = _look(_first(opened).path, settings).sheets
    tables = [table for sheet in sheets for table in find_tables(sheet)]
    return Delivery(tables, check_file(file, mappings, _steps(settings))[0])


def _look(path: Path, settings: Settings) -> Looked:
    """Look at a file as anybody sees it, without a mapping."""
    if (kind := kind_of(path, settings)) in {Kind.XML, Kind.JSON}:
        return look_at_nodes(parse_nodes(path, kind, settings), kind)
    sheets = [Sheet(sheet, [*rows]) for sheet, rows in peek(path, settings)]
    return look_at_text(sheets, peek_lines(path, settings))


def _first(opened: OpenFiles) -> OpenFile:
    """Return the file, or the first one of an archive."""
    first = opened.files[0]
    if broken := opened.broken.get(first.source_file):
        raise broken
    return first


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="A file that no mapping fits; of an archive the first file in it.")],
    *,
    name: Annotated[str, typer.Option("--name", help="Name of the mapping: letters a-z, digits, -.")] = "new-source",
) -> None:
    """Look at an unknown file and write a draft of its mapping, with guesses and questions as comments."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise SettingsError(f"--name {name!r}: must be letters a-z, digits and -")
    settings = load_settings()
    target = settings.sources_dir / f"{name}.yaml.draft"
    if target.exists() or target.with_suffix("").exists():
        raise SettingsError(f"{target.with_suffix('').name} or its draft exists already: choose another --name")
    with open_files(file, _steps(settings).unpack) as opened:
        first = _first(opened)
        looked = _look(first.path, settings)
        around = Surroundings(_usable_mappings(settings), _paths_at_hand(settings), settings.zone)
        draft = draft_mapping(name, first.relative_path.rpartition("/")[2], looked, around)
    LOCAL.write(target, draft.yaml.encode())
    for number, question in enumerate(draft.questions, start=1):
        out.print(f"{number}. {visible(question)}", markup=False, highlight=False, soft_wrap=True)
    out.print(
        f"{target}: answer each ???, rename the file to {target.with_suffix('').name}, then: dataops sources check "
        f"{shlex.quote(visible(file))}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _usable_mappings(settings: Settings) -> list[SourceMapping]:
    try:
        return load_usable_mappings(settings.sources_dir).usable
    except MappingError:
        return []  # this is the first one


def _paths_at_hand(settings: Settings) -> list[str]:
    """Return the paths of the files that are there, as mappings see them."""
    return [path_for_mappings(file) for file in list_all_files(settings)] if settings.raw_dir.is_dir() else []


def _steps(settings: Settings) -> Steps:
    """Introduce the steps that read and parse to the one that checks."""

    @contextmanager
    def open_file(file: Path, relative_path: str) -> Iterator[Unpacked]:
        found = FoundFile(file, relative_path, spell(str(file)), 0)
        with temporary_folder() as folder:
            yield unpack_in_place(found, folder / "members", settings)

    return Steps(
        unpack=open_file,
        read_tables=lambda file, mapping: read_tables(
            file.path, mapping, relative_path=file.relative_path, settings=settings
        ),
        find_fitting=lambda file, mappings: find_fitting(file.path, mappings, settings),
        parse=_parse,
        list_errors=partial(list_rejected, settings=settings),
    )


def _parse(schema: TableSchema, batch: Any, table: int) -> Any:  # noqa: ANN401 - Arrow tables pass through
    return without_flags(parse(schema, batch, table=table))


def _place(table: Preview) -> str:
    return f"sheet {table.sheet or '—'}; header in line {table.header_row}"


def _show_columns(table: Preview, listed: list[Preview]) -> None:
    """Show the columns of a table, unless another one, of those that are `listed`, has the same."""
    if same := next((other for other in listed if other.columns == table.columns), None):
        out.print(f"Columns: those of {_place(same)}", markup=False, highlight=False, soft_wrap=True)
        return
    listed.append(table)
    print_table("Columns", table.columns[:_MAX_COLUMNS_SHOWN])
    if (more := len(table.columns) - _MAX_COLUMNS_SHOWN) > 0:
        out.print(f"and {more} columns more: --json has them all", highlight=False)


def _show(checked: FileCheck) -> None:
    heading(visible(checked.file))
    if checked.error:
        # Its language is that of its readers: no word of another one before it.
        err.print(f"{visible(checked.file)}: {checked.error}", markup=False, highlight=False, soft_wrap=True)
    elif not checked.tables:
        out.print(f"mapping {checked.mapping}\n{FileRemark.NO_ROWS.value}", markup=False, highlight=False)
    listed: list[Preview] = []
    for table in checked.tables:
        shown = Preview(**table)
        out.print(
            f"mapping {checked.mapping}; {_place(shown)}; "
            f"{shown.rows} rows, {shown.readings} readings, {shown.unreadable} unreadable; "
            f"from {shown.first_time} to {shown.last_time} ({shown.time_zone})",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        for note in shown.notes:
            out.print(note, markup=False, highlight=False, soft_wrap=True)
        _show_columns(shown, listed)
        print_table("First readings", shown.first_readings)
        if shown.last_readings != shown.first_readings:
            print_table("Last readings", shown.last_readings)
        if shown.lost:
            print_table("Would be lost, with an example of each reason", shown.lost)
    if checked.lines:
        counts = ", ".join(f"{kind} {count}" for kind, count in checked.lines.items())
        out.print(f"lines: {counts}", markup=False, highlight=False, soft_wrap=True)
    for note in checked.notes:
        out.print(note, markup=False, highlight=False, soft_wrap=True)
