"""The quality report of one day: the documented shape of `report.json` (`docs/report.schema.json`)."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.problems import Step
from schemas.reasons import Severity

DayState = Literal["loaded", "rolled_back", "rejected", "errors", "empty"]
FileStatus = Literal["running", "success", "partial", "failed", "held", "rolled_back", "skipped"]


class _ReportModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Totals(_ReportModel):
    """All files of the day, including those that are not listed. `rows_*` count readings."""

    files: int
    success: int
    partial: int
    failed: int
    held: int = Field(description="Nothing of them is in core: they wait for a person to release them.")
    rolled_back: int = Field(description="Nothing of them is in core any more, nor of another version of the file.")
    skipped: int
    running: int
    rows_read: int = Field(description="= loaded + rejected + duplicate, once all files are loaded.")
    rows_loaded: int = Field(description="= rows_inserted + rows_updated + rows_unchanged.")
    rows_inserted: int
    rows_updated: int
    rows_unchanged: int
    rows_rejected: int
    rows_duplicate: int
    rows_suspect: int = Field(description="Loaded and flagged; part of rows_loaded.")


class FileLine(_ReportModel):
    """One file: its last attempt, or, if that was skipped because the file is already loaded, the load that did it.

    Rows that were rejected and loaded later, from stage, are counted as loaded. Instead of a version that was rolled
    back stands the one that counts since, if there is any.
    """

    source_file: str
    status: FileStatus
    source: str | None = Field(description="Source mapping that the file was read with.")
    load_id: UUID
    in_this_run: bool = Field(description="False: an earlier run loaded it, this one had nothing to do.")
    raw_rows: int = Field(description="Lines of the file that hold readings.")
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


class Example(_ReportModel):
    """One row with a reason: where to look."""

    source_file: str
    sheet: str | None
    row_num: int = Field(description="Line in the file or sheet as a person counts it.")
    cell: str | None = Field(description="As Excel names it, such as C17.")
    column_name: str | None
    metric: str | None
    raw_value: str | None


class ReasonLine(_ReportModel):
    """How often a reason occurs, with a few examples."""

    reason: str
    severity: Severity
    count: int = Field(description="Row errors that no later load has resolved.")
    advice: str = Field(description="What to do, for the operators.")
    examples: list[Example]


class Column(_ReportModel):
    """An hour or a day of the heat map."""

    start: dt.datetime
    label: str
    hours: int = Field(description="Hours in it that are over: 1, or those of a local day; 0: still to come.")


class MeterLine(_ReportModel):
    """Presence of one meter's readings."""

    meter_code: str
    building_code: str
    kind: str
    interval_minutes: int
    missing_hours: int = Field(description="Hours without any reading in [since, until).")
    hours: list[int] = Field(description="Metrics present in each hour of `hour_columns`.")
    metrics: int = Field(description="Metrics that the meter sends: as many as it has in its fullest hour.")
    days: list[int] = Field(description="Hours with readings on each day of `day_columns`.")


class Completeness(_ReportModel):
    """Which meters and hours have readings; the meters with the most gaps first."""

    day: dt.date = Field(description="The day of `hour_columns`.")
    since: dt.datetime = Field(description="Meters are ranked by the gaps of [since, until).")
    until: dt.datetime
    hour_columns: list[Column]
    day_columns: list[Column] = Field(description="Empty if the files hold readings of one day only.")
    days_not_shown: int
    meters: list[MeterLine]
    meters_not_shown: int
    meters_complete: int = Field(description="Every hour has as many readings as the meter's fullest one.")
    meters_with_gaps: int
    meters_silent: int = Field(description="Known meters without a reading since a week before `since`.")
    silent_examples: list[str]


class Curves(_ReportModel):
    """The day's hours over all buildings; None where there are no readings."""

    day: dt.date
    hour_columns: list[Column]
    cold_m3: list[float | None]
    hot_m3: list[float | None]
    t1_degc: list[float | None] = Field(description="Mean over the hot-water meters.")
    t2_degc: list[float | None]


class Report(_ReportModel):
    """The quality report of one day."""

    format: Literal[1] = 1
    day: dt.date
    generated_at: dt.datetime
    time_zone: str
    flow_run_id: UUID | None
    verdict: DayState
    failed_steps: dict[Step, str] = Field(
        default={}, description="Steps of the run that failed whatever their files, with the operators' words for why."
    )
    totals: Totals
    files: list[FileLine] = Field(description="Failed ones first, then those with rejects; a bounded number.")
    files_not_shown: int
    reasons: list[ReasonLine]
    completeness: Completeness | None = Field(description="None: nothing was loaded.")
    curves: Curves | None
