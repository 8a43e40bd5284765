"""`dataops replay`, `rollback`, `revisions`, `trace`: going back, and who wrote what."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import typer

from flows.commands.console import AsJson, failure_as_json, out, print_json, print_table
from flows.commands.run import parse_date, result_of
from flows.replay import replay as replay_flow
from flows.rollback import rollback as rollback_flow
from flows.runtime.prefect_api import serving
from flows.runtime.warehouse import open_migrated, open_warehouse
from schemas.errors import TerminalError
from schemas.metrics import METRICS
from schemas.settings import Settings, date_of_folder, load_settings
from schemas.source_files import day_and_path
from tasks.ingest.find_files import find_raw_file
from tasks.load.rollback_load import RolledBack, rollback_load
from tasks.operate.trace_readings import find_last_load, list_revisions, trace_reading
from tasks.report.summarise_run import RunSummary
from tasks.warehouse.load_log import find_load
from tasks.warehouse.storage import LOCAL

LoadId = Annotated[UUID, typer.Argument(help="A load_id, as dataops status --json and the load log show it.")]
What = Annotated[str | None, typer.Argument(metavar="[FILE|LOAD_ID]", help="A file below RAW_DIR, or a load.")]
OfDay = Annotated[Any, typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="All files of a day.")]
FromStage = Annotated[
    bool, typer.Option("--from-stage", help="Load the rows that stage has of the load; the file may be gone.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
MeterOption = Annotated[str, typer.Option("--meter", help="The meter's code.")]
Since = Annotated[dt.date, typer.Option("--from", parser=parse_date, metavar="YYYY-MM-DD", help="First local day.")]
Until = Annotated[dt.date, typer.Option("--to", parser=parse_date, metavar="YYYY-MM-DD", help="Last local day.")]

_LINEAGE = ("time", "meter_code", "metric", "value", "quality", "source_file", "sheet", "cell", "loaded_at", "load_id")
_REVISIONS = ("time", "metric", "old_value", "new_value", "replaced_at", "change", "old_file", "source_file", "cell")


def parse_time(text: str) -> dt.datetime:
    """Read a moment as people type it; without an offset it is local time.

    Raises:
        typer.BadParameter: the text is no ISO time.

    """
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time: write it as '2025-04-30 05:00'") from None


Moment = Annotated[
    dt.datetime, typer.Argument(parser=parse_time, metavar="TIME", help="Start of the hour, local time.")
]


def replay(what: What = None, *, date: OfDay = None, from_stage: FromStage = False, as_json: AsJson = False) -> None:
    """Load a file, a load or a whole day once more, though it is loaded already."""
    if what is not None and date is not None:
        raise TerminalError("name either a file, a load_id, or --date")
    settings = load_settings()
    chosen = asyncio.run(_choose(what, date, settings, from_stage=from_stage))
    with failure_as_json(as_json=as_json), serving(settings):
        summary = asyncio.run(_replay(chosen))
    if as_json:
        print_json(summary.model_dump())
    else:
        out.print(str(summary), highlight=False, soft_wrap=True)


class _Chosen(NamedTuple):
    """What to replay: files of a day (None: all of them), or a load from stage."""

    date: dt.date
    only: list[str] | None
    from_stage: UUID | None


async def _choose(what: str | None, date: dt.date | None, settings: Settings, *, from_stage: bool) -> _Chosen:
    load_id = _as_uuid(what)
    if from_stage and load_id is None:
        raise TerminalError("--from-stage needs a load_id: dataops status --json shows them")
    if load_id is not None:
        day, path = await _file_of(load_id, settings, must_exist=not from_stage)
        return _Chosen(day, [path], load_id if from_stage else None)
    if what is not None:
        day, path = _below_raw_dir(Path(what).resolve(), settings)
        if find_raw_file(f"{day}/{path}", settings) is None:
            raise await _file_is_gone(f"{day}/{path}", settings)
        return _Chosen(day, [path], None)
    if date is None:
        raise TerminalError("name either a file, a load_id, or --date")
    if not any(settings.day_folder(date).rglob("*")):
        raise TerminalError(
            f"there are no files in {settings.day_folder(date)}; what was loaded from there is in stage: "
            "dataops replay LOAD_ID --from-stage, dataops status --json shows the ids"
        )
    return _Chosen(date, None, None)


async def _replay(chosen: _Chosen) -> RunSummary:
    return await result_of(await replay_flow(*chosen, return_state=True), RunSummary)


def _as_uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


async def _file_of(load_id: UUID, settings: Settings, *, must_exist: bool) -> tuple[dt.date, str]:
    """Find the day and the path, below its folder, of the file that a load has read."""
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        load = await find_load(connection, load_id, settings)
    if load is None:
        raise TerminalError(f"there is no load {load_id}: dataops status lists the last ones")
    day, path = day_and_path(load.source_file)
    folder = settings.day_folder(day)
    if must_exist:
        offer = f"its rows are in stage: dataops replay {load_id} --from-stage"
        if find_raw_file(load.source_file, settings) is None:
            raise TerminalError(f"the file {load.source_file!r} is gone from RAW_DIR; {offer}")
        if (folder / path).is_file() and load.checksum and LOCAL.checksum(folder / path) != load.checksum:
            raise TerminalError(
                f"the file {load.source_file!r} is not the one that was loaded; {offer}; "
                "or load it as it is now: dataops run"
            )
    return load.business_date, path


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
            return day, file.relative_to(folder).as_posix()
    raise TerminalError(f"{str(file)!r} lies in no YYYY-MM-DD folder of RAW_DIR={settings.raw_dir}")


def rollback(load_id: LoadId, *, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Take a load back: core is as if it had never been, but for readings that a later load rewrote."""
    settings = load_settings()
    if dry_run:
        done = asyncio.run(_try_rollback(load_id, settings))
    else:
        with serving(settings):
            done = asyncio.run(_rollback(load_id))
    if as_json:
        print_json(done._asdict())
        return
    out.print(
        f"{'would roll back' if dry_run else 'rolled back'}: {done.removed} readings removed, "
        f"{done.restored} restored to the value before, {done.unchanged} held with the same value by another load, "
        f"{done.rewritten} left as a later load rewrote them",
        highlight=False,
        soft_wrap=True,
    )
    if len(done.loads) > 1:
        others = ", ".join(str(one) for one in done.loads if one != load_id)
        out.print(f"with it the loads of its waiting rows: {others}", highlight=False, soft_wrap=True)


async def _try_rollback(load_id: UUID, settings: Settings) -> RolledBack:
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        return await rollback_load(connection, load_id, settings, dry_run=True)


async def _rollback(load_id: UUID) -> RolledBack:
    return await result_of(await rollback_flow(load_id, return_state=True), RolledBack)


def revisions(*, meter: MeterOption, since: Since, until: Until, as_json: AsJson = False) -> None:
    """Show who changed which reading of a meter, when, from what file and cell."""
    settings = load_settings()
    start = dt.datetime.combine(since, dt.time(), settings.zone)
    end = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(), settings.zone)
    found = asyncio.run(_revisions(meter, start, end, settings))
    if as_json:
        print_json(found)
    elif not found:
        out.print(f"no reading of {meter!r} was ever replaced from {since} to {until}", highlight=False)
    else:
        print_table(f"Revisions of {meter}", [_local(row, settings) for row in found], _REVISIONS)


async def _revisions(meter: str, since: dt.datetime, until: dt.datetime, settings: Settings) -> list[dict[str, Any]]:
    warehouse = await open_warehouse(settings)
    async with warehouse.connect() as connection:
        return await list_revisions(connection, meter, since, until, settings)


def trace(
    meter: Annotated[str, typer.Argument(help="The meter's code.")],
    time: Moment,
    metric: Annotated[str, typer.Argument(help=f"One of {', '.join(METRICS)}.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show file, sheet, row and cell that a reading in core came from, and what it was before."""
    if metric not in METRICS:
        raise TerminalError(f"{metric!r} is no metric: one of {', '.join(METRICS)}")
    settings = load_settings()
    moment = time if time.tzinfo else time.replace(tzinfo=settings.zone)
    readings, changes = asyncio.run(_trace(meter, moment, metric, settings))
    if as_json:
        print_json({"reading": readings[0] if readings else None, "revisions": changes})
    else:
        print_table("Reading", [_local(row, settings) for row in readings], _LINEAGE)
        for row in readings:
            out.print(f"source row: {row['payload']}", markup=False, highlight=False, soft_wrap=True)
        print_table("Revisions", [_local(row, settings) for row in changes], _REVISIONS)
    if not readings:
        raise TerminalError(
            f"core has no reading {metric} of {meter!r} at {moment.isoformat(sep=' ')}; "
            f"if it was rejected: dataops errors --meter {meter!r}"
        )


async def _trace(
    meter: str, moment: dt.datetime, metric: str, settings: Settings
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    warehouse = await open_warehouse(settings)
    async with warehouse.connect() as connection:
        readings = await trace_reading(connection, meter, moment, metric, settings)
        second = dt.timedelta(microseconds=1)
        return readings, await list_revisions(connection, meter, moment, moment + second, settings, metric=metric)


def _local(row: dict[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        name: f"{value.astimezone(settings.zone):%Y-%m-%d %H:%M}" if isinstance(value, dt.datetime) else value
        for name, value in row.items()
    }
