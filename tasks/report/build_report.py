"""Build the quality report of a day: collect it from the database, and write it."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from schemas.report import Report
from tasks.report.collect import collect
from tasks.report.write import ReportFiles, write
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run


class BuiltReport(NamedTuple):
    """A report and the files that hold it."""

    report: Report
    files: ReportFiles


async def build_report(run: Run, warehouse: Warehouse, *, now: dt.datetime) -> BuiltReport:
    """Collect the report of the run's day and write it into the artifacts folder."""
    settings = warehouse.settings
    folder = settings.artifacts_dir / "quality_reports" / run.business_date.isoformat()
    async with warehouse.connect() as connection:
        report = await collect(connection, settings, run.business_date, now=now, flow_run_id=run.flow_run_id)
    return BuiltReport(report, write(report, folder))
