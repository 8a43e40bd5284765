"""`dataops demo`: a small city's days from files to features, and what to try next."""

from __future__ import annotations

import asyncio
import datetime as dt

from flows.commands.console import err, fail, heading, log_lines, out, print_table
from flows.commands.reference import load_folder
from flows.commands.run import run_day
from flows.commands.sample import BUILDINGS, DAYS, FIRST_DAY, SEED
from flows.runtime.warehouse import open_warehouse
from schemas.errors import RunFailedError
from schemas.settings import Settings, load_settings
from tasks.operate.show_status import SanityCheck, sanity_checks

# The columns of a wide table that fit on a terminal.
_COLUMNS = {
    "Features by hour and building": (
        *("ts", "building_code", "cold_consumption_m3", "hot_consumption_m3", "loss_m3"),
        *("t1_degc", "t2_degc", "delta_t", "readings_expected", "readings_present"),
    )
}

_NEXT = {
    "errors": "each rejected row with file, cell, value and what to do",
    "status": "last loads, days with gaps, versions",
    "up": "the Prefect UI, the schedules and a worker; dataops down ends them",
}


def demo() -> None:
    """Make sample days, load them, and show the load log, the top reasons and where the report is."""
    from tasks.operate.generate_samples import generate

    settings = load_settings()
    days = [FIRST_DAY + dt.timedelta(days=number) for number in range(DAYS)]
    heading("1. Sample days")
    made = generate(settings.raw_dir, days=days, buildings=BUILDINGS, seed=SEED, faults=True)
    out.print(f"{len(made.files)} files in {settings.raw_dir}, some of them broken on purpose", highlight=False)
    known = asyncio.run(load_folder(settings.reference_dir, settings))
    out.print(f"{known.meters.total} meters in the reference tables", highlight=False)
    heading("2. Load")
    for day in days:
        try:
            out.print(f"{day}: {run_day(day, settings)}", highlight=False, soft_wrap=True)
        except RunFailedError as error:
            if day != days[-1]:
                raise
            # One of its files is cut off on purpose: the run says so, and loads the others.
            err.print(f"{day}: failed as it should", highlight=False)
            fail(error)
    heading("3. What came of it")
    for check in asyncio.run(_checks(settings)):
        out.print(check.query, style="dim", markup=False, highlight=False, soft_wrap=True)
        rows = log_lines(check.rows, settings.zone) if check.title == "Load log" else check.rows
        print_table(check.title, rows, _COLUMNS.get(check.title))
    report = settings.artifacts_dir / "quality_reports" / days[-1].isoformat() / "report.html"
    out.print(f"Report: {report}", highlight=False, soft_wrap=True)
    heading("4. Next")
    for command, purpose in _NEXT.items():
        out.print(f".venv/bin/dataops {command:<10} {purpose}", markup=False, highlight=False, soft_wrap=True)


async def _checks(settings: Settings) -> list[SanityCheck]:
    warehouse = await open_warehouse(settings)
    async with warehouse.connect() as connection:
        return await sanity_checks(connection, settings)
