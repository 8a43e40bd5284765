"""`dataops replay --source`: load again what an edited mapping, or changed rules, would read otherwise."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

from flows.commands.console import failure_as_json, out, print_json, print_table
from flows.commands.flow_results import result_of
from flows.commands.preview_replay import Preview, preview_replay
from flows.runtime.ending import run_cancellably
from flows.runtime.prefect_api import serving
from flows.runtime.warehouse import open_migrated
from schemas.errors import RunFailedError, TerminalError
from schemas.mappings import SourceMapping, load_usable_mappings
from schemas.settings import Settings, load_settings
from tasks.load.list_changes import Change, LoadResult
from tasks.operate.outdated_loads import OutdatedLoad, find_outdated_loads, has_loads_of
from tasks.report.summarise_run import RunSummary

_MAX_FILES_SHOWN = 50


def replay_source(source: str, days: tuple[dt.date, dt.date] | None, *, dry_run: bool, as_json: bool) -> None:
    """Replay the loads of a source that would be read otherwise today, day by day; or say what that would change."""
    settings = load_settings()
    loads = asyncio.run(_find(source, days, settings))
    if not loads:
        if as_json:
            print_json([])
        else:
            out.print(f"no load of {source} would be read otherwise", highlight=False, soft_wrap=True)
        return
    by_day = {day: [load.load_id for load in group] for day, group in groupby(loads, lambda load: load.business_date)}
    if dry_run:
        previews = asyncio.run(_preview(by_day, settings))
        _print_previews(previews, settings, as_json=as_json)
        return
    with failure_as_json(as_json=as_json), serving(settings):
        summaries = run_cancellably(_replay_days(by_day, as_json=as_json))
    if as_json:
        print_json([{"date": day, **summary.model_dump()} for day, summary in summaries.items()])


async def run_replay(**parameters: Any) -> RunSummary:
    """Run the flow."""
    from flows.replay import replay as replay_flow

    return await result_of(await replay_flow(**parameters, return_state=True), RunSummary)


async def _find(source: str, days: tuple[dt.date, dt.date] | None, settings: Settings) -> list[OutdatedLoad]:
    mappings = load_usable_mappings(settings.sources_dir)
    mapping = next((mapping for mapping in mappings.usable if mapping.name == source), None)
    if mapping is None and mappings.errors:
        raise TerminalError(f"mappings have errors, {source!r} may be one of them: {mappings.errors[0]}")
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        if mapping is None and not await has_loads_of(connection, source, settings):
            raise TerminalError(f"there is no source {source!r}: {_names(mappings.usable)}")
        return await find_outdated_loads(connection, source, mapping, days, settings)


def _names(mappings: list[SourceMapping]) -> str:
    return f"the mappings are {', '.join(mapping.name for mapping in mappings)}"


async def _replay_days(by_day: dict[dt.date, list[UUID]], *, as_json: bool) -> dict[dt.date, RunSummary]:
    """Replay day by day; one that fails in part does not keep the others from their turn.

    Raises:
        RunFailedError: names what failed, on whichever day.

    """
    summaries: dict[dt.date, RunSummary] = {}
    failures: list[RunFailedError] = []
    for day, load_ids in by_day.items():
        try:
            summaries[day] = await run_replay(date=day, in_place=load_ids)
        except RunFailedError as error:
            failures.append(error)
            if error.summary is None:
                raise
            summaries[day] = RunSummary(**error.summary)
        if not as_json:
            out.print(f"{day}: {summaries[day]}", highlight=False, soft_wrap=True)
    if failures:
        files = {name: why for error in failures for name, why in error.files.items()}
        raise RunFailedError.of(files, [step for error in failures for step in error.steps])
    return summaries


async def _preview(by_day: dict[dt.date, list[UUID]], settings: Settings) -> dict[dt.date, Preview]:
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        return {day: await preview_replay(connection, day, load_ids, settings) for day, load_ids in by_day.items()}


def _print_previews(previews: dict[dt.date, Preview], settings: Settings, *, as_json: bool) -> None:
    """Print what would change.

    Raises:
        RunFailedError: names the loads that cannot be replayed.

    """
    loads = [load for preview in previews.values() for load in preview.loads]
    if as_json:
        changes = {load_id: own for preview in previews.values() for load_id, own in preview.changes.items()}
        print_json([_as_record(load, changes.get(load.load_id, [])) for load in loads])
    else:
        print_table("What a replay would do: readings by file", [_as_line(load) for load in loads[:_MAX_FILES_SHOWN]])
        if (more := len(loads) - _MAX_FILES_SHOWN) > 0:
            out.print(f"and {more} files more: --json has them all", highlight=False)
        print_table("Readings by metric, and the first of each", _by_metric(previews.values(), settings))
        out.print("nothing is changed yet: without --dry-run it is", highlight=False)
    failed = {load.source_file: load.message or "" for load in loads if load.status == "failed"}
    failed |= {name: why for preview in previews.values() for name, why in preview.failed.items()}
    if failed:
        raise RunFailedError.of(failed)


def _as_line(load: LoadResult) -> dict[str, object]:
    return {
        "file": load.source_file,
        "status": load.status,
        "new": load.rows_inserted,
        "changed": load.rows_updated,
        "gone": load.rows_removed,
        "unchanged": load.rows_unchanged,
        "rejected": load.rows_rejected,
        "message": load.message,
    }


def _as_record(load: LoadResult, changes: Iterable[Change]) -> dict[str, object]:
    return {**_as_line(load), "changes": [change._asdict() for change in changes]}


def _by_metric(previews: Iterable[Preview], settings: Settings) -> list[dict[str, object]]:
    """Sum the changes of all loads up, with the first reading of each kind as an example."""
    totals: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Change] = {}
    for change in (change for preview in previews for own in preview.changes.values() for change in own):
        kind = change.metric, change.change
        totals[kind] += change.readings
        examples.setdefault(kind, change)
    return [
        {
            "metric": metric,
            "change": change,
            "readings": count,
            "meter": first.meter,
            "time": f"{first.time.astimezone(settings.zone):%Y-%m-%d %H:%M}",
            "before": first.old_value,
            "after": first.new_value,
        }
        for (metric, change), count in sorted(totals.items())
        for first in [examples[metric, change]]
    ]
