"""Find the meters of a batch of loads in the reference tables."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import pyarrow as pa

from schemas.settings import Settings
from tasks.validate.apply_rules import Meter
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

METER = pa.schema(
    [
        ("meter_code", pa.string()),
        ("meter_id", pa.int64()),
        ("itp_code", pa.string()),
        ("building_code", pa.string()),
        ("interval_minutes", pa.int32()),
    ]
)

_MAX_CODES = 5_000


async def find_meters(connection: Connection, codes: Sequence[str], settings: Settings) -> pa.Table:
    """Find the meters with these codes (columns METER), a row a place.

    As Arrow, a city's meters take a tenth of the memory.
    """
    meters = [METER.empty_table()]
    for start in range(0, len(codes), _MAX_CODES):
        rows = await connection.fetch(*sql("find_meters", settings, codes=codes[start : start + _MAX_CODES]))
        meters.append(_as_table(rows))
    return pa.concat_tables(meters)


async def find_all_meters(connection: Connection, settings: Settings) -> pa.Table:
    """Find every meter of the reference tables (columns METER), a row a place; within a transaction."""
    meters = [METER.empty_table()]
    query, *values = sql("find_all_meters", settings)
    cursor = await connection.cursor(query, *values)
    while rows := await cursor.fetch(_MAX_CODES):
        meters.append(_as_table(rows))
    return pa.concat_tables(meters)


def _as_table(rows: Sequence[asyncpg.Record]) -> pa.Table:
    return pa.table(list(zip(*rows, strict=True)) or METER.empty_table().columns, METER)


def meters_by_code(meters: pa.Table) -> dict[str, Meter]:
    """Return meters (columns METER) by their codes."""
    columns = [meters.column(name).to_pylist() for name in METER.names]
    found: dict[str, Meter] = {}
    for code, *details in zip(*columns, strict=True):
        meter = found.setdefault(code, Meter(*details))
        if (place := (details[1], details[2])) != (meter.itp_code, meter.building_code):
            found[code] = meter._replace(other_places=meter.other_places | {place})
    return found
