"""`dataops errors`: rows that were not loaded, why, and what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.arguments import parse_date, parse_load
from flows.commands.console import AsJson, out, print_json, print_table
from flows.runtime.warehouse import open_migrated
from schemas.reasons import Reason
from schemas.settings import Settings, load_settings
from tasks.operate.list_row_errors import ErrorFilter, count_row_errors, list_row_errors
from tasks.operate.resolve_load_id import resolve_load_id
from tasks.operate.trace_readings import require_meter

_SHOWN = ("source_file", "sheet", "cell", "raw_value", "reason", "message")
_EXPORTED = (
    *("business_date", "source_file", "sheet", "row_num", "cell", "column_name", "metric", "meter_code"),
    *("raw_value", "reason", "message", "load_id", "payload"),
)
_SHORT = 40

Day = Annotated[Any, typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="Files of this day.")]
Load = Annotated[
    str | None,
    typer.Option(
        "--load", parser=parse_load, metavar="LOAD_ID", help="Rows of this load; as many of its digits as are unique."
    ),
]
Why = Annotated[Reason | None, typer.Option("--reason", help="Rows with this reason.")]
Meter = Annotated[str | None, typer.Option("--meter", help="Rows of this meter's code.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many to show; an export has all.")]
Export = Annotated[Path | None, typer.Option("--export", help="Write them into a .csv or .xlsx instead.")]


def errors(
    *,
    date: Day = None,
    load: Load = None,
    reason: Why = None,
    meter: Meter = None,
    limit: Limit = 50,
    export: Export = None,
    as_json: AsJson = False,
) -> None:
    """Show open row errors: file, sheet, cell, value, reason and what to do."""
    settings = load_settings()
    wanted = ErrorFilter(date, None, str(reason) if reason else None, meter)
    counts, rows = asyncio.run(_collect(wanted, load, None if export else limit, settings))
    if export:
        from tasks.operate.export_rows import export_rows

        export_rows(rows, _EXPORTED, export)
        out.print(f"{len(rows)} row errors in {export}", markup=False, highlight=False, soft_wrap=True)
    elif as_json:
        print_json({"reasons": counts, "errors": rows})
    elif not counts:
        out.print("no open row errors", highlight=False)
    else:
        print_table("Reasons", counts, ("reason", "row_errors", "rows", "message"))
        print_table("Row errors", [_short(row) for row in rows], _SHOWN)
        if (total := sum(row["row_errors"] for row in counts)) > len(rows):
            out.print(f"{len(rows)} of {total}: --limit shows more, --export FILE.xlsx has all", highlight=False)


def _short(row: dict[str, Any]) -> dict[str, Any]:
    value = row["raw_value"] or ""
    return row | {"raw_value": value if len(value) <= _SHORT else f"{value[:_SHORT]}…"}


async def _collect(
    wanted: ErrorFilter, load: str | None, limit: int | None, settings: Settings
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        if load:
            wanted = wanted._replace(load_id=await resolve_load_id(connection, load, settings))
        if wanted.meter_code:
            await require_meter(connection, wanted.meter_code, settings)
        return (
            await count_row_errors(connection, wanted, settings),
            await list_row_errors(connection, wanted, limit, settings),
        )
