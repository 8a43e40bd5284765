"""Bind a table's columns to what the mapping says they mean."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name

from schemas.errors import FileError
from schemas.hours import Stamp
from schemas.lengths import find_unit_of_length, read_snap
from schemas.metrics import METRICS, convert_to_own_unit
from schemas.problems import FileProblem, FileRemark
from schemas.raw_rows import ROW_PROBLEM
from schemas.settings import Settings
from schemas.spec_parts import fold_words
from schemas.spellings import fold
from schemas.table_schema import CodePart, Column, MetricColumn, MetricWord, StatedCode, TableSchema
from schemas.table_spec import CODE_NAMES, FromColumn, Identity, TableSpec
from schemas.time_spec import DateInFile, IntervalLength
from schemas.units import find_units, unit_in_heading
from schemas.wide_columns import is_pattern
from tasks.ingest.bind_wide_columns import BoundColumn, WideColumn, bind_intervals, bind_patterns, require_different
from tasks.ingest.find_header import Header, Heading, WantedColumn, wanted_columns
from tasks.ingest.remember import remember

_VALUES = ("metric:", "intervals")
"""Fields of columns that are each meter's own where several are side by side; others may be outside of its block."""
_MAX_COLUMNS_NAMED = 20
_MAX_NAME_LENGTH = 60
_MAX_NAMES_LENGTH = 300
_MAX_COLUMNS_COMPARED = 500


def bind(
    header: Header,
    indexes: Sequence[int],
    spec: TableSpec,
    *,
    sheet: str | None,
    codes: Mapping[str, str | Sequence[CodePart] | None],
    settings: Settings,
    date: str | None = None,
    unit: str | None = None,
    groups: Mapping[str, str] | None = None,
) -> TableSchema:
    """Bind the columns with the given indexes, from 0; `codes`, `date` and `unit` are those that are not in a column.

    What is bound is the same of all files with this header, but for codes and what is found out of their rows.

    `groups` are those of path and sheet, for the codes that headings hold.

    Raises:
        FileError: a needed column is missing (the nearest match is named) or doubled, or its unit is another.

    """
    wanted_groups = groups if groups and any(map(is_pattern, spec.columns)) else {}
    bound = _bind(
        spec,
        tuple(header.headings),
        tuple(header.units.items()),
        tuple(indexes),
        sheet=sheet,
        line=header.line,
        time_zone=settings.default_tz,
        date=date,
        unit=unit,
        groups=tuple(wanted_groups.items()),
    )
    # Nothing of a file may end up in what is remembered.
    own: dict[str, Any] = {
        "filled_down": {key: [] for key in bound.schema.filled_down},
        "doubtful_marks": {},
        "first_hours": [],
        "second_hours": [],
        "notes": [],
        "stated_codes": {
            name: StatedCode(
                where=[(bound.keys[f"{name}_of:{heading}"], globs) for heading, globs in conditions.items()]
            )
            for name, conditions in spec.stated_above.items()
        },
    }
    return bound.schema.model_copy(update=own | _bind_codes(spec.identity, codes, bound.keys))


class _Bound(NamedTuple):
    """What the columns below a header mean, whosever readings they are."""

    schema: TableSchema
    keys: dict[str, str]
    """The keys of the columns by what they are wanted for."""


@remember
def _bind(
    spec: TableSpec,
    headings: tuple[Heading, ...],
    units: tuple[tuple[int, str], ...],
    indexes: tuple[int, ...],
    *,
    sheet: str | None,
    line: int,
    time_zone: str,
    date: str | None,
    unit: str | None,
    groups: tuple[tuple[str, str], ...],
) -> _Bound:
    """Bind columns; `units` are those of a line below the header, by the indexes of their columns."""
    columns = _Columns.of(headings, indexes, spec)
    found = {wanted.field: columns.find(wanted) for wanted in wanted_columns(spec) if not wanted.pattern}
    keys = {field: column.key for field, column in found.items() if column}
    values = _bind_values(spec, columns, keys, dict(groups))
    bound_keys = {value.meaning.key for value in values}
    # What only looks like a column of the contract is whatever the mapping says it is.
    keys = {field: key for field, key in keys.items() if key not in bound_keys or field in _needed_fields(spec)}
    # On the lines of readings a column may hold a value whose own text is on lines above them.
    above = {field for name in spec.stated_above for field in (name, f"{name}_code")}
    own = {key: field for field, key in keys.items() if not field.startswith(_VALUES) and field not in above}
    require_different(values, own)
    _check_units(dict(units), values, spec.minutes, unit)
    value_unit = None
    if value := found.get("value"):
        value_unit = _unit_of_values(dict(units), spec, value, columns.index_of(value), unit)
    schema = TableSchema(
        table_format=spec.table_format,
        sheet=sheet,
        header_row=line,
        columns=columns.columns,
        timestamp_column=keys.get("timestamp"),
        date_column=keys.get("date"),
        hour_column=keys.get("hour") or keys.get("interval_number"),
        counts_intervals=spec.interval_number is not None or bool(spec.intervals and spec.intervals.is_numbered),
        tz_column=keys.get("tz"),
        interval_column=keys.get("interval"),
        interval_unit=_unit_of_lengths(spec, found.get("interval")),
        time_zone=spec.time_zone or time_zone,
        interval_end_column=keys.get("interval_end"),
        interval_end_hour_column=keys.get("interval_end_hour"),
        interval_minutes=spec.minutes,
        calendar=spec.calendar,
        dates=spec.dates,
        date_in_file=date,
        filled_down={key: [] for key in _keys_of(spec.fill_down, wanted_columns(spec), keys)},
        tells_hours_by_order=spec.ambiguous_hours is not None,
        snap_seconds=int(read_snap(spec.snap).total_seconds()) if spec.snap else 0,
        has_stamps=spec.timestamp is None and spec.date is None,
        is_interval_stated="interval_minutes" in spec.model_fields_set,
        stamp=spec.stamp,
        register_read_at=_register_read_at(spec),
        thousands=spec.mark_of_thousands,
        missing=spec.missing,
        metrics=[_with_unit(dict(units), value, unit) for value in values],
        metric_column=keys.get("metric"),
        metric_words=_metric_words(spec),
        value_column=keys.get("value"),
        unit_column=keys.get("unit"),
        value_unit=value_unit or unit,
        stated_unit=value_unit,
        factor=spec.factor if isinstance(spec.factor, float) else 1,
        factor_column=keys.get("factor"),
        skips_empty_cells=spec.empty_cells == "skip",
        where=[(keys[f"where:{heading}"], globs) for heading, globs in spec.where.items()],
        status_column=keys.get("status"),
        status_words=fold_words(spec.status.words) if spec.status else {},
    )
    return _Bound(schema, keys)


def _register_read_at(spec: TableSpec) -> Stamp:
    """Return when registers are read: without a time of day at the moment that the file's date names."""
    is_of_days = isinstance(spec.date, DateInFile) and not (spec.hour or spec.interval_number)
    is_said = "register_read_at" in spec.model_fields_set
    return spec.stamp if is_of_days and not is_said else spec.register_read_at


def _unit_of_lengths(spec: TableSpec, column: Column | None) -> str | None:
    """Return what says the unit of the lengths of intervals that are numbers alone."""
    stated = spec.interval.unit if isinstance(spec.interval, IntervalLength) else None
    in_heading = find_unit_of_length(column.heading) if column else None
    if column and stated and in_heading and in_heading != find_unit_of_length(stated):
        raise FileError(FileProblem.UNIT_DIFFERS, column=column.heading, unit=column.heading, expected=stated)
    return stated or (column.heading if column and in_heading else None)


def _keys_of(headings: Sequence[str], wanted: Sequence[WantedColumn], keys: dict[str, str]) -> list[str]:
    """Return the keys of the columns with some headings."""
    folded = set(map(fold, headings))
    fields = [column.field for column in wanted if folded & set(map(fold, column.spellings))]
    return [keys[field] for field in fields if field in keys]


def _bind_values(
    spec: TableSpec, columns: _Columns, keys: Mapping[str, str], groups: Mapping[str, str]
) -> list[BoundColumn]:
    """Bind the columns of values of a wide table, in the order of the mapping; of a long table there are none."""
    wide = columns.wide()
    if spec.intervals:
        return bind_intervals(spec, spec.intervals, wide, keys.get("intervals"))
    by_key = {column.key: column for column in wide}
    fixed = [
        BoundColumn(by_key[key], heading, MetricColumn(key=key, metric=meaning.metric, unit=meaning.unit))
        for heading, meaning in spec.columns.items()
        if (key := keys.get(f"metric:{heading}"))
    ]
    order = list(spec.columns)
    return sorted([*fixed, *bind_patterns(spec, wide, groups)], key=lambda bound: order.index(bound.named_by))


def _needed_fields(spec: TableSpec) -> set[str]:
    return {wanted.field for wanted in wanted_columns(spec) if wanted.required}


def _bind_codes(
    identity: Identity, codes: Mapping[str, str | Sequence[CodePart] | None], keys: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the schema says of codes: constants, columns, patterns and parts."""
    parts = {
        name: [
            CodePart(text=part.text, column=keys[f"{name}_code:{part.column}"] if part.column else None)
            for part in code
        ]
        for name, code in codes.items()
        if code and not isinstance(code, str)
    }
    first = {name: next(part.column for part in own if part.column) for name, own in parts.items()}
    sections = {name: getattr(identity, name) for name in CODE_NAMES}
    return {
        **{f"{name}_code": code for name, code in codes.items() if isinstance(code, str)},
        **{f"{name}_column": keys.get(f"{name}_code") or first.get(name) for name in CODE_NAMES},
        "code_parts": parts,
        "code_patterns": {
            name: code.pattern for name, code in sections.items() if isinstance(code, FromColumn) and code.pattern
        },
    }


def _metric_words(spec: TableSpec) -> dict[str, MetricWord]:
    words = fold_words(spec.metric.words) if spec.metric else {}
    return {word: MetricWord(metric=meaning.metric, unit=meaning.unit) for word, meaning in words.items()}


def note_unmapped(tables: Sequence[TableSchema]) -> list[str]:
    """Name the columns that mean nothing to any of the tables that share a header."""
    used = frozenset[str]().union(*(table.used_keys for table in tables))
    unmapped = [column for column in tables[0].columns if column.key not in used and column.heading]
    names = [_name(column)[:_MAX_NAME_LENGTH] for column in unmapped]
    if not names:
        return []
    more = len(names) - _MAX_COLUMNS_NAMED
    remark = FileRemark.MANY_UNMAPPED_COLUMNS if more > 0 else FileRemark.UNMAPPED_COLUMNS
    return [remark.format(columns=", ".join(names[:_MAX_COLUMNS_NAMED]), more=more)]


def _name(column: Column) -> str:
    return column.letter if column.heading == column.letter else f"{column.letter} «{column.heading}»"


class _Columns(NamedTuple):
    """The columns of a table and the names by which each can be found, best first."""

    columns: list[Column]
    indexes: Sequence[int]
    """Per column, its index in the file's line."""
    headings: list[Heading]
    names: list[tuple[str, ...]]
    """Per column, folded."""
    in_block: list[bool]

    @classmethod
    def of(cls, of_header: Sequence[Heading], indexes: Sequence[int], spec: TableSpec) -> _Columns:
        headings = [of_header[index] if index < len(of_header) else Heading("") for index in indexes]
        letters = [str(xl_col_to_name(index)) for index in indexes]
        titles = [" ".join(heading.text.split()) or letter for heading, letter in zip(headings, letters, strict=True)]
        columns = [
            Column(key=key, heading=heading.text, letter=letter)
            for key, heading, letter in zip(_unique_keys(titles), headings, letters, strict=True)
        ]
        first, last = _block_indexes(spec.block)
        names = [tuple(fold(name) for name in heading) for heading in headings]
        return cls(columns, indexes, headings, names, [first <= index <= last for index in indexes])

    def wide(self) -> list[WideColumn]:
        """Return the columns for what one key names together."""
        keys = (column.key for column in self.columns)
        return list(map(WideColumn, self.indexes, keys, self.headings, self.in_block))

    def index_of(self, column: Column) -> int:
        """Return the index of a column in the file's line."""
        return self.indexes[self.columns.index(column)]

    def find(self, wanted: WantedColumn) -> Column | None:
        """Find a column: inside the block before outside, where values are not; by the whole heading before one line.

        Raises:
            FileError: it is needed and missing, or there are several.

        """
        spellings = {fold(spelling) for spelling in wanted.spellings}
        is_value = wanted.field == "value" or wanted.field.startswith(_VALUES)
        for inside in (True,) if is_value else (True, False):
            for heading_line in range(len(Heading._fields)):
                found = [
                    column
                    for column, names, in_block in zip(self.columns, self.names, self.in_block, strict=True)
                    if in_block == inside and names[heading_line] in spellings
                ]
                if len(found) > 1 and wanted.may_repeat:
                    return None
                if len(found) > 1:
                    raise FileError(
                        FileProblem.COLUMN_DOUBLED,
                        column=wanted.spellings[0],
                        columns=", ".join(_name(column) for column in found),
                    )
                if found:
                    return found[0]
        if wanted.required:
            raise self._missing(wanted.spellings[0])
        return None

    def _missing(self, heading: str) -> FileError:
        own = [column for column, in_block in zip(self.columns, self.in_block, strict=True) if in_block]
        present = {fold(column.heading): column.heading for column in own if column.heading}
        listed = ", ".join(f"«{name}»" for name in present.values()) or "—"
        listed = f"{listed[:_MAX_NAMES_LENGTH]}…" if len(listed) > _MAX_NAMES_LENGTH else listed
        similar = difflib.get_close_matches(fold(heading), list(present)[:_MAX_COLUMNS_COMPARED], 1, 0.5)
        if similar:
            return FileError(FileProblem.COLUMN_RENAMED, column=heading, similar=present[similar[0]], present=listed)
        return FileError(FileProblem.COLUMN_MISSING, column=heading, present=listed)


def _unique_keys(titles: Sequence[str]) -> list[str]:
    """Return the titles, repetitions numbered: `t`, `t (2)`, …; a raw row has two further columns."""
    used = {"row_num", ROW_PROBLEM}
    keys = []
    counts: dict[str, int] = {}
    for title in titles:
        key = title
        while key in used:
            counts[title] = counts.get(title, 1) + 1
            key = f"{title} ({counts[title]})"
        used.add(key)
        keys.append(key)
    return keys


def _block_indexes(block: str | None) -> tuple[int, int]:
    if block is None:
        return 0, 1 << 30
    first, last = (int(xl_cell_to_rowcol(f"{letters}1")[1]) for letters in block.split(":"))
    return first, last


def _check_units(
    units: Mapping[int, str], values: Sequence[BoundColumn], interval_minutes: int, of_table: str | None
) -> None:
    """Refuse a column whose unit, in or below its heading, is not the mapping's: nothing is read by the old one."""
    for column, named_by, meaning in values:
        for unit in (unit_in_heading(column.heading.text), units.get(column.position), of_table):
            expected = meaning.unit or of_table
            if unit and meaning.metric and differs_in_unit(unit, meaning.metric, expected, interval_minutes):
                name = column.heading.text if is_pattern(named_by) else named_by
                raise FileError(
                    FileProblem.UNIT_DIFFERS, column=name, unit=unit, expected=expected or METRICS[meaning.metric].unit
                )


def _with_unit(units: Mapping[int, str], value: BoundColumn, of_table: str | None) -> MetricColumn:
    """Return what a column holds with its unit, also the one that nothing in it may contradict."""
    column, _, meaning = value
    in_header = unit_in_heading(column.heading.text) or units.get(column.position)
    if not meaning.metric and any(unit.dimension == "duration" for unit in find_units(in_header or "")):
        in_header = None  # of the interval
    unit = meaning.unit or of_table or (None if meaning.metric else in_header)
    return meaning.model_copy(update={"unit": unit, "stated_unit": meaning.unit or in_header})


def _unit_of_values(
    units: Mapping[int, str], spec: TableSpec, value: Column, index: int, of_table: str | None
) -> str | None:
    """Return the unit in or below the heading of a long table's values; that of a word or the table is no other."""
    of_heading = unit_in_heading(value.heading) or units.get(index)
    if of_table and of_heading and find_units(of_table) != find_units(of_heading):
        raise FileError(FileProblem.UNIT_DIFFERS, column=value.heading, unit=of_heading, expected=of_table)
    for meaning in spec.metric.words.values() if spec.metric else ():
        # Over the values of several metrics it may be that of the others.
        if not of_heading or not meaning.unit or not _fits(of_heading, meaning.metric):
            continue
        if differs_in_unit(of_heading, meaning.metric, meaning.unit, spec.minutes):
            raise FileError(FileProblem.UNIT_DIFFERS, column=value.heading, unit=of_heading, expected=meaning.unit)
    return of_heading


def _fits(unit: str, metric: str) -> bool:
    return convert_to_own_unit(metric, unit, interval_hours=1) is not None


def differs_in_unit(unit: str, metric: str, expected: str | None, interval_minutes: int) -> bool:
    """Return True if values of a metric in a unit are others than in the unit that the mapping says."""
    hours = interval_minutes / 60
    found, own = (convert_to_own_unit(metric, text, interval_hours=hours) for text in (unit, expected))
    return found != own
