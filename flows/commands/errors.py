"""`dataops errors`: what was not loaded, or is to be looked at, why, and what to do."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.arguments import parse_date, parse_load
from flows.commands.console import AsJson, out, print_json, print_table
from flows.runtime.warehouse import open_migrated
from schemas.errors import TerminalError
from schemas.reasons import Reason, Severity
from schemas.settings import Settings, load_settings
from tasks.operate.list_row_errors import ErrorFilter, count_row_errors, list_row_errors
from tasks.operate.resolve_load_id import resolve_load_id
from tasks.operate.trace_readings import require_meter

_SHOWN = ("source_file", "sheet", "cell", "raw_value", "reason", "message")
_EXPORTED = (
    *("business_date", "source_file", "sheet", "row_num", "cell", "column_name", "metric", "meter_code"),
    *("raw_value", "reason", "severity", "message", "load_id", "payload"),
)
_SHORT = 60

Day = Annotated[Any, typer.Option("--date", parser=parse_date, metavar="YYYY-MM-DD", help="Files of this day.")]
Load = Annotated[
    str | None,
    typer.Option(
        "--load", parser=parse_load, metavar="LOAD_ID", help="Rows of this load; as many of its digits as are unique."
    ),
]
Source = Annotated[str | None, typer.Option("--source", help="Files that this mapping takes.")]
How = Annotated[
    Severity, typer.Option("--severity", help="suspect: readings in core that are flagged; rejected: all else.")
]
Why = Annotated[Reason | None, typer.Option("--reason", help="Rows with this reason, whatever its severity.")]
Meter = Annotated[str | None, typer.Option("--meter", help="Rows of this meter's code.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many to show; an export has all.")]
Export = Annotated[
    Path | None,
    typer.Option(
        "--export",
        help="Write them into a .csv or .xlsx instead; with --source, a workbook with a letter to a supplier.",
    ),
]


def errors(
    *,
    date: Day = None,
    load: Load = None,
    source: Source = None,
    severity: How = Severity.REJECTED,
    reason: Why = None,
    meter: Meter = None,
    limit: Limit = 50,
    export: Export = None,
    as_json: AsJson = False,
) -> None:
    """Show open row errors: file, sheet, cell, value, reason and what to do."""
    settings = load_settings()
    if source:
        _require_source(source, settings)
    wanted = ErrorFilter(date, None, source, None if reason else severity, reason, meter)
    if export and source and export.suffix.lower() == ".xlsx":
        if date or load or reason or meter:
            raise TerminalError(
                "a list for a supplier has all that is open: leave out --date, --load, --reason, --meter"
            )
        listed = asyncio.run(_list_for_supplier(source, severity, export, settings))
        out.print(listed, markup=False, highlight=False, soft_wrap=True)
        return
    counts, rows, suspect = asyncio.run(_collect(wanted, load, None if export else limit, settings))
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
    if suspect and not as_json:
        out.print(f"and {suspect} suspect, which are in core: --severity suspect", highlight=False)


def _require_source(source: str, settings: Settings) -> None:
    """Make sure that there is a source of this name.

    Raises:
        MappingError: there is none, but a mapping with an error may be the one that is meant.
        TerminalError: there is none.

    """
    from schemas.mappings import load_usable_mappings

    mappings = load_usable_mappings(settings.sources_dir)
    names = [mapping.name for mapping in mappings.usable]
    if source not in names:
        raise next(iter(mappings.errors), TerminalError(f"there is no source {source!r}: these are {', '.join(names)}"))


def _short(row: dict[str, Any]) -> dict[str, Any]:
    value = row["raw_value"] or ""
    return row | {"raw_value": value if len(value) <= _SHORT else f"{value[:_SHORT]}…"}


async def _collect(
    wanted: ErrorFilter, load: str | None, limit: int | None, settings: Settings
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Return the counts, the row errors, and how many suspect ones are hidden because rejected ones are asked for."""
    warehouse = await open_migrated(settings)
    async with warehouse.connect() as connection:
        if load:
            wanted = wanted._replace(load_id=await resolve_load_id(connection, load, settings))
        if wanted.meter_code:
            await require_meter(connection, wanted.meter_code, settings)
        hidden = []
        if wanted.severity is Severity.REJECTED:
            hidden = await count_row_errors(connection, wanted._replace(severity=Severity.SUSPECT), settings)
        return (
            await count_row_errors(connection, wanted, settings),
            await list_row_errors(connection, wanted, limit, settings),
            sum(row["row_errors"] for row in hidden),
        )


async def _list_for_supplier(source: str, severity: Severity, export: Path, settings: Settings) -> str:
    """Write the list, and return what it holds."""
    from tasks.operate.list_for_supplier import collect_for_supplier, record_list, write_for_supplier

    warehouse = await open_migrated(settings)
    # What is listed and when is one moment.
    async with warehouse.connect() as connection, connection.transaction(isolation="repeatable_read"):
        made = await collect_for_supplier(connection, source, severity, settings)
        write_for_supplier(made, export, dt.datetime.now(settings.zone).date())
        await record_list(connection, made, settings)
    before = f", {len(made.still_open)} of them in the last list" if made.last_listed else ""
    return f"{len(made.row_errors)} row errors{before}, and {len(made.failed_files)} failed files in {export}"
