"""What a reader found in one table of a file: the bridge between reading a file and validating its rows."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from schemas.spec_parts import StatusMeaning
from schemas.spellings import fold
from schemas.times import Times


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)


class Column(_Frozen):
    """One column of the file. `key` is unique in the table and names it in the raw row's payload."""

    key: str
    heading: str
    letter: str
    """As Excel names it: A, B, …, AA."""


class MetricColumn(_Frozen):
    """A column of a wide table that holds one metric."""

    key: str
    metric: str
    unit: str | None = None
    """As the mapping or the heading says it; None: the metric's own unit."""


class CodePart(_Frozen):
    """A part of a code: a text, or what a column of the row holds."""

    text: str = ""
    column: str | None = None


class MetricWord(_Frozen):
    """What a supplier's word for a metric means."""

    metric: str
    unit: str | None = None
    """Of rows without their own; None: as the heading says it, else the metric's own."""


class TableSchema(_Frozen):
    """One table: its columns and what each means. Every `*_column` is the key of a column, or None."""

    table_format: Literal["long", "day-sheet"] = Field(alias="layout")
    sheet: str | None = None
    header_row: int
    """Line of the header as a person counts it; of a two-line header, the last."""
    columns: list[Column]

    # When a reading was taken: one column, or a date and an hour column.
    timestamp_column: str | None = None
    date_column: str | None = None
    hour_column: str | None = None
    tz_column: str | None = None
    interval_column: str | None = None
    """Says of a row how long its interval is; it beats what mapping and reference tables say."""
    time_zone: str
    epoch: Literal[1900, 1904] = 1900
    """The year from which the workbook counts days that are written as a number."""
    interval_minutes: int
    is_interval_stated: bool = False
    """Whether the mapping says it; else the reference tables know better what a meter reports by."""
    stamp: Literal["start", "end"] = "start"
    """Whether a time stamp names the start or the end of its interval."""
    counts_intervals: bool = False
    """Whether the hour's column numbers the intervals of a day, from 1."""
    register_read_at: Literal["start", "end"] = "start"
    """When in the interval a register was read."""

    # Whose reading it is: a constant for the table, or a column.
    building_code: str | None = None
    itp_code: str | None = None
    meter_code: str | None = None
    building_column: str | None = None
    itp_column: str | None = None
    meter_column: str | None = None
    code_patterns: dict[str, str] = Field(default_factory=dict)
    """Of `building`, `itp`, `meter`: what of the column's text is the code."""
    code_parts: dict[str, list[CodePart]] = Field(default_factory=dict)
    """Of a code from several columns, of which the first is its `*_column`."""

    # What was read: wide (day-sheet) …
    metrics: list[MetricColumn] = Field(default_factory=list)
    # … or long.
    metric_column: str | None = None
    metric_words: dict[str, MetricWord] = Field(default_factory=dict)
    """Folded word → its meaning; before the spellings that every supplier's files may use."""
    value_column: str | None = None
    unit_column: str | None = None
    value_unit: str | None = None
    """The unit in the heading of a long table's values: of rows without their own."""

    thousands: Literal[",", "."] | None = None
    """The mark between groups of three digits; the other one is the decimal mark. None: as the numbers tell."""
    missing: tuple[str, ...] = ()
    """The supplier's own words for a missing value."""
    doubtful_marks: dict[str, str] = Field(default_factory=dict)
    """Columns of values with commas and points → marks that before three digits may be of thousands or decimal."""

    where: list[tuple[str, tuple[str, ...]]] = Field(default_factory=list)
    """Column → globs that a row had to fit to be read."""
    status_column: str | None = None
    """Says of a row what its values are worth."""
    status_words: dict[str, StatusMeaning] = Field(default_factory=dict)
    """Folded word → what it means."""

    notes: list[str] = Field(default_factory=list)
    """What a person should know of a table that is read all the same, such as a new column."""

    @property
    def times(self) -> Times:
        """How the table writes times."""
        interval = dt.timedelta(minutes=self.interval_minutes)
        return Times(ZoneInfo(self.time_zone), interval, self.stamp, self.epoch, self.counts_intervals)

    @property
    def stated_interval(self) -> int | None:
        """Minutes of an interval, if the mapping says it."""
        return self.interval_minutes if self.is_interval_stated else None

    @property
    def value_columns(self) -> list[str]:
        """Keys of the columns that hold values: one a metric, or the one of a long table."""
        return [column.key for column in self.metrics] or [key for key in (self.value_column,) if key]

    def indexes_of(self, *keys: str | None) -> list[int]:
        """Return the indexes of columns by their keys; None is none."""
        by_key = {column.key: index for index, column in enumerate(self.columns)}
        return [by_key[key] for key in keys if key]


def fingerprint(tables: Iterable[TableSchema]) -> str:
    """Return a short hash of sheets and headings, to see when a supplier changes its columns."""
    headings = "\n".join(f"{table.sheet}:{[fold(column.heading) for column in table.columns]}" for table in tables)
    return hashlib.sha256(headings.encode()).hexdigest()[:16]
