"""Find the meters of a batch of loads in the reference tables."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from schemas.settings import Settings
from tasks.validate.apply_rules import Meter
from tasks.warehouse.connection import Connection
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

METER = pa.schema(
    [("meter_code", pa.string()), ("meter_id", pa.int64()), ("itp_code", pa.string()), ("building_code", pa.string())]
)

_MAX_CODES = 5_000


async def find_meters(connection: Connection, codes: Sequence[str], settings: Settings) -> pa.Table:
    """Find the meters with these codes (columns METER): as Arrow, a city's meters take a tenth of the memory."""
    meters = [METER.empty_table()]
    for start in range(0, len(codes), _MAX_CODES):
        rows = await connection.fetch(*sql("find_meters", settings, codes=codes[start : start + _MAX_CODES]))
        meters.append(pa.table(list(zip(*rows, strict=True)) or METER.empty_table().columns, METER))
    return pa.concat_tables(meters)


def meters_by_code(meters: pa.Table) -> dict[str, Meter]:
    """Return meters (columns METER) by their codes."""
    columns = [meters.column(name).to_pylist() for name in METER.names]
    return {code: Meter(*details) for code, *details in zip(*columns, strict=True)}
