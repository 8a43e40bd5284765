"""Show what a file would load as, without a database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from schemas.table_schema import MetricColumn, TableSchema

_MAX_ROWS = 2
_MAX_READINGS = 12
"""A row of a month across would be a screen by itself."""
_MAX_VALUE_LENGTH = 60
_FIELDS = (
    *("timestamp", "date", "hour", "tz", "interval", "interval_end", "interval_end_hour"),
    *("building", "itp", "meter", "metric", "value", "factor", "unit", "status"),
)


class ParsedBatch(NamedTuple):
    """Consecutive rows of a table, the readings in them (schema PARSED), and what would be rejected."""

    raw: pa.Table | pa.RecordBatch
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
    meters: list[str]
    """Codes of the meters, sorted."""
    columns: list[dict[str, Any]]
    notes: list[str]
    first_readings: list[dict[str, Any]]
    last_readings: list[dict[str, Any]]
    lost: list[dict[str, Any]]
    """Each reason why readings would be rejected, told apart by its message, with how many errors and the first."""


def summarise(schema: TableSchema, batches: Iterable[ParsedBatch]) -> Preview:
    """Sum up a table's parsed readings."""
    rows = readings = unreadable = 0
    times: list[dt.datetime] = []
    first: list[dict[str, Any]] = []
    last: list[dict[str, Any]] = []
    meters: set[str] = set()
    lost: dict[str, dict[str, Any]] = {}
    zone = ZoneInfo(schema.time_zone)
    for raw, parsed, errors in batches:
        rows += pc.count_distinct(parsed.column("row_num")).as_py()
        readings += len(parsed)
        unreadable += pc.sum(pc.not_equal(parsed.column("problems"), 0)).as_py() or 0
        times += [time for time in pc.min_max(parsed.column("ts")).as_py().values() if time]
        meters |= {code for code in pc.unique(parsed.column("meter_code")).to_pylist() if code}
        first = first or _readings(parsed, zone, slice(None, _MAX_ROWS))
        last = _readings(parsed, zone, slice(-_MAX_ROWS, None)) or last
        _count_lost(lost, errors, raw)
    return Preview(
        sheet=schema.sheet,
        header_row=schema.header_row,
        time_zone=schema.time_zone,
        rows=rows,
        readings=readings,
        unreadable=unreadable,
        first_time=_local(min(times, default=None), zone),
        last_time=_local(max(times, default=None), zone),
        meters=sorted(meters),
        columns=_columns(schema),
        notes=schema.notes,
        first_readings=first,
        last_readings=last,
        lost=[*lost.values()],
    )


def _local(time: dt.datetime | None, zone: ZoneInfo) -> str | None:
    return time.astimezone(zone).isoformat(sep=" ", timespec="minutes") if time else None


def _readings(parsed: pa.Table, zone: ZoneInfo, which: slice) -> list[dict[str, Any]]:
    """Return the readings of the first or last source rows, lines of which nothing was read left out."""
    parsed = parsed.filter(pc.or_(pc.is_valid(parsed.column("ts")), pc.is_valid(parsed.column("metric"))))
    numbers = pa.array(sorted(pc.unique(parsed.column("row_num")).to_pylist())[which], pa.int32())
    shown = parsed.filter(pc.is_in(parsed.column("row_num"), value_set=numbers)).sort_by("row_num")
    shown = shown.slice(0, _MAX_READINGS) if which.start is None else shown.slice(max(len(shown) - _MAX_READINGS, 0))
    names = ("row_num", "building_code", "itp_code", "meter_code", "metric", "value", "unit")
    return [
        {"time": _local(reading["ts"], zone), **{name: reading[name] for name in names}}
        for reading in shown.to_pylist()
    ]


def _count_lost(lost: dict[str, dict[str, Any]], errors: pa.Table, raw: pa.Table | pa.RecordBatch) -> None:
    """Add the errors of a batch to those before it; the first with each message is the example."""
    if not len(errors):
        return
    messages = errors.column("message").cast(pa.string())
    for counted in pc.value_counts(messages.combine_chunks()).to_pylist():
        message, count = counted["values"], counted["counts"]
        if message not in lost:
            example = errors.slice(pc.index(messages, message).as_py(), 1).to_pylist()[0]
            lost[message] = _problem(example, raw)
        lost[message]["count"] += count


def _problem(error: dict[str, Any], raw: pa.Table | pa.RecordBatch) -> dict[str, Any]:
    row = raw.filter(pc.equal(raw.column("row_num"), error["row_num"])).to_pylist()[0]
    cells = [row.get(error["column_name"])] if error["column_name"] else [row[key] for key in [*row][2:]]
    value = "; ".join(cell for cell in cells if cell)
    return {
        "cell": error["cell"],
        "raw_value": value[:_MAX_VALUE_LENGTH],
        "reason": error["reason"],
        "count": 0,
        "message": error["message"],
    }


def _meaning(column: MetricColumn) -> str:
    said = (
        column.metric or "metric of the row",
        column.unit or "own unit",
        column.meter_code,
        column.date,
        column.hour,
    )
    return ", ".join(filter(None, said))


def _columns(schema: TableSchema) -> list[dict[str, Any]]:
    meanings = {column.key: _meaning(column) for column in schema.metrics}
    meanings |= {key: "selects rows" for key, _ in schema.where}
    meanings |= {part.column: name for name, parts in schema.code_parts.items() for part in parts if part.column}
    for field in _FIELDS:
        if key := getattr(schema, f"{field}_column"):
            meanings[key] = field.replace("_", " ")
    return [
        {
            "column": column.letter,
            "heading": column.heading,
            "meaning": meanings.get(column.key, "kept in the raw row"),
        }
        for column in schema.columns
    ]
