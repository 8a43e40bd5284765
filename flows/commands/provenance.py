"""`dataops revisions` and `dataops trace`: who wrote which reading, and from what cell."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from flows.commands.arguments import parse_date, parse_time
from flows.commands.console import AsJson, out, print_json, print_table
from flows.runtime.warehouse import open_warehouse
from schemas.errors import TerminalError
from schemas.metrics import METRICS
from schemas.settings import Settings, load_settings
from tasks.operate.trace_readings import list_revisions, require_meter, trace_reading

MeterOption = Annotated[str, typer.Option("--meter", help="The meter's code.")]
Since = Annotated[dt.date, typer.Option("--from", parser=parse_date, metavar="YYYY-MM-DD", help="First local day.")]
Until = Annotated[dt.date, typer.Option("--to", parser=parse_date, metavar="YYYY-MM-DD", help="Last local day.")]
Time = Annotated[dt.datetime, typer.Argument(parser=parse_time, metavar="TIME", help="Start of the hour, local time.")]

_LINEAGE = ("time", "meter_code", "metric", "value", "quality", "source_file", "sheet", "cell", "loaded_at", "load_id")
_REVISIONS = ("time", "metric", "old_value", "new_value", "replaced_at", "change", "old_file", "source_file", "cell")
_QUALITIES = ("old_quality", "new_quality")
_INSTANT = dt.timedelta(microseconds=1)


def revisions(*, meter: MeterOption, since: Since, until: Until, as_json: AsJson = False) -> None:
    """Show who changed which reading of a meter, when, from what file and cell."""
    if until < since:
        raise TerminalError(f"the last day {until} is before the first {since}")
    settings = load_settings()
    start = dt.datetime.combine(since, dt.time(), settings.zone)
    end = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(), settings.zone)
    found = asyncio.run(_revisions(meter, start, end, settings))
    if as_json:
        print_json(found)
    elif not found:
        out.print(f"no reading of {meter!r} was ever replaced from {since} to {until}", highlight=False)
    else:
        print_table(f"Revisions of {meter}", [_local(row, settings) for row in found], revision_columns(found))


async def _revisions(meter: str, since: dt.datetime, until: dt.datetime, settings: Settings) -> list[dict[str, Any]]:
    warehouse = await open_warehouse(settings)
    async with warehouse.connect() as connection:
        await require_meter(connection, meter, settings)
        return await list_revisions(connection, meter, since, until, settings)


def trace(
    meter: Annotated[str, typer.Argument(help="The meter's code.")],
    time: Time,
    metric: Annotated[str, typer.Argument(help=f"One of {', '.join(METRICS)}.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show file, sheet, row and cell that a reading in core came from, and what it was before."""
    if metric not in METRICS:
        raise TerminalError(f"{metric!r} is not a metric: one of {', '.join(METRICS)}")
    settings = load_settings()
    timestamp = time if time.tzinfo else time.replace(tzinfo=settings.zone)
    readings, changes = asyncio.run(_trace(meter, timestamp, metric, settings))
    if as_json:
        print_json({"reading": readings[0] if readings else None, "revisions": changes})
    elif readings or changes:
        print_table("Reading", [_local(row, settings) for row in readings], _LINEAGE)
        for row in readings:
            out.print(f"source row: {row['payload']}", markup=False, highlight=False, soft_wrap=True)
        print_table("Revisions", [_local(row, settings) for row in changes], revision_columns(changes))
    if not readings:
        raise TerminalError(
            f"core has no reading {metric} of {meter!r} at {timestamp.isoformat(sep=' ')}; "
            f"if it was rejected: dataops errors --meter {meter!r}"
        )


async def _trace(
    meter: str, timestamp: dt.datetime, metric: str, settings: Settings
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    warehouse = await open_warehouse(settings)
    async with warehouse.connect() as connection:
        await require_meter(connection, meter, settings)
        readings = await trace_reading(connection, meter, timestamp, metric, settings)
        return readings, await list_revisions(
            connection, meter, timestamp, timestamp + _INSTANT, settings, metric=metric
        )


def revision_columns(rows: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    """Name the columns to show: the qualities only where one has changed, as the value alone then says too little."""
    is_flag_changed = any(row["old_quality"] != row["new_quality"] for row in rows)
    return (*_REVISIONS[:4], *_QUALITIES, *_REVISIONS[4:]) if is_flag_changed else _REVISIONS


def _local(row: dict[str, Any], settings: Settings) -> dict[str, Any]:
    return {
        name: f"{value.astimezone(settings.zone):%Y-%m-%d %H:%M}" if isinstance(value, dt.datetime) else value
        for name, value in row.items()
    }
