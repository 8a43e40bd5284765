"""`dataops sources`: which mapping takes a file, and what it finds in it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from flows.commands.console import AsJson, err, heading, out, print_json, print_table, visible
from schemas.errors import DataopsError, FileError, SettingsError
from schemas.mappings import SourceMapping, load_mappings, match_mapping
from schemas.settings import Settings, date_of_folder, load_settings
from tasks.draft_mapping import Sheet, Times, draft_mapping
from tasks.judge_readings import parse
from tasks.judge_readings.times import Times as Clock
from tasks.judge_readings.times import read_hour, read_moment
from tasks.preview_readings import Preview, summarise
from tasks.read_files import peek, read_tables

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
    found = [_check(file, mappings, settings) for file in files or _all_files(settings)]
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
    file: Annotated[Path, typer.Argument(help="A file that no mapping takes.")],
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
    if not file.is_file():
        raise FileError(f"there is no file {str(file)!r}")
    sheets = [Sheet(sheet, [*rows]) for sheet, rows in peek(file, settings)]
    target.write_text(draft_mapping(name, file.name, sheets, _TIMES), encoding="utf-8")
    out.print(
        f"{target}: answer each ???, rename the file to {target.with_suffix('').name}, then: dataops sources check "
        f"{visible(file)}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _reads(read: Callable[..., object], *arguments: object) -> Callable[[str], bool]:
    def can_read(text: str) -> bool:
        try:
            read(text, *arguments)
        except ValueError:
            return False
        return True

    return can_read


_TIMES = Times(
    is_date=lambda text: _reads(read_moment)(text) and read_moment(text).time() == dt.time(),
    is_moment=_reads(read_moment),
    is_hour=_reads(read_hour, Clock(ZoneInfo("UTC"), dt.timedelta(hours=1), "end")),
)


def _all_files(settings: Settings) -> list[Path]:
    return sorted(
        path
        for pattern in settings.file_patterns
        for path in settings.raw_dir.rglob(pattern)
        if not path.name.startswith(("~$", "."))
    )


def _check(file: Path, mappings: list[SourceMapping], settings: Settings) -> dict[str, Any]:
    relative = _below_day_folder(file.resolve())
    found: dict[str, Any] = {"file": str(file), "mapping": None, "tables": [], "error": None}
    try:
        mapping = match_mapping(mappings, relative)
        found["mapping"] = mapping.name
        for table in read_tables(file, mapping, relative_path=relative, settings=settings):
            found["tables"].append(
                summarise(table.layout, (parse(table.layout, batch) for batch in table.batches))._asdict()
            )
    except (DataopsError, OSError) as error:
        found["error"] = str(error)
    return found


def _below_day_folder(file: Path) -> str:
    """Give the path that mappings see: below the folder that is named after a day, else the bare name."""
    day = next((parent for parent in file.parents if date_of_folder(parent)), file.parent)
    return file.relative_to(day).as_posix()


def _show(file: dict[str, Any]) -> None:
    heading(visible(file["file"]))
    if file["error"]:
        err.print(f"error: {file['error']}", markup=False, highlight=False, soft_wrap=True)
        return
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
