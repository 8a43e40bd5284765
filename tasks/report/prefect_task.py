"""The step as a Prefect task."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from prefect import task

from schemas.problems import Step
from tasks.report.build_report import BuiltReport, build_report
from tasks.warehouse.connection import Warehouse
from tasks.warehouse.load_log import Run
from tasks.warehouse.prefect_tasks import BATCH_TASK


@task(name="build-report", task_run_name="report {run.business_date}", **BATCH_TASK)
async def build_report_task(run: Run, warehouse: Warehouse, failed_steps: Mapping[Step, str]) -> BuiltReport:
    """Build the quality report of the run's day."""
    return await build_report(run, warehouse, failed_steps=failed_steps, now=dt.datetime.now(dt.UTC))
