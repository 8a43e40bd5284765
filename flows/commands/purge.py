"""`dataops purge`: delete what has been kept long enough and is no longer needed."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from typing import Annotated

import typer

from flows.commands.console import AsJson, out, print_json, print_table
from flows.runtime.warehouse import open_migrated
from schemas.settings import Settings, load_settings
from schemas.source_files import day_and_path, spell
from tasks.ingest.find_files import find_raw_file
from tasks.operate.purge_artifacts import purge_reports, purge_run_logs
from tasks.operate.purge_stage import OldLoad, find_old_loads, purge_loads
from tasks.warehouse.batches import batch_by_size
from tasks.warehouse.storage import LOCAL

_ROWS = ("raw rows", "parsed rows", "row errors")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")]


def purge(*, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Delete stage rows, resolved row errors, run logs and reports older than KEEP_…_DAYS.

    Kept whatever their age: rows with an open error, and stage rows of a load whose file is gone from
    RAW_DIR. If a setting is unset, nothing of its kind is deleted.
    """
    settings, now = load_settings(), dt.datetime.now(dt.UTC)
    done: dict[str, int] = {}
    if settings.keep_stage_days:
        done |= asyncio.run(purge_stage(settings, now - dt.timedelta(days=settings.keep_stage_days), dry_run=dry_run))
    if settings.keep_logs_days:
        before = (now - dt.timedelta(days=settings.keep_logs_days)).timestamp()
        done["run logs"] = len(purge_run_logs(settings, before=before, dry_run=dry_run))
    if settings.keep_reports_days:
        before = (now - dt.timedelta(days=settings.keep_reports_days)).timestamp()
        done["reports"] = len(purge_reports(settings, before=before, dry_run=dry_run))
    if as_json:
        print_json({name.replace(" ", "_"): count for name, count in done.items()} | {"dry_run": dry_run})
    elif done:
        title = "Would be deleted" if dry_run else "Deleted"
        print_table(title, [{"what": name, "count": count} for name, count in done.items()])
    else:
        out.print("nothing to purge: KEEP_STAGE_DAYS, KEEP_LOGS_DAYS and KEEP_REPORTS_DAYS are unset", soft_wrap=True)


async def purge_stage(settings: Settings, before: dt.datetime, *, dry_run: bool) -> dict[str, int]:
    """Purge the loads that ended before a timestamp, page by page; return what was deleted and what was kept."""
    warehouse = await open_migrated(settings)
    done = Counter(dict.fromkeys(("loads", "loads kept as only copy", *_ROWS), 0))
    async with warehouse.connect() as connection:
        page = await find_old_loads(connection, before, None, settings)
        while page:
            loads = [load for load in page if not load.must_have_file or _has_file(load, settings)]
            for batch in batch_by_size(loads, rows=lambda load: load.rows):
                purged = await purge_loads(connection, batch, before, settings, dry_run=dry_run)
                done.update(dict(zip(_ROWS, purged, strict=True)))
            done["loads"] += len(loads)
            done["loads kept as only copy"] += len(page) - len(loads)
            page = await find_old_loads(connection, before, page[-1].load_id, settings)
    return dict(done)


def _has_file(load: OldLoad, settings: Settings) -> bool:
    """Return True if the load's file is still there; by its size: checksums of years would take hours."""
    file = find_raw_file(load.source_file, settings)
    is_itself = file is not None and spell(file.as_posix()).endswith(day_and_path(load.source_file)[1])
    stat = LOCAL.stat(file) if file else None
    return stat is not None and (not is_itself or stat.size_bytes == load.size_bytes)
