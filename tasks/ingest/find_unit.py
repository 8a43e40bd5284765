"""Find the unit of a whole table: in the sheet's name, in a cell, or in a line above the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from schemas.errors import FileError
from schemas.metrics import convert_to_own_unit
from schemas.patterns import extract
from schemas.problems import FileProblem
from schemas.spec_parts import UnitPlace
from schemas.table_spec import TableSpec
from schemas.units import find_units
from tasks.ingest.find_header import Header
from tasks.ingest.grids import Row, cell_at, line_text


def find_unit(spec: TableSpec, header: Header, *, sheet: str | None, rows: Iterator[Row]) -> str | None:
    """Return the unit of all values of a table; None where its rows, its columns or nobody says it.

    Raises:
        FileError: it is not where the mapping says, or it is unknown, or none of the table's metrics.

    """
    place = spec.unit
    if place is None or place.column:
        return None
    unit = _unit_at(place, header, sheet or "", rows)
    if not unit:
        raise FileError(FileProblem.UNIT_NOT_FOUND, place=place.name)
    metrics = [meaning.metric for meaning in spec.meanings]
    if not find_units(unit) or any(convert_to_own_unit(metric, unit, interval_hours=1) is None for metric in metrics):
        raise FileError(FileProblem.UNIT_UNFIT, unit=unit, place=place.name)
    return unit


def _unit_at(place: UnitPlace, header: Header, sheet: str, rows: Iterator[Row]) -> str | None:
    if place.cell:
        return extract(place.pattern, cell_at(rows, place.cell))
    return extract(place.sheet, sheet) if place.sheet else _unit_above(place.above or "", header, rows)


def _unit_above(pattern: str, header: Header, rows: Iterator[Row]) -> str | None:
    """Return the first unit above the header: below the table's title before above it.

    What is above the title may be of another table: units that differ are none.
    """
    lines = [line_text(row) for row in islice(rows, header.first_line - 1)]
    own = header.begins - 1 if header.begins < header.first_line else len(lines)
    below, above = (_matches(pattern, part) for part in (lines[own:], lines[:own]))
    if not below and own < len(lines) and len(set(above)) > 1:
        return None
    return next(iter([*below, *above]), None)


def _matches(pattern: str, lines: Sequence[str]) -> list[str]:
    return [unit for line in lines if (unit := extract(pattern, line))]
