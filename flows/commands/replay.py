"""`dataops replay`: load once more what is loaded already."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import typer

from flows.commands.arguments import parse_date
from flows.commands.console import AsJson, failure_as_json, out, print_json
from flows.commands.replay_source import replay_source, run_replay
from flows.runtime.ending import run_cancellably
from flows.runtime.prefect_api import serving
from flows.runtime.warehouse import open_migrated
from schemas.errors import TerminalError
from schemas.settings import Settings, date_of_folder, load_settings
from schemas.source_files import day_and_path, spell, unspell
from tasks.ingest.find_files import find_raw_file
from tasks.operate.resolve_load_id import is_load_id, resolve_load_id
from tasks.operate.trace_readings import find_last_load
from tasks.warehouse.load_log import find_load
from tasks.warehouse.storage import LOCAL

What = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[FILE|LOAD_ID|FROM TO]",
        help="A file below RAW_DIR, or a load; with --source the first and the last day, by default all.",
    ),
]
OfDay = Annotated[Any, typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="All files of a day.")]
FromStage = Annotated[
    bool, typer.Option("--from-stage", help="Load the rows that stage has of the load; the file may be gone.")
]
OfSource = Annotated[
    str | None,
    typer.Option(
        "--source", metavar="NAME", help="All files of a source that its mapping, edited since, would read otherwise."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="With --source: say what would change, and change nothing.")]

_NAME_ONE = "name either a file, a load_id, --date, or --source"


class _Selection(NamedTuple):
    """What to replay: files of a day (None: all of them), or a load from stage."""

    date: dt.date
    only: list[str] | None
    from_stage: UUID | None


def replay(
    what: What = None,
    *,
    date: OfDay = None,
    source: OfSource = None,
    from_stage: FromStage = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Load a file, a load, a day, or what an edited mapping would read otherwise, though it is loaded already."""
    named = what or []
    if source is not None:
        if date or from_stage or len(named) not in (0, 2):
            raise TerminalError("--source goes with two days, the first and the last, or with none")
        replay_source(source, _span(named), dry_run=dry_run, as_json=as_json)
        return
    if len(named) + (date is not None) != 1:
        raise TerminalError(_NAME_ONE)
    if dry_run:
        raise TerminalError("--dry-run goes with --source")
    settings = load_settings()
    selection = asyncio.run(_select(named[0] if named else None, date, settings, from_stage=from_stage))
    with failure_as_json(as_json=as_json), serving(settings):
        summary = run_cancellably(run_replay(date=selection.date, only=selection.only, from_stage=selection.from_stage))
    if as_json:
        print_json(summary.model_dump())
    else:
        out.print(str(summary), highlight=False, soft_wrap=True)


def _span(named: Sequence[str]) -> tuple[dt.date, dt.date] | None:
    if not named:
        return None
    first, last = map(parse_date, named)
    if last < first:
        raise TerminalError(f"the last day {last} is before the first {first}")
    return first, last


async def _select(
    file_or_load: str | None, date: dt.date | None, settings: Settings, *, from_stage: bool
) -> _Selection:
    if file_or_load and _is_load(file_or_load):
        return await _select_load(file_or_load, settings, from_stage=from_stage)
    if from_stage:
        raise TerminalError("--from-stage needs a load_id: dataops status shows them")
    if file_or_load:
        day, path = _below_raw_dir(Path(file_or_load).resolve(), settings)
        if find_raw_file(f"{day}/{path}", settings) is None:
            raise await _file_is_gone(f"{day}/{path}", settings)
        return _Selection(day, [path], None)
    if date is None:
        raise TerminalError(_NAME_ONE)
    if not any(LOCAL.list_files(settings.day_folder(date))):
        raise TerminalError(
            f"there are no files in {settings.day_folder(date)}; what was loaded from there is in stage: "
            "dataops replay LOAD_ID --from-stage, dataops status shows the ids"
        )
    return _Selection(date, None, None)


def _is_load(text: str) -> bool:
    return is_load_id(text) and not Path(text).exists()


async def _select_load(text: str, settings: Settings, *, from_stage: bool) -> _Selection:
    """Find the day and the path, below its folder, of the file that a load has read."""
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        load_id = await resolve_load_id(connection, text, settings)
        load = await find_load(connection, load_id, settings)
    if load is None:
        raise TerminalError(f"there is no load {load_id}: dataops status lists the last ones")
    if "/" not in load.source_file:
        raise TerminalError(f"{load.source_file!r} lies outside any day's folder: move it into the folder of its day")
    if not from_stage:
        _check_file(load_id, load.source_file, load.checksum, settings)
    return _Selection(load.business_date, [day_and_path(load.source_file)[1]], load_id if from_stage else None)


def _check_file(load_id: UUID, source_file: str, checksum: str | None, settings: Settings) -> None:
    """Make sure that a load's file is still the one that was loaded.

    Raises:
        TerminalError: it is gone, or has changed; offers its rows in stage.

    """
    offer = f"its rows are in stage: dataops replay {load_id} --from-stage"
    if find_raw_file(source_file, settings) is None:
        raise TerminalError(f"the file {source_file!r} is gone from RAW_DIR; {offer}")
    day, path = day_and_path(source_file)
    file = settings.day_folder(day) / unspell(path)
    if file.is_file() and checksum and LOCAL.checksum(file) != checksum:
        raise TerminalError(
            f"the file {source_file!r} is not the one that was loaded; {offer}; or load it as it is now: dataops run"
        )


async def _file_is_gone(source_file: str, settings: Settings) -> TerminalError:
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        load_id = await find_last_load(connection, source_file, settings)
    if load_id is None:
        return TerminalError(f"there is no file {source_file!r} in RAW_DIR, and it was never loaded")
    return TerminalError(
        f"the file {source_file!r} is gone from RAW_DIR; its rows are in stage: dataops replay {load_id} --from-stage"
    )


def _below_raw_dir(file: Path, settings: Settings) -> tuple[dt.date, str]:
    for folder in file.parents:
        day = date_of_folder(folder)
        if day and folder == settings.day_folder(day).resolve():
            return day, spell(file.relative_to(folder).as_posix())
    raise TerminalError(f"{str(file)!r} is not in a YYYY-MM-DD folder of RAW_DIR={settings.raw_dir}")
