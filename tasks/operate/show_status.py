"""Collect what an operator wants to see first: last loads, days with gaps, what still waits, versions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel

from schemas.settings import Settings
from tasks.warehouse.connection import fetch_one
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    import asyncpg

sql = Statements(__file__)


class LoadLine(BaseModel):
    """One attempt of the load log."""

    started_at: dt.datetime
    business_date: dt.date
    source_file: str
    status: str
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    rows_duplicate: int
    rows_suspect: int
    message: str | None
    load_id: UUID


class GapDay(BaseModel):
    """A local day on which readings are missing."""

    day: dt.date
    buildings_with_gaps: int
    readings_missing: int


class ChangedLayout(BaseModel):
    """A file with other columns than the one before of its kind; neither added nor removed: they were moved."""

    source: str
    since: dt.datetime
    source_file: str
    added: list[str]
    removed: list[str]


class Status(BaseModel):
    """The state of the warehouse."""

    server_version: str
    extensions: dict[str, str]
    days_waiting_for_features: int
    row_errors_open: int
    last_loads: list[LoadLine]
    days_with_gaps: list[GapDay]
    changed_layouts: list[ChangedLayout]


async def show_status(connection: asyncpg.Connection, settings: Settings, *, loads: int = 20) -> Status:
    """Collect the status of a migrated database; cheap, whatever its size."""
    facts = await fetch_one(connection, sql.text("select_facts", settings))
    extensions = await connection.fetch("select extname, extversion from pg_extension order by extname")
    has_features = await connection.fetchval(
        "select to_regclass($1) is not null", f"{settings.features_schema}.ml_daily_by_building"
    )
    gaps = await connection.fetch(sql.text("select_gap_days", settings)) if has_features else []
    return Status(
        **facts,
        extensions={row["extname"]: row["extversion"] for row in extensions},
        last_loads=[LoadLine(**row) for row in await connection.fetch(sql.text("select_last_loads", settings), loads)],
        days_with_gaps=[GapDay(**row) for row in gaps],
        changed_layouts=[
            ChangedLayout(**row) for row in await connection.fetch(sql.text("select_changed_layouts", settings))
        ],
    )


class SanityCheck(BaseModel):
    """One of the runbook's queries and its answer."""

    title: str
    query: str
    rows: list[dict[str, object]]


async def sanity_checks(connection: asyncpg.Connection, settings: Settings) -> list[SanityCheck]:
    """Run the runbook's queries as they stand there, for the newest load that holds rejected rows."""
    load_id = await connection.fetchval(sql.text("select_telling_load", settings))
    checks = []
    for title, name in (
        ("Load log", "runbook_load_log"),
        ("Top reasons", "top_reasons"),
        ("Raw rows of the last load with rejects", "runbook_raw_rows"),
        ("Its valid readings", "runbook_valid_readings"),
        ("Time attributes", "runbook_time_attributes"),
        ("Features by hour and building", "runbook_hourly_features"),
    ):
        query = sql.text(name, settings).strip().replace("{UUID}", str(load_id))
        rows = [dict(row) for row in await connection.fetch(query)]
        checks.append(SanityCheck(title=title, query=query, rows=rows))
    return checks
