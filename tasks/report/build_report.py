"""Build the quality report of a day: collect it from the database, and write it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from schemas.problems import Step
from schemas.report import Report
from tasks.report.collect import collect
from tasks.report.write import ReportFiles, write
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run


class BuiltReport(NamedTuple):
    """A report and the files that hold it."""

    report: Report
    files: ReportFiles


async def build_report(
    run: Run, warehouse: Warehouse, *, failed_steps: Mapping[Step, str], now: dt.datetime
) -> BuiltReport:
    """Collect the report of the run's day and write it into the artifacts folder.

    Args:
        run: The run.
        warehouse: The database.
        failed_steps: The run's steps that failed whatever their files, which the database does not know.
        now: The time.

    """
    settings = warehouse.settings
    folder = settings.artifacts_dir / "quality_reports" / run.business_date.isoformat()
    async with warehouse.connect() as connection:
        report = await collect(connection, settings, run.business_date, now=now, flow_run_id=run.flow_run_id)
    if failed_steps:
        report = report.model_copy(update={"verdict": "errors", "failed_steps": dict(failed_steps)})
    return BuiltReport(report, write(report, folder))
