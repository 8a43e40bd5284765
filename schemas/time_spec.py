"""What a mapping says of the times of a table beyond the headings of their columns."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BeforeValidator, Discriminator, Tag, field_validator, model_validator

from schemas.lengths import find_unit_of_length, read_snap
from schemas.patterns import Regex, compile_pattern
from schemas.spec_types import CellName, Heading, Strict, Text, heading_of
from schemas.spellings import fold

if TYPE_CHECKING:
    from schemas.table_spec import TableSpec
    from schemas.wide_columns import IntervalColumns

DATE_PARTS = ("year", "month", "day")


class DateInFile(Strict):
    """A date that is in no column: regexes with the groups year, month, day, and where each is searched."""

    file_name: Regex | None = None
    path: Regex | None = None
    """Searched in the path below the day's folder."""
    sheet: Regex | None = None
    """Searched in the name of the sheet."""
    cell: CellName | None = None
    pattern: Regex | None = None
    """Searched in the cell."""
    above: Regex | None = None
    """Searched in the lines above the table, and in its header."""

    @property
    def regexes(self) -> dict[str, str]:
        """The regexes by the key of their place."""
        places = {
            "file_name": self.file_name,
            "path": self.path,
            "sheet": self.sheet,
            "cell": self.pattern,
            "above": self.above,
        }
        return {place: regex for place, regex in places.items() if regex}

    @property
    def has_day(self) -> bool:
        """Whether a regex finds the day."""
        return any("day" in compile_pattern(regex).groupindex for regex in self.regexes.values())

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if bool(self.cell) != bool(self.pattern):
            raise ValueError("both cell and pattern: where the date is, and a regex with its groups")
        groups = [group for regex in self.regexes.values() for group in compile_pattern(regex).groupindex]
        if unknown := set(groups) - set(DATE_PARTS):
            raise ValueError(f"regexes with the groups {', '.join(DATE_PARTS)}, not {', '.join(sorted(unknown))}")
        if not {"year", "month"} <= set(groups) or len(groups) > len(set(groups)):
            raise ValueError("regexes that have the groups (?P<year>…) and (?P<month>…) once, and at most one day")
        return self


class EndColumns(Strict):
    """The columns with the time at which intervals end."""

    date: Heading | None = None
    """None: they end on the day that they start on, or at its end."""
    hour: Heading
    """Of the time of day."""


def _kind_of_end(value: object) -> str:
    return "<columns>" if isinstance(value, dict | EndColumns) else "<text>"


class IntervalLength(Strict):
    """The column with the length of each row's interval, and the unit of its numbers."""

    column: Text
    unit: Text

    @field_validator("unit")
    @classmethod
    def _is_of_time(cls, unit: str) -> str:
        if find_unit_of_length(unit) is None:
            raise ValueError("s, min or h")
        return unit


class IntervalEnd(Strict):
    """The interval ends where other columns say; the columns of its time say where it starts."""

    end: Annotated[
        Annotated[Text, Tag("<text>")] | Annotated[EndColumns, Tag("<columns>")],
        Discriminator(_kind_of_end),
        BeforeValidator(heading_of),
    ]

    @property
    def headings(self) -> dict[str, str | None]:
        """The headings of the columns, by what they say."""
        if isinstance(self.end, EndColumns):
            return {"interval_end": self.end.date, "interval_end_hour": self.end.hour}
        return {"interval_end": self.end}


def check_times(spec: TableSpec) -> None:
    """Refuse what contradicts itself.

    Raises:
        ValueError: what is allowed.

    """
    if spec.timestamp and (spec.date or spec.hour or spec.interval_number):
        raise ValueError("either timestamp, or date and hour: the headings of the columns with the time")
    if spec.hour and spec.interval_number:
        raise ValueError("either hour, or interval_number: how many intervals of the day the column counts, from 1")
    if spec.interval_number and not spec.date and not (spec.intervals and spec.intervals.has_date):
        raise ValueError("date where interval_number counts the intervals of a day")
    _check_date(spec)
    _check_interval(spec)
    _check_fill_down(spec)
    if spec.intervals:
        _check_interval_columns(spec, spec.intervals)


def _check_date(spec: TableSpec) -> None:
    if not spec.day:
        return
    if not isinstance(spec.date, DateInFile) or spec.date.has_day:
        raise ValueError("date with regexes for year and month alone where day is the heading over days of the month")


def _check_interval(spec: TableSpec) -> None:
    is_stated = "interval_minutes" in spec.model_fields_set
    if spec.calendar and is_stated:
        raise ValueError(f"either interval: {spec.calendar}, or interval_minutes")
    if spec.calendar and spec.interval_number:
        raise ValueError(f"either interval: {spec.calendar}, or interval_number, which counts the intervals of a day")
    if isinstance(spec.interval, IntervalEnd) and (spec.interval_number or spec.stamp == "end"):
        raise ValueError("timestamp, or date and hour, of the start where interval.end has the end of an interval")
    if not spec.snap:
        return
    if not (is_stated or spec.interval):
        raise ValueError("interval_minutes or interval where snap moves times to the start of an interval")
    if read_snap(spec.snap) * 2 >= dt.timedelta(minutes=spec.minutes):
        raise ValueError("snap of less than half an interval")


def _check_fill_down(spec: TableSpec) -> None:
    known = [heading for fields in spec.filled_fields.values() for heading in fields]
    if unknown := [heading for heading in spec.fill_down if fold(heading) not in map(fold, known)]:
        raise ValueError(f"fill_down of headings but those of values ({', '.join(known)}), not {unknown[0]!r}")


def _check_interval_columns(spec: TableSpec, intervals: IntervalColumns) -> None:
    has_month = isinstance(spec.date, DateInFile) and not spec.date.has_day and not spec.day
    if (intervals.has_date == bool(spec.date) and not (intervals.has_date and has_month)) or spec.timestamp:
        raise ValueError("intervals with either a group date, or date: the heading of the column with the day")
    if intervals.has_hour and (spec.hour or spec.interval_number or spec.interval):
        raise ValueError("intervals without hour, interval_number and interval: the columns say them")
    if intervals.count and not 1440 <= intervals.count * spec.interval_minutes <= 1500:
        raise ValueError(f"intervals.count: as many as a day has, of {spec.interval_minutes} minutes each")
