"""Collect a day's report from the database: aggregates are computed there, and the number of examples is limited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import groupby
from typing import Any
from uuid import UUID

import asyncpg

from schemas.problems import FileProblem, FileRemark
from schemas.reasons import ADVICE, Reason, Severity
from schemas.report import Curves, DayState, Example, FileLine, ReasonLine, Report, Totals
from schemas.settings import Settings
from tasks.report.completeness import collect_completeness
from tasks.report.periods import Period, choose_period, hours_of_day
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

_MAX_FILES = 200
_MAX_EXAMPLES = 5


async def collect(
    connection: Connection,
    settings: Settings,
    day: dt.date,
    *,
    now: dt.datetime,
    flow_run_id: UUID | None = None,
) -> Report:
    """Collect the report of all files of a day's folder, whichever run loaded them.

    Hours after `now` do not count as missing; `flow_run_id` only marks the files that this run loaded.
    """
    # One snapshot: a load that ends meanwhile must not be in one section and missing from another.
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(*sql("create_report_files", settings, business_date=day, flow_run_id=flow_run_id))
        await connection.execute("analyze report_files")
        in_progress = FileProblem.IN_PROGRESS
        row = await fetch_one(connection, *sql("select_report_totals", settings, in_progress=in_progress))
        totals = Totals.model_validate(_select(row, Totals.model_fields))
        files = await connection.fetch(
            *sql(
                "select_report_files",
                settings,
                max_files=_MAX_FILES,
                in_progress=in_progress,
                requeued=FileRemark.REQUEUED,
            )
        )
        period = choose_period(row["first_time"], row["last_time"], day, now=now, zone=settings.zone)
        return Report(
            day=day,
            generated_at=now,
            time_zone=settings.default_tz,
            flow_run_id=flow_run_id,
            verdict=day_state(totals),
            totals=totals,
            files=[FileLine.model_validate(dict(file)) for file in files],
            files_not_shown=totals.files - len(files),
            reasons=[line for severity in Severity for line in await _collect_reasons(connection, settings, severity)],
            completeness=period and await collect_completeness(connection, settings, period),
            curves=period and await _collect_curves(connection, settings, period),
        )


def day_state(totals: Totals) -> DayState:
    """Sum up a day in one word; an unfinished file counts as an error."""
    if not totals.files:
        return "empty"
    if totals.failed or totals.held or totals.running:
        return "errors"
    if totals.rows_rejected:
        return "rejected"
    return "rolled_back" if totals.rolled_back else "loaded"


async def _collect_reasons(connection: Connection, settings: Settings, severity: Severity) -> list[ReasonLine]:
    query = sql("select_report_reasons", settings, severity=severity, max_examples=_MAX_EXAMPLES)
    rows = await connection.fetch(*query)
    return [
        ReasonLine(
            reason=reason,
            severity=severity,
            count=count,
            advice=advice(reason),
            examples=[Example.model_validate(_select(row, Example.model_fields)) for row in examples],
        )
        for (reason, count), examples in groupby(rows, key=lambda row: (row["reason"], row["count"]))
    ]


def advice(reason: str) -> str:
    """Return what to do about a reason, or about several joined by `;`."""
    return "; ".join(ADVICE[Reason(code)] for code in reason.split(";") if code in ADVICE)


def _select(row: asyncpg.Record, names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


async def _collect_curves(connection: Connection, settings: Settings, period: Period) -> Curves:
    columns = hours_of_day(period.day, period.now, settings.zone)
    until = columns[-1].start + dt.timedelta(hours=1)
    rows = await connection.fetch(*sql("select_curves", settings, since=columns[0].start, until=until))
    by_hour = {row["hour"]: row for row in rows}

    def values(name: str) -> list[float | None]:
        hours = [by_hour.get(column.start) for column in columns]
        return [None if hour is None or hour[name] is None else round(hour[name], 3) for hour in hours]

    return Curves(
        day=period.day,
        hour_columns=columns,
        cold_m3=values("cold_m3"),
        hot_m3=values("hot_m3"),
        t1_degc=values("t1_degc"),
        t2_degc=values("t2_degc"),
    )
