"""Collect a day's report from the database: aggregates are made there, examples are a bounded number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from schemas.reasons import ADVICE, Reason
from schemas.report import Curves, Example, FileLine, ReasonLine, Report, Totals, Verdict
from schemas.settings import Settings
from tasks.report.completeness import collect_completeness
from tasks.report.periods import Period, choose_period, hours_of
from tasks.warehouse.connection import fetch_one
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    import asyncpg

sql = Statements(__file__)

_MOST_FILES = 200
_MOST_EXAMPLES = 5


async def collect(
    connection: asyncpg.Connection,
    settings: Settings,
    day: dt.date,
    *,
    now: dt.datetime,
    flow_run_id: UUID | None = None,
) -> Report:
    """Collect the report of all files of a day's folder, whichever run loaded them.

    Hours after `now` are not missed; `flow_run_id` only marks the files that this run took.
    """
    # One snapshot: a load that ends meanwhile must not stand in one part and not in another.
    async with connection.transaction(isolation="repeatable_read"):
        await connection.execute(sql.text("create_report_files", settings), day, flow_run_id)
        await connection.execute("analyze report_files")
        row = await fetch_one(connection, sql.text("select_report_totals", settings))
        totals = Totals.model_validate({name: row[name] for name in Totals.model_fields})
        files = await connection.fetch(sql.text("select_report_files", settings), _MOST_FILES)
        period = choose_period(row["first_time"], row["last_time"], day, now=now, zone=settings.zone)
        return Report(
            day=day,
            generated_at=now,
            time_zone=settings.default_tz,
            flow_run_id=flow_run_id,
            verdict=verdict(totals),
            totals=totals,
            files=[FileLine.model_validate(dict(file)) for file in files],
            files_not_shown=totals.files - len(files),
            reasons=[
                *await _reasons(connection, settings, "rejected"),
                *await _reasons(connection, settings, "suspect"),
            ],
            completeness=period and await collect_completeness(connection, settings, period),
            curves=period and await _curves(connection, settings, period),
        )


def verdict(totals: Totals) -> Verdict:
    """Say in one word how the day stands; a file that is not finished counts as an error."""
    if not totals.files:
        return "empty"
    if totals.failed or totals.running:
        return "errors"
    return "rejected" if totals.rows_rejected else "loaded"


async def _reasons(
    connection: asyncpg.Connection, settings: Settings, severity: Literal["rejected", "suspect"]
) -> list[ReasonLine]:
    name = "select_report_reasons" if severity == "rejected" else "select_report_suspects"
    rows = await connection.fetch(sql.text(name, settings), _MOST_EXAMPLES)
    return [
        ReasonLine(
            reason=reason,
            severity=severity,
            count=count,
            advice="; ".join(ADVICE[Reason(code)] for code in reason.split(";") if code in ADVICE),
            examples=[Example.model_validate(_only(row, Example.model_fields)) for row in examples],
        )
        for (reason, count), examples in groupby(rows, key=lambda row: (row["reason"], row["count"]))
    ]


def _only(row: asyncpg.Record, names: Iterable[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


async def _curves(connection: asyncpg.Connection, settings: Settings, period: Period) -> Curves:
    columns = hours_of(period.day, period.now, settings.zone)
    rows = await connection.fetch(
        sql.text("select_curves", settings), columns[0].start, columns[-1].start + dt.timedelta(hours=1)
    )
    by_hour = {row["hour"]: row for row in rows}

    def series(name: str) -> list[float | None]:
        found = [by_hour.get(column.start) for column in columns]
        return [None if row is None or row[name] is None else round(row[name], 3) for row in found]

    return Curves(
        day=period.day,
        hour_columns=columns,
        cold_m3=series("cold_m3"),
        hot_m3=series("hot_m3"),
        t1_degc=series("t1_degc"),
        t2_degc=series("t2_degc"),
    )
