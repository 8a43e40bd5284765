"""Bind a table's columns to what the mapping says they mean."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name

from schemas.errors import FileError
from schemas.metrics import METRICS, factor_to_own_unit
from schemas.problems import FileProblem, FileRemark
from schemas.raw_rows import ROW_PROBLEM
from schemas.settings import Settings
from schemas.spec_parts import fold_words
from schemas.spellings import fold
from schemas.table_schema import CodePart, Column, MetricColumn, MetricWord, TableSchema
from schemas.table_spec import CODE_NAMES, FromColumn, Identity, TableSpec
from schemas.units import find_units, unit_in_heading
from tasks.ingest.find_header import Header, Heading, WantedColumn, wanted_columns

_ROW_FIELDS = {"timestamp", "date", "hour", "interval_number", "tz", "interval", "where", "status"}
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
    unit: str | None = None,
) -> TableSchema:
    """Bind the columns with the given indexes, from 0; `codes` and `unit` are those that are not in a column.

    Raises:
        FileError: a needed column is missing (the nearest match is named) or doubled, or its unit is another.

    """
    columns = _Columns.of(header, indexes, spec)
    found = {wanted.field: columns.find(wanted) for wanted in wanted_columns(spec)}
    keys = {field: column.key for field, column in found.items() if column}
    present = {field: (column, columns.index_of(column)) for field, column in found.items() if column}
    _check_units(header, spec, present, unit)
    value_unit = unit_in_heading(value.heading) if (value := found.get("value")) else None
    if value and unit and value_unit and find_units(unit) != find_units(value_unit):
        raise FileError(FileProblem.UNIT_DIFFERS, column=value.heading, unit=value_unit, expected=unit)
    return TableSchema(
        table_format=spec.table_format,
        sheet=sheet,
        header_row=header.line,
        columns=columns.columns,
        timestamp_column=keys.get("timestamp"),
        date_column=keys.get("date"),
        hour_column=keys.get("hour") or keys.get("interval_number"),
        counts_intervals=spec.interval_number is not None,
        tz_column=keys.get("tz"),
        interval_column=keys.get("interval"),
        time_zone=spec.time_zone or settings.default_tz,
        interval_minutes=spec.interval_minutes,
        is_interval_stated="interval_minutes" in spec.model_fields_set,
        stamp=spec.stamp,
        register_read_at=spec.register_read_at,
        thousands=spec.mark_of_thousands,
        missing=spec.missing,
        **_bind_codes(spec.identity, codes, keys),
        metrics=[
            MetricColumn(key=keys[f"metric:{heading}"], metric=meaning.metric, unit=meaning.unit or unit)
            for heading, meaning in spec.columns.items()
        ],
        metric_column=keys.get("metric"),
        metric_words=_metric_words(spec),
        value_column=keys.get("value"),
        unit_column=keys.get("unit"),
        value_unit=value_unit or unit,
        where=[(keys[f"where:{heading}"], globs) for heading, globs in spec.where.items()],
        status_column=keys.get("status"),
        status_words=fold_words(spec.status.words) if spec.status else {},
        notes=_note_unmapped(columns.columns, set(keys.values())),
    )


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


def _note_unmapped(columns: Sequence[Column], bound_keys: set[str]) -> list[str]:
    names = [_name(column)[:_MAX_NAME_LENGTH] for column in columns if column.key not in bound_keys and column.heading]
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
    names: list[tuple[str, ...]]
    """Per column, folded."""
    in_block: list[bool]

    @classmethod
    def of(cls, header: Header, indexes: Sequence[int], spec: TableSpec) -> _Columns:
        headings = [header.headings[index] if index < len(header.headings) else Heading("") for index in indexes]
        letters = [str(xl_col_to_name(index)) for index in indexes]
        titles = [" ".join(heading.text.split()) or letter for heading, letter in zip(headings, letters, strict=True)]
        columns = [
            Column(key=key, heading=heading.text, letter=letter)
            for key, heading, letter in zip(_unique_keys(titles), headings, letters, strict=True)
        ]
        first, last = _block_indexes(spec.block)
        names = [tuple(fold(name) for name in heading) for heading in headings]
        return cls(columns, indexes, names, [first <= index <= last for index in indexes])

    def index_of(self, column: Column) -> int:
        """Return the index of a column in the file's line."""
        return self.indexes[self.columns.index(column)]

    def find(self, wanted: WantedColumn) -> Column | None:
        """Find a column: inside the block before outside, by the whole heading before one line of it.

        Raises:
            FileError: it is needed and missing, or there are several.

        """
        spellings = {fold(spelling) for spelling in wanted.spellings}
        for inside in (True, False) if wanted.field.partition(":")[0] in _ROW_FIELDS else (True,):
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
        present = {fold(column.heading): column.heading for column in self.columns if column.heading}
        listed = ", ".join(f"«{name}»" for name in present.values())
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


def _check_units(header: Header, spec: TableSpec, found: dict[str, tuple[Column, int]], of_table: str | None) -> None:
    """Refuse a column whose unit, in or below its heading, is not the mapping's: nothing is read by the old one."""
    meanings = [(f"metric:{heading}", heading, meaning) for heading, meaning in spec.columns.items()]
    words = [meaning for meaning in (spec.metric.words.values() if spec.metric else ()) if meaning.unit]
    meanings += [("value", found["value"][0].heading, meaning) for meaning in words]
    for field, heading, meaning in meanings:
        column, index = found[field]
        of_values = None if field == "value" else of_table
        for unit in (unit_in_heading(column.heading), header.units.get(index), of_values):
            # Over the values of several metrics it may be that of the others.
            if not unit or (field == "value" and not _fits(unit, meaning.metric)):
                continue
            if differs_in_unit(unit, meaning.metric, meaning.unit or of_values, spec.interval_minutes):
                expected = meaning.unit or of_values or METRICS[meaning.metric].unit
                raise FileError(FileProblem.UNIT_DIFFERS, column=heading, unit=unit, expected=expected)


def _fits(unit: str, metric: str) -> bool:
    return factor_to_own_unit(METRICS[metric], unit, interval_hours=1) is not None


def differs_in_unit(unit: str, metric: str, expected: str | None, interval_minutes: int) -> bool:
    """Return True if values of a metric in a unit are others than in the unit that the mapping says."""
    factors = [
        factor_to_own_unit(METRICS[metric], text, interval_hours=interval_minutes / 60) for text in (unit, expected)
    ]
    return factors[0] != factors[1]
