"""Show what a file would load as, without a database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from schemas.table_schema import TableSchema

_MAX_ROWS = 2
_MAX_PROBLEMS = 5
_MAX_VALUE_LENGTH = 60


class ParsedBatch(NamedTuple):
    """Consecutive rows of a table, the readings in them (schema PARSED), and what cannot be read."""

    raw: pa.RecordBatch
    parsed: pa.Table
    errors: pa.Table


class Preview(NamedTuple):
    """What was found in one table."""

    sheet: str | None
    header_row: int
    time_zone: str
    rows: int
    readings: int
    unreadable: int
    """Readings with a time, number, metric or unit that cannot be read."""
    first_time: str | None
    last_time: str | None
    columns: list[dict[str, Any]]
    notes: list[str]
    first_readings: list[dict[str, Any]]
    first_problems: list[dict[str, Any]]


def summarise(schema: TableSchema, batches: Iterable[ParsedBatch]) -> Preview:
    """Sum up a table's parsed readings."""
    rows = readings = unreadable = 0
    times: list[dt.datetime] = []
    first: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    zone = ZoneInfo(schema.time_zone)
    for raw, parsed, errors in batches:
        rows += pc.count_distinct(parsed.column("row_num")).as_py()
        readings += len(parsed)
        unreadable += pc.sum(pc.not_equal(parsed.column("problems"), 0)).as_py() or 0
        times += [time for time in pc.min_max(parsed.column("ts")).as_py().values() if time]
        first = first or _first_readings(parsed, zone)
        problems += [_problem(error, raw) for error in errors.slice(0, _MAX_PROBLEMS - len(problems)).to_pylist()]
    return Preview(
        sheet=schema.sheet,
        header_row=schema.header_row,
        time_zone=schema.time_zone,
        rows=rows,
        readings=readings,
        unreadable=unreadable,
        first_time=_local(min(times, default=None), zone),
        last_time=_local(max(times, default=None), zone),
        columns=_columns(schema),
        notes=schema.notes,
        first_readings=first,
        first_problems=problems,
    )


def _local(time: dt.datetime | None, zone: ZoneInfo) -> str | None:
    return time.astimezone(zone).isoformat(sep=" ", timespec="minutes") if time else None


def _first_readings(parsed: pa.Table, zone: ZoneInfo) -> list[dict[str, Any]]:
    numbers = pc.unique(parsed.column("row_num")).slice(0, _MAX_ROWS)
    shown = parsed.filter(pc.is_in(parsed.column("row_num"), value_set=numbers)).sort_by("row_num")
    names = ("row_num", "building_code", "itp_code", "meter_code", "metric", "value", "unit")
    return [
        {"time": _local(reading["ts"], zone), **{name: reading[name] for name in names}}
        for reading in shown.to_pylist()
    ]


def _problem(error: dict[str, Any], raw: pa.RecordBatch) -> dict[str, Any]:
    row = raw.filter(pc.equal(raw.column("row_num"), error["row_num"])).to_pylist()[0]
    cells = [row.get(error["column_name"])] if error["column_name"] else [row[key] for key in [*row][2:]]
    value = "; ".join(cell for cell in cells if cell)
    return {
        "cell": error["cell"],
        "raw_value": value[:_MAX_VALUE_LENGTH],
        "reason": error["reason"],
        "message": error["message"],
    }


def _columns(schema: TableSchema) -> list[dict[str, Any]]:
    meanings = {column.key: f"{column.metric}, {column.unit or 'own unit'}" for column in schema.metrics}
    meanings |= {key: "selects rows" for key, _ in schema.where}
    meanings |= {part.column: name for name, parts in schema.code_parts.items() for part in parts if part.column}
    for field in ("timestamp", "date", "hour", "tz", "building", "itp", "meter", "metric", "value", "unit", "status"):
        if key := getattr(schema, f"{field}_column"):
            meanings[key] = field
    return [
        {
            "column": column.letter,
            "heading": column.heading,
            "meaning": meanings.get(column.key, "kept in the raw row"),
        }
        for column in schema.columns
    ]
