"""Show what a file would load as, without a database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from schemas.raw_rows import RAGGED
from schemas.table_schema import TableSchema

_ROWS = 2
_PROBLEMS = 5


class Part(NamedTuple):
    """Some rows of a table, what they say, and what is wrong with them."""

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


def summarise(layout: TableSchema, parts: Iterable[Part]) -> Preview:
    """Sum up a table's parsed readings (schema PARSED)."""
    rows = readings = unreadable = 0
    times: list[Any] = []
    first: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    zone = ZoneInfo(layout.time_zone)
    for raw, table, errors in parts:
        rows += pc.count_distinct(table.column("row_num")).as_py()
        readings += len(table)
        unreadable += pc.sum(pc.not_equal(table.column("problems"), 0)).as_py() or 0
        times += [moment for moment in pc.min_max(table.column("ts")).as_py().values() if moment]
        if not first:
            numbers = pc.unique(table.column("row_num")).slice(0, _ROWS)
            shown = table.filter(pc.is_in(table.column("row_num"), value_set=numbers)).sort_by("row_num")
            first = [_reading(reading, zone) for reading in shown.to_pylist()]
        problems += [_problem(error, raw) for error in errors.slice(0, _PROBLEMS - len(problems)).to_pylist()]
    local = (
        [moment.astimezone(zone).isoformat(sep=" ", timespec="minutes") for moment in (min(times), max(times))]
        if times
        else [None, None]
    )
    return Preview(
        sheet=layout.sheet,
        header_row=layout.header_row,
        time_zone=layout.time_zone,
        rows=rows,
        readings=readings,
        unreadable=unreadable,
        first_time=local[0],
        last_time=local[1],
        columns=_columns(layout),
        notes=[*layout.notes, *(f"{kind}: {count}" for kind, count in layout.skipped.items())],
        first_readings=first,
        first_problems=problems,
    )


def _problem(error: dict[str, Any], raw: pa.RecordBatch) -> dict[str, Any]:
    row = raw.filter(pc.equal(raw.column("row_num"), error["row_num"])).to_pylist()[0]
    value = (row.get(error["column_name"]) or "").removeprefix(RAGGED)
    return {"cell": error["cell"], "raw_value": value[:60], "reason": error["reason"], "message": error["message"]}


def _reading(reading: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    time = reading["ts"].astimezone(zone).isoformat(sep=" ", timespec="minutes") if reading["ts"] else None
    names = ("row_num", "building_code", "itp_code", "meter_code", "metric", "value", "unit")
    return {"time": time, **{name: reading[name] for name in names}}


def _columns(layout: TableSchema) -> list[dict[str, Any]]:
    meanings = {column.key: f"{column.metric}, {column.unit or 'own unit'}" for column in layout.metrics}
    for field in ("timestamp", "date", "hour", "tz", "building", "itp", "meter", "metric", "value", "unit"):
        if key := getattr(layout, f"{field}_column"):
            meanings[key] = field
    return [
        {
            "column": column.letter,
            "heading": column.heading,
            "meaning": meanings.get(column.key, "kept in the raw row"),
        }
        for column in layout.columns
    ]
