"""`dataops demo`: a small city's days from files to features, and what to try next."""

from __future__ import annotations

import asyncio
import datetime as dt

from flows.commands.console import err, heading, log_lines, out, print_table
from flows.commands.reference import load as load_reference
from flows.commands.run import run_day
from flows.commands.sample import BUILDINGS, DAYS, FIRST_DAY, SEED
from flows.warehouse import open_connection
from schemas.errors import RunFailedError
from schemas.settings import Settings, load_settings
from tasks.generate_samples import generate
from tasks.show_status import SanityCheck, sanity_checks

# What of a wide table fits on a terminal.
_COLUMNS = {
    "Features by hour and building": (
        *("ts", "building_code", "cold_consumption_m3", "hot_consumption_m3", "loss_m3"),
        *("t1_degc", "t2_degc", "delta_t", "readings_expected", "readings_present"),
    )
}


def demo() -> None:
    """Make sample days, load them, and show the load log, the top reasons and where the report lies."""
    settings = load_settings()
    days = [FIRST_DAY + dt.timedelta(days=number) for number in range(DAYS)]
    heading("1. Sample days")
    made = generate(settings.raw_dir, days=days, buildings=BUILDINGS, seed=SEED, faults=True)
    out.print(f"{len(made.files)} files in {settings.raw_dir}, some of them broken on purpose", highlight=False)
    load_reference()
    heading("2. Load")
    for day in days:
        try:
            out.print(f"{day}: {run_day(day, settings)}", highlight=False, soft_wrap=True)
        except RunFailedError as error:
            # One file is truncated on purpose: the run says so, and loads the others.
            err.print(f"{day}: failed as it should: {error}", markup=False, highlight=False, soft_wrap=True)
    heading("3. What came of it")
    for check in asyncio.run(_checks(settings)):
        out.print(check.query, style="dim", markup=False, highlight=False, soft_wrap=True)
        rows = log_lines(check.rows, settings.zone) if check.title == "Load log" else check.rows
        print_table(check.title, rows, _COLUMNS.get(check.title))
    report = settings.artifacts_dir / "quality_reports" / days[-1].isoformat() / "report.html"
    out.print(f"Report: {report}", highlight=False, soft_wrap=True)
    out.print(
        "Next: .venv/bin/dataops status | .venv/bin/dataops db psql | .venv/bin/dataops up (Prefect UI, schedules)",
        highlight=False,
        soft_wrap=True,
    )


async def _checks(settings: Settings) -> list[SanityCheck]:
    async with open_connection(settings) as connection:
        return await sanity_checks(connection, settings)
