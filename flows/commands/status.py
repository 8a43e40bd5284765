"""`dataops status`: what was loaded, what is missing, what runs when."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, NamedTuple

import typer

from flows.commands.console import AsJson, log_lines, out, print_json, print_table
from flows.runtime.prefect_api import configured_api_url, require_answer, server_url_file
from flows.runtime.warehouse import open_migrated
from schemas.errors import DataopsError
from schemas.mappings import survey_mappings
from schemas.settings import Settings, load_settings
from tasks.operate.outdated_loads import OutdatedSource
from tasks.operate.show_status import ChangedColumns, Status, UnfinishedLoad, show_status
from tasks.warehouse.connection import display_name
from tasks.warehouse.migrate import StorageLayout, read_storage_layout


class _Schedule(NamedTuple):
    next_runs: list[dict[str, Any]]
    troubles: list[str]


Count = Annotated[int, typer.Option("--loads", min=1, max=1000, help="How many of the last loads.")]


def status(*, loads: Count = 20, as_json: AsJson = False) -> None:
    """Show the last loads, days with gaps, schedules, and the versions of database and extensions."""
    settings = load_settings()
    mapping_errors = [{"error": str(error)} for error in survey_mappings(settings.sources_dir).errors]
    place, found, layout, (schedules, troubles) = asyncio.run(_collect(settings, loads))
    if as_json:
        scheduled = {"schedules": schedules, "troubles": troubles, "mapping_errors": mapping_errors}
        print_json({"database": place} | found.model_dump() | {"layout": layout._asdict()} | scheduled)
        return
    print_table("Last loads", log_lines((line.model_dump() for line in found.last_loads), settings.zone))
    if found.unfinished_loads:
        print_table("Unfinished loads", [_unfinished_in_words(load, settings) for load in found.unfinished_loads])
    if found.held_loads:
        held = [load.model_dump(include={"source_file", "load_id", "message"}) for load in found.held_loads]
        print_table("Held loads: dataops release LOAD_ID", held)
    print_table("Days with gaps", [day.model_dump() for day in found.days_with_gaps])
    if found.changed_columns:
        print_table("Sources whose columns changed", [_in_words(change, settings) for change in found.changed_columns])
    if found.outdated_sources:
        print_table(
            "Loads that would be read otherwise today: dataops replay --source NAME --dry-run",
            [_outdated_in_words(source) for source in found.outdated_sources],
        )
    if mapping_errors:
        print_table("Mappings with an error: the files that they could take wait", mapping_errors)
    print_table("Next scheduled runs", schedules)
    if troubles:
        print_table("Troubles: dataops up starts what is missing", [{"trouble": trouble} for trouble in troubles])
    extensions = ", ".join(f"{name} {version}" for name, version in found.extensions.items())
    out.print(
        f"{place}: version {found.server_version} ({extensions}); {'; '.join(_storage_in_words(layout))}; "
        f"{found.days_waiting_for_features} building-days wait for features; "
        f"{found.row_errors_open} open row errors{_silent_in_words(found)}",
        highlight=False,
        soft_wrap=True,
    )


def _silent_in_words(found: Status) -> str:
    if not found.meters_silent:
        return ""
    more = "…" if found.meters_silent > len(found.silent_examples) else ""
    return f"; {found.meters_silent} meters silent for a week: {', '.join(found.silent_examples)}{more}"


def _unfinished_in_words(load: UnfinishedLoad, settings: Settings) -> dict[str, object]:
    retry = f"interrupted: dataops run --date {load.business_date} loads it"
    return {
        "started": f"{load.started_at.astimezone(settings.zone):%d.%m %H:%M}",
        "file": load.source_file,
        "load_id": load.load_id,
        "state": "a run is loading it" if load.is_under_way else retry,
    }


def _in_words(change: ChangedColumns, settings: Settings) -> dict[str, object]:
    return {
        "source": change.source,
        "since": f"{change.since.astimezone(settings.zone):%d.%m %H:%M}",
        "file": change.source_file,
        "added": ", ".join(change.added) or "—",
        "removed": ", ".join(change.removed) or "—",
    }


def _outdated_in_words(source: OutdatedSource) -> dict[str, object]:
    return {
        "source": source.source,
        "loads": source.loads,
        "from": source.first_day,
        "to": source.last_day,
        "because": "the mapping has changed" if source.mapping_changed else "metrics, units or settings have changed",
    }


def _storage_in_words(layout: StorageLayout) -> list[str]:
    width = f" with chunks of {layout.chunk_days:g} days" if layout.chunk_days else ""
    return [
        f"core.measurements is a {layout.measurements}{width}",
        f"meter_hourly and meter_daily are {layout.aggregates}",
        f"columnstore {f'after {layout.compress_after}' if layout.compress_after else 'off'}",
        f"retention {f'after {layout.drop_after}' if layout.drop_after else 'off'}",
        *layout.hints,
    ]


async def _collect(settings: Settings, loads: int) -> tuple[str, Status, StorageLayout, _Schedule]:
    warehouse = await open_migrated(settings)
    place = display_name(warehouse.dsn)
    async with warehouse.connect() as connection:
        found = await show_status(connection, settings, loads=loads)
        return place, found, await read_storage_layout(connection, settings), await _schedules(settings)


async def _schedules(settings: Settings) -> _Schedule:
    """Ask the Prefect server for the next runs; there are none where no server is configured."""
    if not (url := configured_api_url()):
        ended = server_url_file(settings).exists()
        return _Schedule([], ["the Prefect server of dataops up has ended"] if ended else [])
    try:
        await asyncio.to_thread(require_answer, url)
    except DataopsError as error:
        return _Schedule([], [str(error)])
    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateName
    from prefect.client.schemas.sorting import FlowRunSort

    from flows.runtime.run_health import find_troubles

    scheduled = FlowRunFilter(state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Scheduled"])))
    async with get_client() as client:
        runs = await client.read_flow_runs(flow_run_filter=scheduled, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=5)
    next_runs = [
        {"run": run.name, "at": f"{run.expected_start_time.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}"}
        for run in runs
        if run.expected_start_time
    ]
    return _Schedule(next_runs, await find_troubles(settings.zone))
