"""Collect what an operator wants to see first: last loads, days with gaps, what still waits, versions."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.mappings import survey_mappings
from schemas.problems import FileProblem
from schemas.settings import Settings
from tasks.operate.outdated_loads import OutdatedSource, find_outdated_sources
from tasks.warehouse.connection import Connection, fetch_one
from tasks.warehouse.statements import SHARED, Statements

sql = Statements(__file__)
_MAX_UNFINISHED = 100
_SILENT_AFTER = dt.timedelta(days=7)
_MAX_SILENT_EXAMPLES = 3


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


class UnfinishedLoad(BaseModel):
    """A load that a run is working on, or that one has died over; of the latter no run has loaded the file since."""

    started_at: dt.datetime
    business_date: dt.date
    source_file: str
    load_id: UUID
    is_under_way: bool


class HeldLoad(BaseModel):
    """A load that waits for a person to release it."""

    finished_at: dt.datetime
    source_file: str
    load_id: UUID
    message: str


class GapDay(BaseModel):
    """A local day on which readings are missing."""

    day: dt.date
    buildings_with_gaps: int
    readings_missing: int


class ChangedColumns(BaseModel):
    """A file whose columns differ from those of the previous file of its kind.

    If nothing was added or removed, the columns have moved.
    """

    source: str
    since: dt.datetime
    source_file: str
    added: list[str]
    removed: list[str]


class Status(BaseModel):
    """The state of the warehouse."""

    model_config = ConfigDict(serialize_by_alias=True)

    server_version: str
    extensions: dict[str, str]
    days_waiting_for_features: int
    row_errors_open: int
    last_loads: list[LoadLine]
    unfinished_loads: list[UnfinishedLoad]
    held_loads: list[HeldLoad]
    days_with_gaps: list[GapDay]
    meters_silent: int
    """Meters that are somewhere and have sent nothing for a week."""
    silent_examples: list[str]
    outdated_sources: list[OutdatedSource]
    changed_columns: list[ChangedColumns] = Field(serialization_alias="changed_layouts")
    """Under the key that `dataops status --json` has always had."""


async def show_status(connection: Connection, settings: Settings, *, loads: int = 20) -> Status:
    """Collect the status of a migrated database; cheap, whatever its size."""
    facts = await fetch_one(connection, *sql("select_facts", settings))
    extensions = await connection.fetch("select extname, extversion from pg_extension order by extname")
    last_loads = await connection.fetch(*sql("select_last_loads", settings, loads=loads))
    unfinished = await connection.fetch(
        *sql("select_unfinished_loads", settings, interrupted=FileProblem.INTERRUPTED, max_loads=_MAX_UNFINISHED)
    )
    held = await connection.fetch(*sql("select_held_loads", settings, max_loads=_MAX_UNFINISHED))
    changed_columns = await connection.fetch(*sql("select_changed_columns", settings))
    return Status(
        **facts,
        extensions={row["extname"]: row["extversion"] for row in extensions},
        last_loads=[LoadLine(**row) for row in last_loads],
        unfinished_loads=[UnfinishedLoad(**row) for row in unfinished],
        held_loads=[HeldLoad(**row) for row in held],
        days_with_gaps=await _days_with_gaps(connection, settings),
        **await _silent_meters(connection, settings),
        outdated_sources=await find_outdated_sources(connection, survey_mappings(settings.sources_dir), settings),
        changed_columns=[ChangedColumns(**row) for row in changed_columns],
    )


async def _silent_meters(connection: Connection, settings: Settings) -> dict[str, Any]:
    """Count the meters that have sent nothing for days before the last reading of all."""
    last_reading = await connection.fetchval(*sql("select_last_reading", settings))
    if last_reading is None:
        return {"meters_silent": 0, "silent_examples": []}
    until = last_reading + dt.timedelta(microseconds=1)
    span = {"since": until - _SILENT_AFTER, "until": until}
    silent = await fetch_one(
        connection, *SHARED("find_silent_meters", settings, **span, max_examples=_MAX_SILENT_EXAMPLES)
    )
    return {"meters_silent": silent["count"], "silent_examples": silent["examples"]}


async def _days_with_gaps(connection: Connection, settings: Settings) -> list[GapDay]:
    """Find the last days with missing readings; none before dbt has built the features."""
    table = f"{settings.features_schema}.ml_daily_by_building"
    if not await connection.fetchval("select to_regclass($1) is not null", table):
        return []
    return [GapDay(**row) for row in await connection.fetch(*sql("select_gap_days", settings))]


class SanityCheck(BaseModel):
    """One of the runbook's queries and its answer."""

    title: str
    query: str
    rows: list[dict[str, object]]


async def sanity_checks(connection: Connection, settings: Settings) -> list[SanityCheck]:
    """Run the runbook's queries exactly as it prints them, for the newest load with rejected rows."""
    load_id = await connection.fetchval(*sql("select_example_load", settings))
    checks = []
    for title, name in (
        ("Load log", "runbook_load_log"),
        ("Top reasons", "runbook_top_reasons"),
        ("Raw rows of the last load with rejects", "runbook_raw_rows"),
        ("Its valid readings", "runbook_valid_readings"),
        ("Time attributes", "runbook_time_attributes"),
        ("Features by hour and building", "runbook_hourly_features"),
    ):
        query = sql.text(name, settings).strip().replace("{UUID}", str(load_id))
        rows = [dict(row) for row in await connection.fetch(query)]
        checks.append(SanityCheck(title=title, query=query, rows=rows))
    return checks
