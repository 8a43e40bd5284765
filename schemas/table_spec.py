"""What a mapping says of one table in a file: where it is, what its columns mean, whose readings it holds."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from schemas.metrics import METRICS, factor_to_own_unit
from schemas.patterns import compile_pattern
from schemas.settings import TimeZoneName
from schemas.spec_parts import (
    ByWord,
    CellName,
    Glob,
    Regex,
    StatusWords,
    Strict,
    Text,
    UnitPlace,
    Words,
    fold_words,
    in_column,
    listed,
)
from schemas.spellings import fold

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
        if factor_to_own_unit(METRICS[self.metric], self.unit, interval_hours=1) is None:
            raise ValueError(f"a unit that fits {self.metric} ({METRICS[self.metric].unit}), not {self.unit!r}")
        return self


def _bare_metric(value: object) -> object:
    return {"metric": value} if isinstance(value, str) else value


class MetricWords(Strict):
    """The column with the metric of each row of a long table, and the supplier's words for metrics."""

    column: Text
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


class FromCell(Strict):
    """A code in one cell above the table, such as B3."""

    cell: CellName
    pattern: Regex | None = None
    r"""What of the cell's text is the code (its first group, or all it matches), such as `№\s*(\d+)`."""


def _kind_of_code(value: object) -> str:
    if isinstance(value, dict):
        return "<column>" if "column" in value else "<cell>"
    if isinstance(value, FromColumn | FromCell):
        return "<column>" if isinstance(value, FromColumn) else "<cell>"
    return "<text>"


Code = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[FromColumn, Tag("<column>")] | Annotated[FromCell, Tag("<cell>")],
    Discriminator(_kind_of_code),
]
"""A constant; a template over named groups and headings, such as `{building}-{Вид}`; a column or a cell of the file."""
COLUMN_LETTER = re.compile("[a-z]{1,3}")
"""Folded: letters of the Russian keyboard that look like Latin ones will do."""
TEMPLATE_NAME = re.compile(r"\{([^{}]+)\}")


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
    def _groups_exist(self) -> Self:
        if SHEET_GROUP in self._groups:
            raise ValueError(f"groups of other names than {SHEET_GROUP!r}, which is the name of the sheet")
        for code in (self.building, self.itp, self.meter):
            if isinstance(code, str) and re.search("[{}]", TEMPLATE_NAME.sub("", code)):
                raise ValueError(f"templates such as {{building}}-GVS, not {code!r}")
        if unknown := set(self.defaults) - self._groups:
            known = f"the groups of path and sheet ({', '.join(sorted(self._groups | {SHEET_GROUP}))})"
            raise ValueError(f"defaults of {known}, not {', '.join(sorted(unknown))}")
        return self

    @property
    def _groups(self) -> set[str]:
        return {group for regex in (self.path, self.sheet) for group in compile_pattern(regex or "").groupindex}

    def headings_in(self, code: object) -> list[str]:
        """Return the headings in a template: what its braces hold beside the groups and the sheet."""
        names = TEMPLATE_NAME.findall(code) if isinstance(code, str) else []
        return [name for name in dict.fromkeys(names) if name not in self._groups | {SHEET_GROUP}]

    def groups_of(self, *, path: str, sheet: str = "") -> dict[str, str]:
        """Return the named groups in a path and in the name of a sheet, with the defaults of those not matched."""
        values = dict(self.defaults)
        for regex, text in ((self.path, path), (self.sheet, sheet)):
            if regex and (match := compile_pattern(regex).search(text)):
                values |= {name: value for name, value in match.groupdict().items() if value}
        return values


class TableSpec(Strict):
    """One table of a file: where it is, what its columns mean, whose readings it holds."""

    table_format: Literal["long", "day-sheet"] = Field(alias="layout")
    sheet: Annotated[tuple[Glob, ...], BeforeValidator(listed)] = ()
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
    where: dict[Text, Annotated[Words, Field(min_length=1)]] = Field(default_factory=dict)
    """Heading → globs: only rows whose cells match one of them, under each heading; `""` is the empty cell."""
    status: Annotated[StatusWords, BeforeValidator(in_column)] | None = None
    timestamp: Text | None = None
    date: Text | None = None
    hour: Text | None = None
    interval_number: Text | None = None
    tz: Text | None = None
    interval: Text | None = None
    metric: Annotated[MetricWords, BeforeValidator(in_column)] | None = None
    value: Text | None = None
    unit: Annotated[UnitPlace, BeforeValidator(in_column)] | None = None
    """Headings. A long table that does not use the contract's names says its own."""
    time_zone: TimeZoneName | None = None
    interval_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    thousands: Literal[",", "."] | None = None
    """The mark between groups of three digits, where it is a comma or a point; the other one is the decimal mark."""
    decimal: Literal[",", "."] | None = None
    """The decimal mark; the other one is then that of thousands."""
    missing: Words = ()
    """The supplier's words for a missing value, beside those that every file may use (`schemas/spellings.py`)."""
    stamp: Literal["start", "end"] = "start"
    register_read_at: Literal["start", "end"] = "start"
    columns: dict[str, ColumnMeaning] = Field(default_factory=dict)
    """Heading → meaning; only for day-sheets."""
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
    def headings(self) -> list[str]:
        """The headings of the columns that the mapping names."""
        sections = (self.metric, self.status, self.unit, self.identity.building, self.identity.itp, self.identity.meter)
        times = (self.timestamp, self.date, self.hour, self.interval_number, self.tz, self.interval)
        own = [*times, self.value, *(getattr(section, "column", None) for section in sections)]
        in_codes = [heading for code in sections[3:] for heading in self.identity.headings_in(code)]
        return [heading for heading in (*own, *in_codes, *self.where, *self.columns) if heading]

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
        if self.timestamp and (self.date or self.hour or self.interval_number):
            raise ValueError("either timestamp, or date and hour: the headings of the columns with the time")
        if self.hour and self.interval_number:
            raise ValueError("either hour, or interval_number: how many intervals of the day the column counts, from 1")
        if self.interval_number and not self.date:
            raise ValueError("date where interval_number counts the intervals of a day")
        if self.decimal and self.decimal == self.thousands:
            raise ValueError("different marks in decimal and thousands")
        if self.table_format == "long":
            if self.columns:
                raise ValueError("layout: day-sheet where columns are named; a long table has metric and value")
            return self
        if self.metric or self.value:
            raise ValueError("layout: long where metric and value have columns; a day-sheet names its columns")
        if not self.columns:
            raise ValueError("columns: at least one heading with its metric")
        if not (self.timestamp or self.date):
            raise ValueError("either timestamp, or date and hour: the headings of the columns with the time")
        if self.identity.meter is None:
            raise ValueError("identity.meter: whose readings a day-sheet holds")
        self._each_column_has_one_meaning()
        if self.unit and not self.unit.column and len({METRICS[m.metric].unit for m in self.columns.values()}) > 1:
            raise ValueError("columns of one kind where one unit is that of all; else state unit for each column")
        return self

    def _each_column_has_one_meaning(self) -> None:
        claimed: dict[str, str] = {}
        meanings = {heading: f"{meaning.metric} ({heading!r})" for heading, meaning in self.columns.items()}
        times = {
            heading: "the time"
            for heading in (self.timestamp, self.date, self.hour, self.interval_number, self.tz, self.interval)
            if heading
        }
        others = {self.unit.column: "the unit"} if self.unit and self.unit.column else {}
        others |= {self.status.column: "the status"} if self.status else {}
        for heading, meaning in [*times.items(), *others.items(), *meanings.items()]:
            if other := claimed.get(fold(heading)):
                raise ValueError(f"one meaning for a column; {heading!r} is claimed by {other} and {meaning}")
            claimed[fold(heading)] = meaning
        metrics = [meaning.metric for meaning in self.columns.values()]
        if double := {metric for metric in metrics if metrics.count(metric) > 1}:
            raise ValueError(f"one column for a metric of one meter; two hold {', '.join(sorted(double))}")
