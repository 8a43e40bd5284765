"""What a mapping says of one table in a file: where it is, what its columns mean, whose readings it holds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from schemas.dates import check_dates
from schemas.lengths import CALENDARS, Calendar, length_of, read_snap
from schemas.metrics import METRICS, convert_to_own_unit
from schemas.patterns import Regex, compile_pattern, require_pattern
from schemas.settings import TimeZoneName
from schemas.spec_parts import ByWord, Conditions, StatusWords, UnitPlace, Words, fold_words, in_column
from schemas.spec_types import CellName, Glob, Heading, Listed, Strict, Text, heading_of
from schemas.spellings import fold
from schemas.time_spec import DateInFile, IntervalEnd, IntervalLength, check_times
from schemas.wide_columns import IntervalColumns, groups_in, is_pattern

# The data contract's columns and their aliases (table format `long`, in YAML `layout: long`).
LONG_FIELDS: dict[str, tuple[str, ...]] = {
    "timestamp": ("timestamp", "ts", "datetime", "date_time", "дата_время"),
    "building_code": ("building_code", "building", "building_id", "здание", "дом"),
    "itp_code": ("itp_code", "itp", "itp_id", "heat_unit", "итп"),
    "meter_code": ("meter_code", "meter", "meter_id", "sensor_code", "счётчик"),
    "metric": ("metric", "parameter", "measure", "показатель"),
    "value": ("value", "val", "reading", "значение"),
    "unit": ("unit", "units", "uom", "ед"),
    "tz": ("tz", "timezone"),
    "interval": ("interval_minutes", "interval_length", "resolution", "интервал, мин"),
}
LONG_REQUIRED = ("timestamp", "meter_code", "metric", "value")
_OTHER_MARK: dict[str | None, Literal[",", "."]] = {",": ".", ".": ","}
SHEET_GROUP = "sheet"
"""In every template `{sheet}` is the name of the sheet."""


CodeName = Literal["building", "itp", "meter"]
CODE_NAMES: tuple[CodeName, ...] = ("building", "itp", "meter")


class ColumnMeaning(Strict):
    """What a column of a day-sheet holds."""

    metric: str
    unit: str | None = None
    """As the supplier writes it; None: the metric's own unit."""

    @field_validator("metric")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in METRICS:
            raise ValueError(f"one of {', '.join(METRICS)}")
        return value

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        if convert_to_own_unit(self.metric, self.unit, interval_hours=1) is None:
            raise ValueError(f"a unit that fits {self.metric} ({METRICS[self.metric].unit}), not {self.unit!r}")
        return self


def _bare_metric(value: object) -> object:
    return {"metric": value} if isinstance(value, str) else value


class MetricWords(Strict):
    """The column with the metric of each row of a long table, and the supplier's words for metrics."""

    column: Text
    of: Conditions = Field(default_factory=dict)
    """Heading → globs: the metric of all lines down to the next one that fits these is on that one."""
    words: ByWord[Annotated[ColumnMeaning, BeforeValidator(_bare_metric)]] = Field(default_factory=dict)
    """They come before the spellings of `schemas/metrics.py`."""

    @model_validator(mode="after")
    def _words_differ(self) -> Self:
        fold_words(self.words)
        return self


class FromColumn(Strict):
    """A code that each row holds in a column."""

    column: Text
    pattern: Regex | None = None
    r"""What of the cell's text is the code (its first group, or all it matches), such as `№\s*(\d+)`."""
    of: Conditions = Field(default_factory=dict)
    """Heading → globs: the code of all lines down to the next one that fits these is on that one."""


class FromCell(Strict):
    """A code in one cell above the table, such as B3."""

    cell: CellName
    pattern: Regex | None = None
    r"""What of the cell's text is the code (its first group, or all it matches), such as `№\s*(\d+)`."""


class FromAbove(Strict):
    """A code in the title of a table: below another title of that kind the same table goes on with another code."""

    above: Regex
    """Of the last line above the header in which it matches (its first group, or all it matches)."""


def _kind_of_code(value: object) -> str:
    if isinstance(value, FromColumn | FromCell | FromAbove):
        value = value.model_dump()
    if isinstance(value, dict):
        return next((f"<{key}>" for key in ("column", "above") if key in value), "<cell>")
    return "<text>"


Code = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[FromColumn, Tag("<column>")]
    | Annotated[FromAbove, Tag("<above>")]
    | Annotated[FromCell, Tag("<cell>")],
    Discriminator(_kind_of_code),
]
"""A constant; a template over named groups and headings, such as `{building}-{Вид}`; a column, a title or a cell."""
COLUMN_LETTER = re.compile("[a-z]{1,3}")
"""Folded: letters of the Russian keyboard that look like Latin ones will do."""
TEMPLATE_NAME = re.compile(r"\{([^{}]+)\}")

Value = Annotated[
    Annotated[str, Tag("<text>"), Field(min_length=1)] | Annotated[ColumnMeaning, Tag("<meaning>")],
    Discriminator(lambda value: "<meaning>" if isinstance(value, dict | ColumnMeaning) else "<text>"),
]
"""The heading of a long table's values; or what the columns of intervals hold."""


Factor = Annotated[
    Annotated[float, Tag("<number>"), Field(allow_inf_nan=False)] | Annotated[Text, Tag("<text>")],
    Discriminator(
        lambda value: "<number>" if isinstance(value, int | float) and not isinstance(value, bool) else "<text>"
    ),
]


class Identity(Strict):
    """Whose readings a table holds."""

    path: Regex | None = None
    """Regex with named groups, searched in the path below the day's folder."""
    sheet: Regex | None = None
    """Regex with named groups, searched in the name of the sheet."""
    defaults: dict[str, str] = Field(default_factory=dict)
    """Values of the groups that did not match."""
    building: Code | None = None
    itp: Code | None = None
    meter: Code | None = None

    @model_validator(mode="after")
    def _templates_are_closed(self) -> Self:
        if SHEET_GROUP in self.groups:
            raise ValueError(f"groups of other names than {SHEET_GROUP!r}, which is the name of the sheet")
        for code in (self.building, self.itp, self.meter):
            if isinstance(code, str) and re.search("[{}]", TEMPLATE_NAME.sub("", code)):
                raise ValueError(f"templates such as {{building}}-GVS, not {code!r}")
        return self

    @property
    def groups(self) -> frozenset[str]:
        """The groups of path and sheet."""
        return frozenset(
            group for regex in (self.path, self.sheet) for group in compile_pattern(regex or "").groupindex
        )

    @property
    def used_names(self) -> frozenset[str]:
        """What the braces of the codes' templates hold: groups and headings."""
        return frozenset(name for code in (self.building, self.itp, self.meter) for name in names_in_template(code))

    def check_groups(self, of_columns: Sequence[frozenset[str]]) -> None:
        """Check that the templates use groups that are there; `of_columns` are those of each key of the columns.

        Raises:
            ValueError: says what they must be.

        """
        own, further = self.groups | {SHEET_GROUP}, frozenset[str]().union(*of_columns)
        if both := own & further:
            raise ValueError(f"groups of other names in columns than in path and sheet, not {_names(both)}")
        known = f"the groups of path, sheet and columns ({_names(own | further)})"
        if unknown := frozenset(self.defaults) - self.groups - further:
            raise ValueError(f"defaults of {known}, not {_names(unknown)}")
        needed = self.used_names & further
        if any((groups and not groups & needed) or needed - groups for groups in of_columns):
            raise ValueError(f"templates over groups that every key of columns has, and each pattern one ({known})")
        for code in (self.building, self.itp, self.meter):
            names = frozenset(names_in_template(code))
            if names & further and (unknown := names - own - further):
                raise ValueError(f"templates over {known}, not {_names(unknown)}")

    def groups_of(self, *, path: str, sheet: str = "") -> dict[str, str]:
        """Return the named groups in a path and in the name of a sheet, with the defaults of those not matched."""
        values = dict(self.defaults)
        for regex, text in ((self.path, path), (self.sheet, sheet)):
            if regex and (match := compile_pattern(regex).search(text)):
                values |= {name: value for name, value in match.groupdict().items() if value}
        return values


def _kind_of_date(value: object) -> str:
    return "<date>" if isinstance(value, dict | DateInFile) else "<text>"


def _kind_of_interval(value: object) -> str:
    if isinstance(value, IntervalLength) or (isinstance(value, dict) and "column" in value):
        return "<length>"
    return "<end>" if isinstance(value, dict | IntervalEnd) else "<text>"


def _checked_snap(value: str) -> str:
    read_snap(value)
    return value


_Date = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[DateInFile, Tag("<date>")],
    Discriminator(_kind_of_date),
    BeforeValidator(heading_of),
]
_Interval = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[IntervalLength, Tag("<length>")] | Annotated[IntervalEnd, Tag("<end>")],
    Discriminator(_kind_of_interval),
    BeforeValidator(heading_of),
]


def names_in_template(code: object) -> list[str]:
    """Return what the braces in the template of a code hold; a code of another kind has none."""
    return TEMPLATE_NAME.findall(code) if isinstance(code, str) else []


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


class TableSpec(Strict):
    """One table of a file: where it is, what its columns mean, whose readings it holds."""

    table_format: Literal["long", "day-sheet"] = Field(alias="layout")
    sheet: Annotated[tuple[Glob, ...], Listed] = ()
    """Name of the sheet, a list of names, or globs (`*`: each visible sheet); empty: the first visible one."""
    header: Literal["none"] | None = None
    """`none`: the table has no header, and headings are letters of columns."""
    header_row: Annotated[int, Field(ge=1)] | None = None
    """Line of the header, of several the last; None: found by its words."""
    header_lines: Annotated[int, Field(ge=1, le=3)] | None = None
    """How many lines the header has; None: one where `header_row` names it, else as many as name most columns."""
    after: Text | None = None
    """The table begins below the first line with this text in a cell."""
    until: Text | None = None
    """The table ends above the first line below its header with this text in a cell."""
    block: Annotated[str, Field(pattern=r"^[A-Z]{1,3}:[A-Z]{1,3}$")] | None = None
    """Columns of one meter where several meters are side by side, such as C:F; times may be outside."""
    positions: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Listed] = ()
    """Of a text, the characters of a line, from 1, at which its columns begin; empty: it has delimiters."""
    where: Conditions = Field(default_factory=dict)
    """Heading → globs: only rows whose cells match one of them, under each heading; `""` is the empty cell."""
    status: Annotated[StatusWords, BeforeValidator(in_column)] | None = None
    timestamp: Heading | None = None
    date: _Date | None = None
    """A heading, or where else in the file the date is."""
    day: Heading | None = None
    """Heading of the column with the day of the month that `date` says."""
    hour: Heading | None = None
    interval_number: Heading | None = None
    tz: Heading | None = None
    interval: _Interval | None = None
    """The calendar's day, week or month; a heading; or the headings over the ends of intervals."""
    metric: Annotated[MetricWords, BeforeValidator(in_column)] | None = None
    value: Value | None = None
    factor: Annotated[Factor, BeforeValidator(heading_of)] | None = None
    """What all values are multiplied by: a number, or the heading of a column with that of each row."""
    unit: Annotated[UnitPlace, BeforeValidator(in_column)] | None = None
    """Headings. A long table that does not use the contract's names says its own."""
    intervals: IntervalColumns | None = None
    """Columns that are the intervals of a day, or days."""
    empty_cells: Literal["skip"] | None = None
    """`skip`: a cell that is empty or holds a word of `missing` is no reading; else it is one without a value."""
    time_zone: TimeZoneName | None = None
    interval_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    thousands: Literal[",", "."] | None = None
    """The mark between groups of three digits, where it is a comma or a point; the other one is the decimal mark."""
    dates: Annotated[str, AfterValidator(check_dates)] | None = None
    """How dates are written, where they can be read in several ways."""
    fill_down: Annotated[tuple[Text, ...], Listed] = ()
    """Headings of columns whose empty cells hold the last text above."""
    snap: Annotated[str, AfterValidator(_checked_snap)] | None = None
    """How far off the grid of intervals a stamp may be."""
    ambiguous_hours: Literal["in-order"] | None = None
    """How the hour that comes twice in autumn is told; None: it is not."""
    decimal: Literal[",", "."] | None = None
    """The decimal mark; the other one is then that of thousands."""
    missing: Words = ()
    """The supplier's words for a missing value, beside those that every file may use (`schemas/spellings.py`)."""
    stamp: Literal["start", "end"] = "start"
    register_read_at: Literal["start", "end"] = "start"
    columns: dict[str, ColumnMeaning] = Field(default_factory=dict)
    """Heading, or pattern with named groups over headings → meaning; only for day-sheets."""
    identity: Identity = Identity()

    @property
    def mark_of_thousands(self) -> Literal[",", "."] | None:
        """The mark between groups of three digits, as one of two keys says it."""
        return self.thousands or _OTHER_MARK.get(self.decimal)

    @classmethod
    def yaml_keys(cls) -> list[str]:
        """List the keys of a table as they are written in YAML."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @property
    def time_headings(self) -> dict[str, str]:
        """The headings of the columns with the time, by what they say."""
        length = self.interval.column if isinstance(self.interval, IntervalLength) else self.interval
        is_heading = isinstance(length, str) and self.calendar is None
        headings = {
            "timestamp": self.timestamp,
            "date": self.date if isinstance(self.date, str) else self.day,
            "hour": self.hour,
            "interval_number": self.interval_number,
            "tz": self.tz,
            "interval": length if is_heading else None,
            **(self.interval.headings if isinstance(self.interval, IntervalEnd) else {}),
        }
        return {field: str(heading) for field, heading in headings.items() if heading}

    @property
    def titles(self) -> list[str]:
        """The patterns of titles that hold a code."""
        codes = [getattr(self.identity, name) for name in CODE_NAMES]
        return [code.above for code in codes if isinstance(code, FromAbove)]

    @property
    def stated_above(self) -> dict[str, Conditions]:
        """Of codes, metric and unit what the lines fit that state them for those below, by what they say."""
        codes = {str(name): getattr(self.identity, name) for name in CODE_NAMES}
        sections = {**codes, "metric": self.metric, "unit": self.unit}
        return {name: section.of for name, section in sections.items() if getattr(section, "of", None)}

    @property
    def filled_fields(self) -> dict[str, tuple[str, ...]]:
        """The headings of columns that `fill_down` may name: all but those of values."""
        sections = {"metric": self.metric, "status": self.status, "unit": self.unit}
        columns = {field: section.column for field, section in sections.items() if section and section.column}
        codes = {f"{name}_code": getattr(self.identity, name) for name in CODE_NAMES}
        named = self.time_headings | {
            field: code.column for field, code in codes.items() if isinstance(code, FromColumn)
        }
        named |= {f"{field}:{heading}": heading for field, code in codes.items() for heading in self.headings_in(code)}
        named |= columns | {f"where:{heading}": heading for heading in self.where}
        by_contract = LONG_FIELDS if self.table_format == "long" else {}
        fields = ("timestamp", *codes, "tz", "metric", "unit")
        known = {field: by_contract[field] for field in fields if field in by_contract and not codes.get(field)}
        return known | {field: (heading,) for field, heading in named.items()}

    @property
    def calendar(self) -> Calendar | None:
        """The calendar interval, if the mapping names one."""
        return next((calendar for calendar in CALENDARS if calendar == self.interval), None)

    @property
    def minutes(self) -> int:
        """Length of an interval; of a month the longest."""
        length = length_of(self.calendar).span if self.calendar else None
        return length // dt.timedelta(minutes=1) if length else self.interval_minutes

    @property
    def headings(self) -> list[str]:
        """The headings of the columns that the mapping names."""
        codes = [getattr(self.identity, name) for name in CODE_NAMES]
        sections = (self.metric, self.status, self.unit, *codes)
        own = [*self.time_headings.values(), *(getattr(section, "column", None) for section in sections)]
        own += [text for text in (self.value, self.factor) if isinstance(text, str)]
        own += [self.intervals.first if self.intervals else None]
        in_codes = [heading for code in codes for heading in self.headings_in(code)]
        return [heading for heading in (*own, *in_codes, *self.where, *self.columns) if heading]

    def headings_in(self, code: object) -> list[str]:
        """Return the headings in the template of a code: what its braces hold beside groups and the sheet."""
        groups = self.identity.groups | self.column_groups | {SHEET_GROUP}
        return [name for name in dict.fromkeys(names_in_template(code)) if name not in groups]

    @model_validator(mode="after")
    def _has_letters_without_header(self) -> Self:
        if self.header is None:
            return self
        if self.header_row or self.header_lines:
            raise ValueError("either header: none, or header_row and header_lines")
        if other := [heading for heading in self.headings if not COLUMN_LETTER.fullmatch(fold(heading))]:
            raise ValueError(f"letters of columns, such as B, where header is none; not {', '.join(other)}")
        return self

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        check_times(self)
        if self.factor == 0:
            raise ValueError("factor: a number other than 0, or a heading")
        if self.positions and self.sheet:
            raise ValueError("either positions, which are those of a text, or sheet")
        if self.decimal and self.decimal == self.thousands:
            raise ValueError("different marks in decimal and thousands")
        if self.table_format == "long":
            if self.columns:
                raise ValueError("layout: day-sheet where columns are named; a long table has metric and value")
            if isinstance(self.value, ColumnMeaning) or (self.intervals and self.value):
                raise ValueError("layout: day-sheet where value says a metric; a long table with intervals has metric")
            return self
        if self.metric or isinstance(self.value, str):
            raise ValueError("layout: long where metric and value have columns; a day-sheet names its columns")
        if (self.intervals is None) != (self.value is None) or (self.intervals and self.columns):
            raise ValueError("either columns, or intervals and value: the metric (and unit) of their values")
        if not self.meanings:
            raise ValueError("columns: at least one heading with its metric")
        if not (self.timestamp or self.date or self.intervals):
            raise ValueError("either timestamp, or date and hour: the headings of the columns with the time")
        if self.identity.meter is None:
            raise ValueError("identity.meter: whose readings a day-sheet holds")
        self._each_column_has_one_meaning()
        if self.unit and not self.unit.column and len({METRICS[meaning.metric].unit for meaning in self.meanings}) > 1:
            raise ValueError("columns of one kind where one unit is that of all; else state unit for each column")
        return self

    @field_validator("positions")
    @classmethod
    def _positions_ascend(cls, positions: tuple[int, ...]) -> tuple[int, ...]:
        # Text left of the first column would be nobody's.
        if positions and (positions[0] != 1 or len(positions) == 1 or [*positions] != sorted({*positions})):
            raise ValueError("ascending positions of two columns or more, the first of which is 1: [1, 12, 17]")
        return positions

    @field_validator("columns")
    @classmethod
    def _patterns_are_known(cls, columns: dict[str, ColumnMeaning]) -> dict[str, ColumnMeaning]:
        for heading in filter(is_pattern, columns):
            require_pattern(heading)
        return columns

    @field_validator("identity")
    @classmethod
    def _groups_are_there(cls, identity: Identity, info: ValidationInfo) -> Identity:
        if "columns" in info.data:
            identity.check_groups([groups_in(heading) for heading in info.data["columns"]])
        return identity

    @property
    def meanings(self) -> list[ColumnMeaning]:
        """What the columns of a day-sheet hold."""
        return [*self.columns.values(), *([self.value] if isinstance(self.value, ColumnMeaning) else [])]

    @property
    def column_groups(self) -> frozenset[str]:
        """The groups of the patterns over headings."""
        return frozenset[str]().union(*map(groups_in, self.columns))

    def _each_column_has_one_meaning(self) -> None:
        claimed: dict[str, str] = {}
        columns = {heading: meaning for heading, meaning in self.columns.items() if not is_pattern(heading)}
        meanings = {heading: f"{meaning.metric} ({heading!r})" for heading, meaning in columns.items()}
        times = [(heading, "the time") for heading in self.time_headings.values()]
        others = {self.unit.column: "the unit"} if self.unit and self.unit.column else {}
        others |= {self.status.column: "the status"} if self.status else {}
        others |= {self.factor: "the factor"} if isinstance(self.factor, str) else {}
        for heading, meaning in [*times, *others.items(), *meanings.items()]:
            if other := claimed.get(fold(heading)):
                raise ValueError(f"one meaning for a column; {heading!r} is claimed by {other} and {meaning}")
            claimed[fold(heading)] = meaning
        metrics = [meaning.metric for meaning in columns.values()]
        if double := {metric for metric in metrics if metrics.count(metric) > 1}:
            raise ValueError(f"one column for a metric of one meter; two hold {', '.join(sorted(double))}")
