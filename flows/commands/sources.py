"""`dataops sources`: which mapping takes a file, and what it finds in it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

import typer

from flows.commands.console import AsJson, err, heading, out, print_json, print_table, visible
from schemas.errors import DataopsError, FileError, SettingsError
from schemas.mappings import SourceMapping, load_mappings, match_mapping
from schemas.problems import FileProblem
from schemas.settings import Settings, date_of_folder, load_settings
from schemas.table_schema import TableSchema
from tasks.ingest.find_files import is_wanted, raw_file
from tasks.ingest.ingest_files import unpack
from tasks.ingest.read_tables import peek, read_tables
from tasks.sources.draft_mapping import Sheet, Times, draft_mapping
from tasks.sources.preview_readings import Part, Preview, summarise
from tasks.validate.parse_readings import parse
from tasks.validate.parse_times import Times as Clock
from tasks.validate.parse_times import read_hour, read_timestamp
from tasks.validate.row_errors import list_unreadable

app = typer.Typer(help="Source mappings: which files are taken and how they are read.", no_args_is_help=True)


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files; by default all below RAW_DIR.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show for each file which mapping takes it, what it finds and the first rows as readings; writes nothing."""
    settings = load_settings()
    mappings = load_mappings(settings.sources_dir)
    found = [one for file in files or _all_files(settings) for one in _check(file, mappings, settings)]
    if as_json:
        print_json(found)
    else:
        for file in found:
            _show(file)
    if not found:
        err.print("no files")
    if not found or any(file["error"] for file in found):
        raise typer.Exit(1)


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="A file that no mapping takes; of an archive the first file in it.")],
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
    with _opened(file, settings) as (first, *_):
        if first.broken:
            raise first.broken
        sheets = [Sheet(sheet, [*rows]) for sheet, rows in peek(first.path, settings)]
        draft = draft_mapping(name, first.relative_path.rpartition("/")[2], sheets, TIMES)
    target.write_text(draft, encoding="utf-8")
    out.print(
        f"{target}: answer each ???, rename the file to {target.with_suffix('').name}, then: dataops sources check "
        f"{visible(file)}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _moment(text: str) -> dt.datetime | None:
    try:
        return read_timestamp(text).replace(tzinfo=None)
    except ValueError:
        return None


def _is_hour(text: str) -> bool:
    try:
        read_hour(text, Clock(ZoneInfo("UTC"), dt.timedelta(hours=1), "end"))
    except ValueError:
        return False
    return True


TIMES = Times(_moment, _is_hour)


class _Opened(NamedTuple):
    """A file to look at: itself, or one out of an archive."""

    shown_as: str
    path: Path
    relative_path: str
    broken: FileError | None


@contextmanager
def _opened(file: Path, settings: Settings) -> Iterator[list[_Opened]]:
    if not file.is_file():
        raise FileError(FileProblem.OTHER, text=f"there is no file {str(file)!r}")
    relative = _below_day_folder(file.resolve())
    with unpack(raw_file(file, relative_path=relative, source_file=str(file)), settings) as unpacked:
        if not unpacked.files:
            names = ", ".join(unpacked.left_out)[:300]
            raise FileError(FileProblem.OTHER, text=f"в архиве нет файлов по FILE_PATTERNS, есть: {names}")
        yield [
            _Opened(member.source_file, member.path, member.relative_path, unpacked.broken.get(member.source_file))
            for member in unpacked.files
        ]


def _all_files(settings: Settings) -> list[Path]:
    return sorted(path for path in settings.raw_dir.rglob("*") if path.is_file() and is_wanted(path.name, settings))


def _check(file: Path, mappings: list[SourceMapping], settings: Settings) -> list[dict[str, Any]]:
    try:
        with _opened(file, settings) as parts:
            return [_check_one(part, mappings, settings) for part in parts]
    except (DataopsError, OSError) as error:
        return [{"file": str(file), "mapping": None, "tables": [], "error": str(error)}]


def _check_one(file: _Opened, mappings: list[SourceMapping], settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = {"file": file.shown_as, "mapping": None, "tables": [], "error": None}
    try:
        if file.broken:
            raise file.broken
        mapping = match_mapping(mappings, file.relative_path)
        found["mapping"] = mapping.name
        for table in read_tables(file.path, mapping, relative_path=file.relative_path, settings=settings):
            parts = (Part(batch, *_judged(table.schema, batch)) for batch in table.batches)
            found["tables"].append(summarise(table.schema, parts)._asdict())
    except (DataopsError, OSError) as error:
        found["error"] = str(error)
    return found


def _judged(layout: TableSchema, batch: Any) -> tuple[Any, Any]:  # noqa: ANN401 - Arrow tables pass through
    parsed = parse(layout, batch)
    return parsed, list_unreadable(layout, parsed)


def _below_day_folder(file: Path) -> str:
    """Give the path that mappings see: below the folder that is named after a day, else the bare name."""
    day = next((parent for parent in file.parents if date_of_folder(parent)), file.parent)
    return file.relative_to(day).as_posix()


def _show(file: dict[str, Any]) -> None:
    heading(visible(file["file"]))
    if file["error"]:
        err.print(f"error: {file['error']}", markup=False, highlight=False, soft_wrap=True)
        return
    if not file["tables"]:
        out.print(f"mapping {file['mapping']}; в файле нет ни одной строки с данными", markup=False, highlight=False)
    for table in file["tables"]:
        shown = Preview(**table)
        out.print(
            f"mapping {file['mapping']}; sheet {shown.sheet or '—'}; header in line {shown.header_row}; "
            f"{shown.rows} rows, {shown.readings} readings, {shown.unreadable} unreadable; "
            f"from {shown.first_time} to {shown.last_time} ({shown.time_zone})",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        for note in shown.notes:
            out.print(note, markup=False, highlight=False, soft_wrap=True)
        print_table("Columns", shown.columns)
        print_table("First readings", shown.first_readings)
        if shown.first_problems:
            print_table("First of the unreadable", shown.first_problems)
