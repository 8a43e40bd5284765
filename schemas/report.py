"""The quality report of a day as data: this model is the schema of `report.json`."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from pydantic import BaseModel, Field


class FileReport(BaseModel):
    """What became of one file; counts are readings, `raw_rows` are lines."""

    load_id: UUID
    source_file: str
    source: str | None
    status: str
    raw_rows: int
    rows_read: int
    rows_loaded: int
    rows_inserted: int
    rows_updated: int
    rows_unchanged: int
    rows_rejected: int
    rows_duplicate: int
    rows_suspect: int
    first_time: dt.datetime | None
    last_time: dt.datetime | None
    message: str | None
    started_at: dt.datetime
    finished_at: dt.datetime | None


class Example(BaseModel):
    """One place where a reason was found."""

    source_file: str
    sheet: str | None
    row_num: int
    cell: str | None
    column_name: str | None
    raw_value: str | None


class ReasonReport(BaseModel):
    """One reason: how often, what to do, and a few examples."""

    reason: str
    rejected: bool
    """False: the readings are loaded and flagged as suspect."""
    count: int
    advice: str
    examples: list[Example] = Field(default_factory=list)


class MeterCompleteness(BaseModel):
    """Readings of one meter that are there, by place in `Completeness.labels`."""

    meter_code: str
    building_code: str
    expected: int
    """Readings that each place should hold."""
    present: list[int]


class Completeness(BaseModel):
    """A heat map: meters down, hours of a day (or days of a span) across; the worst meters first."""

    title: str
    labels: list[str]
    meters: list[MeterCompleteness]
    meters_in_all: int


class HourCurve(BaseModel):
    """One local hour of the city; None where nothing was measured."""

    hour: str
    cold_m3: float | None
    hot_m3: float | None
    t1_degc: float | None
    t2_degc: float | None


class Report(BaseModel):
    """Everything about one day's files."""

    day: dt.date
    """The day of the folder that the files lay in."""
    shown_day: dt.date | None
    """The local day of the curves: the folder's, or the last that the files hold."""
    made_at: dt.datetime
    verdict: str
    files: list[FileReport]
    reasons: list[ReasonReport]
    completeness: list[Completeness]
    curves: list[HourCurve]
