"""What a reader found in one table of a file: the bridge between reading a file and validating its rows."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from schemas.lengths import Calendar
from schemas.spec_parts import StatusMeaning
from schemas.spellings import fold
from schemas.table_spec import CODE_NAMES
from schemas.times import Times


class _Frozen(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, validate_by_name=True, validate_by_alias=True
    )


class Column(_Frozen):
    """One column of the file. `key` is unique in the table and names it in the raw row's payload."""

    key: str
    heading: str
    letter: str
    """As Excel names it: A, B, …, AA."""


class MetricColumn(_Frozen):
    """A column of a table that holds values, one reading a row."""

    key: str
    metric: str | None = None
    """None: each row says it."""
    unit: str | None = None
    """As the mapping or the heading says it; None: the metric's own unit."""
    stated_unit: str | None = None
    """What its heading, or the mapping for it alone, says: a row or a cell with another unit contradicts it."""
    building_code: str | None = None
    itp_code: str | None = None
    meter_code: str | None = None
    """What its heading says of whose readings it holds; None: as table or row say it."""
    date: str | None = None
    hour: str | None = None
    """What its heading says of the time: when the interval starts, or its number in the day; None: as the row says."""
    is_again: bool | None = None
    """Whether it is for the second one of an hour that comes twice; None: no column of its hour is."""

    @property
    def has_code(self) -> bool:
        """Whether its heading says whose readings it holds."""
        return bool(self.building_code or self.itp_code or self.meter_code)


class CodePart(_Frozen):
    """A part of a code: a text, or what a column of the row holds."""

    text: str = ""
    column: str | None = None


class StatedCode(_Frozen):
    """A code that lines of its own state, for all lines below each."""

    where: list[tuple[str, tuple[str, ...]]]
    """Column → globs that such a line fits."""
    lines: list[tuple[int, str]] = Field(default_factory=list)
    """Those lines, with the text in the code's column."""


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
    interval_unit: str | None = None
    """Of its numbers: what mapping or heading say, `s` or `Интервал, мин`; None: minutes, if that is plausible."""
    interval_end_column: str | None = None
    """Says of a row when its interval ends, or on which day …"""
    interval_end_hour_column: str | None = None
    """… if this one says the time of day; without the other it is the day of the start."""
    dates: str | None = None
    """How dates are written (`schemas/dates.py`)."""
    date_in_file: str | None = None
    """The date outside the table: `2025-04-01`, or `2025-04` where `date_column` has the day of the month."""
    time_zone: str
    epoch: Literal[1900, 1904] = 1900
    """The year from which the workbook counts days that are written as a number."""
    interval_minutes: int
    calendar: Calendar | None = None
    """The mapping says that intervals are days, weeks or months of the local calendar."""
    snap_seconds: int = 0
    """How far off the grid of intervals a stamp may be."""
    has_stamps: bool = False
    """Whether `timestamp_column` is the contract's own, of stamps: a month there is no time of a reading."""
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
    stated_codes: dict[str, StatedCode] = Field(default_factory=dict)
    """Of a code, and of `metric` and `unit`, whose `*_column` holds it on lines of its own."""

    # What was read: wide (a day-sheet, or intervals side by side) …
    metrics: list[MetricColumn] = Field(default_factory=list)
    # … or long.
    metric_column: str | None = None
    metric_words: dict[str, MetricWord] = Field(default_factory=dict)
    """Folded word → its meaning; before the spellings that every supplier's files may use."""
    value_column: str | None = None
    unit_column: str | None = None
    value_unit: str | None = None
    """The unit of a long table's rows without their own …"""
    stated_unit: str | None = None
    """… where the heading of its values says it: a row or a cell with another one contradicts it."""

    factor: float = 1
    """What all values are multiplied by …"""
    factor_column: str | None = None
    """… or the column with that of each row."""
    thousands: Literal[",", "."] | None = None
    """The mark between groups of three digits; the other one is the decimal mark. None: as the numbers tell."""
    missing: tuple[str, ...] = ()
    """The supplier's own words for a missing value."""
    doubtful_marks: dict[str, str] = Field(default_factory=dict)
    """Columns of values with commas and points → marks that before three digits may be of thousands or decimal."""

    filled_down: dict[str, list[tuple[int, str]]] = Field(default_factory=dict)
    """Columns whose empty cells repeat the one above → the cells that are repeated, with their lines."""
    tells_hours_by_order: bool = False
    """Whether the order of lines tells the hours that come twice in autumn."""
    first_hours: list[int] = Field(default_factory=list)
    """Lines of the first one, in summer time …"""
    second_hours: list[int] = Field(default_factory=list)
    """… and of the second one."""
    skips_empty_cells: bool = False
    """Whether a cell that is empty or holds a word of `missing` is no reading, instead of one without a value."""
    where: list[tuple[str, tuple[str, ...]]] = Field(default_factory=list)
    """Column → globs that a row had to fit to be read."""
    status_column: str | None = None
    """Says of a row what its values are worth."""
    status_words: dict[str, StatusMeaning] = Field(default_factory=dict)
    """Folded word → what it means."""

    notes: list[str] = Field(default_factory=list)
    """What a person should know of a table that is read all the same, such as a new column."""

    @property
    def alike(self) -> str:
        """The same of tables whose rows can be parsed as those of one: they differ in constant codes and notes only."""
        return self.model_dump_json(exclude={"building_code", "itp_code", "meter_code", "notes"})

    @property
    def times(self) -> Times:
        """How the table writes times."""
        interval = dt.timedelta(minutes=self.interval_minutes)
        return Times(
            ZoneInfo(self.time_zone),
            interval,
            self.stamp,
            self.epoch,
            self.counts_intervals,
            dates=self.dates,
            date=self.date_in_file,
            months=int(self.calendar == "month"),
            calendar=self.calendar,
            snap=dt.timedelta(seconds=self.snap_seconds),
            any_period=not (self.has_stamps or self.is_interval_stated or self.calendar),
        )

    @property
    def sought_codes(self) -> frozenset[str]:
        """Of `building`, `itp`, `meter` those that cells must hold, in some way."""
        return frozenset(CODE_NAMES).intersection((*self.code_patterns, *self.code_parts, *self.stated_codes))

    @property
    def stated_interval(self) -> int | None:
        """Minutes of an interval, if the mapping says it."""
        return self.interval_minutes if self.is_interval_stated else None

    @property
    def columns_by_role(self) -> dict[str, str]:
        """The keys of the columns by what they say of a reading, beside values: the same roles below any header."""
        named = {field: getattr(self, field) for field in type(self).model_fields if field.endswith("_column")}
        named |= {
            f"{name}:{number}": part.column for name, own in self.code_parts.items() for number, part in enumerate(own)
        }
        conditions = {"where": self.where} | {f"{name}_of": code.where for name, code in self.stated_codes.items()}
        named |= {f"{name}:{number}": key for name, own in conditions.items() for number, (key, _) in enumerate(own)}
        return {role: key for role, key in named.items() if key}

    @property
    def used_keys(self) -> frozenset[str]:
        """The keys of the columns that say anything of a reading."""
        return frozenset((*self.columns_by_role.values(), *self.value_columns))

    @property
    def value_columns(self) -> list[str]:
        """Keys of the columns that hold values."""
        return [column.key for column in self.reading_columns]

    @property
    def reading_columns(self) -> list[MetricColumn]:
        """The columns that hold values: those of a wide table, or the one of a long table."""
        of_values = {"unit": self.value_unit, "stated_unit": self.stated_unit}
        return self.metrics or [MetricColumn(key=key, **of_values) for key in (self.value_column,) if key]

    @property
    def has_times_in_headings(self) -> bool:
        """Whether the columns say when their readings are."""
        return any(column.hour or column.date for column in self.metrics)

    @field_serializer("metrics")
    def _write_what_is_said(self, metrics: list[MetricColumn]) -> list[dict[str, object]]:
        """Write hundreds of columns without what is not said of them."""
        return [column.model_dump(exclude_defaults=True) for column in metrics]

    def indexes_of(self, *keys: str | None) -> list[int]:
        """Return the indexes of columns by their keys; None is none."""
        by_key = {column.key: index for index, column in enumerate(self.columns)}
        return [by_key[key] for key in keys if key]


def fingerprint(tables: Iterable[TableSchema]) -> str:
    """Return a short hash of sheets and headings, to see when a supplier changes its columns."""
    headings = "\n".join(f"{table.sheet}:{[fold(column.heading) for column in table.columns]}" for table in tables)
    return hashlib.sha256(headings.encode()).hexdigest()[:16]
