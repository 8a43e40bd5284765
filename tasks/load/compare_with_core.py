"""Leave out of what is merged every reading that core already has with the same value and quality.

What core has comes as a binary COPY, which numpy reads without a loop; a join that keeps only what has no match
(an anti-join) is left of a file that is delivered again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.readings import ACCEPTED, METRIC_NAMES
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.copy import copy_out
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

# PostgreSQL's binary COPY: a header, then rows, each value after its length; its timestamps count from 2000.
_HEADER_BYTES = 19
_WIDTHS = {"meter_id": ">i8", "time": ">i8", "metric": ">i4", "value": ">f8", "quality": ">i2"}
EXISTING = np.dtype(
    [
        ("fields", ">i2"),
        *(field for name, kind in _WIDTHS.items() for field in ((f"length of {name}", ">i4"), (name, kind))),
    ]
)
"""A row of `select_existing.sql` as binary COPY sends it."""
_YEAR_2000 = 946_684_800_000_000
"""Microseconds since 1970 UTC."""
_KEYS = ["meter_id", "time", "metric_code", "value", "quality"]


async def find_changed_rows(
    connection: Connection, tables: Iterable[pa.Table], settings: Settings
) -> AsyncIterator[pa.Table]:
    """Yield the readings that core does not have with the same value and quality.

    While the server looks up what it has of one table, a thread compares the one before.
    """
    comparing: asyncio.Task[pa.Table] | None = None
    for readings in tables:
        existing = await _fetch_existing(connection, readings, settings)
        if comparing:
            yield await comparing
        comparing = asyncio.create_task(asyncio.to_thread(changed_rows, readings, existing))
    if comparing:
        yield await comparing


async def _fetch_existing(connection: Connection, readings: pa.Table, settings: Settings) -> np.ndarray:
    """Return what core has of the same meters and span: rows of EXISTING."""
    query, *values = sql(
        "select_existing",
        settings,
        meters=pc.unique(readings.column("meter_id")).to_pylist(),
        first_time=pc.min(readings.column("time")).as_py(),
        last_time=pc.max(readings.column("time")).as_py(),
        # A reading beyond the limit counts as different, and the server compares it.
        max_rows=2 * len(readings),
    )
    query = query.replace("{metric_codes}", metric_codes(readings))
    return decode_existing(await copy_out(connection, query, *values))


def metric_codes(readings: pa.Table) -> str:
    """Return the branches of a CASE that turns the metrics of these readings into their numbers in METRIC_NAMES.

    Only of these: core's type may be an enum, even one that lacks other metrics of ours.
    """
    names = set(pc.unique(readings.column("metric")).to_pylist())
    return " ".join(f"when '{name}' then {code}" for code, name in enumerate(METRIC_NAMES) if name in names)


def decode_existing(received: bytes | bytearray) -> np.ndarray:
    """Return the rows of a binary COPY; its trailer is shorter than a row."""
    return np.frombuffer(received, EXISTING, len(received) // EXISTING.itemsize, _HEADER_BYTES)


def changed_rows(readings: pa.Table, existing: np.ndarray) -> pa.Table:
    """Return the readings that are not among the existing ones, or have another value or quality there."""
    codes = pc.index_in(readings.column("metric"), value_set=pa.array(METRIC_NAMES))
    columns = {
        name: existing[name].astype(existing.dtype[name].newbyteorder("=")) for name in ("meter_id", "value", "quality")
    }
    times = pa.array(existing["time"].astype(np.int64) + _YEAR_2000).cast(ACCEPTED.field("time").type)
    in_core = pa.table(columns | {"time": times, "metric_code": existing["metric"].astype(np.int32)})
    return (
        readings.append_column("metric_code", codes)
        .join(in_core, _KEYS, join_type="left anti", use_threads=False)
        .select(readings.column_names)
    )
