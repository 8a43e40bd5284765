"""Judge staged loads and write the verdicts: parsed readings, row errors, and what the load may take."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import NamedTuple
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import FileError
from schemas.readings import NO_METER
from schemas.reasons import Quality
from schemas.settings import Settings
from schemas.table_schema import TableSchema
from tasks.validate.apply_rules import Judged, Meter, judge
from tasks.validate.parse_readings import combine, word_places
from tasks.validate.partition_readings import (
    METER,
    Table,
    count_readings,
    plan_parts,
    raw_batches,
    restore_raw,
    split,
    write_accepted,
)
from tasks.validate.row_errors import column_letters, row_errors
from tasks.warehouse.batches import BatchResult, batch_by_size, prefetch, together_or_each_alone
from tasks.warehouse.connection import Connection, Warehouse
from tasks.warehouse.copy import copy_table
from tasks.warehouse.heap import trim_heap
from tasks.warehouse.load_log import Run, ValidationCounts, fail_load, finish_validation
from tasks.warehouse.raw_cells import pack_cells
from tasks.warehouse.spool import Spool, write_accepted_stream
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

# Three arrays of so many readings stay below the 2 kB from which PostgreSQL moves values out of the row.
_PIECE = 64
_CODES_AT_ONCE = 5_000
_TRIM_AFTER = 1_000_000  # readings
_NO_PROGRESS: Callable[[float], None] = lambda _: None  # noqa: E731
_log = logging.getLogger("dataops.validate")


class StagedLoad(NamedTuple):
    """A load whose rows are in stage and wait for their verdict."""

    load_id: UUID
    source_file: str
    raw_rows: int
    layouts: list[TableSchema]

    @property
    def readings(self) -> int:
        """About how many readings the file holds, to size groups."""
        return self.raw_rows * max((len(layout.metrics) or 1 for layout in self.layouts), default=1)


async def find_staged_loads(connection: Connection, run: Run, settings: Settings) -> list[StagedLoad]:
    """Find the loads of a run that are staged and not yet validated."""
    rows = await connection.fetch(*sql("find_staged_loads", settings, flow_run_id=run.flow_run_id))
    return [
        StagedLoad(
            row["load_id"],
            row["source_file"],
            row["raw_rows"],
            [TableSchema.model_validate(layout) for layout in json.loads(row["layout"])],
        )
        for row in rows
    ]


async def find_staged_batches(run: Run, warehouse: Warehouse) -> list[list[StagedLoad]]:
    """Put the loads of a run that are staged and not yet validated into batches."""
    async with warehouse.connect() as connection:
        loads = await find_staged_loads(connection, run, warehouse.settings)
    return list(batch_by_size(loads, rows=lambda load: load.readings))


async def validate_loads(
    loads: Sequence[StagedLoad], warehouse: Warehouse, *, progress: Callable[[float], None] = _NO_PROGRESS
) -> BatchResult:
    """Validate a batch of staged loads together; if that fails, each alone, so that only what is broken fails.

    Raises:
        Exception: a transient one, which a new try may cure.

    """
    settings = warehouse.settings

    async def validate(loads: Sequence[StagedLoad]) -> None:
        async with warehouse.connect() as connection:
            counts = await _validate_together(connection, loads, settings, progress)
        for load, found in zip(loads, counts, strict=True):
            _log.info(
                "validated %r: %d readings, %d rejected, %d duplicate, %d suspect",
                load.source_file,
                found.rows_read,
                found.rows_rejected,
                found.rows_duplicate,
                found.rows_suspect,
            )

    async def fail(load: StagedLoad, error: Exception) -> BatchResult:
        failure = FileError.of(error, step="проверка")
        _log.error("failed %r: %s", load.source_file, failure, exc_info=error)
        async with warehouse.connect() as connection:
            await fail_load(connection, load.load_id, failure, settings)
        return BatchResult(1, {load.source_file: str(failure)})

    return await together_or_each_alone(loads, validate, fail)


async def _validate_together(
    connection: Connection, loads: Sequence[StagedLoad], settings: Settings, progress: Callable[[float], None]
) -> list[ValidationCounts]:
    """Validate a batch of loads and write all outcomes in one transaction.

    Memory is bounded: a larger group is split by meter, and one part is stored while the next is judged.
    """
    tables = [
        Table(load.load_id, load.source_file, num, layout) for load in loads for num, layout in enumerate(load.layouts)
    ]
    spool = Spool(settings)
    for table in tables:
        await restore_raw(connection, table, spool, settings)
    counts = _Counts(len(tables))
    order = {load.load_id: place for place, load in enumerate(loads)}
    file_of_table = [order[table.load_id] for table in tables]
    with ExitStack() as stack:
        writers = [stack.enter_context(write_accepted_stream(spool.accepted(load.load_id))) for load in loads]
        async with connection.transaction():
            readings = await asyncio.to_thread(count_readings, tables, spool)
            known = await _find_meters(connection, [code for code in readings if code is not None], settings)
            total = max(readings.total(), 1)
            parts = plan_parts(readings, known)
            del readings, known  # a city's codes are many
            judged = (
                (parsed, judge(parsed, _meters(meters), settings, file_of_table))
                for parsed, meters in zip(split(tables, spool, parts), parts.meters, strict=True)
            )
            done = trimmed = 0
            async for part in prefetch(judged):
                counts.add(*part)
                await asyncio.gather(
                    _store(connection, tables, part[1], spool, settings),
                    asyncio.to_thread(write_accepted, part[1].readings, file_of_table, writers),
                )
                done += len(part[0])
                if done - trimmed > _TRIM_AFTER:
                    trim_heap()
                    trimmed = done
                progress(done / total)
            found = [counts.of(load.load_id, tables) for load in loads]
            for load_counts in found:
                await finish_validation(connection, load_counts, settings)
    for table in tables:
        spool.raw(table.load_id, table.table_num).unlink(missing_ok=True)
    return found


class _Counts:
    """Counts and first and last accepted time of each table."""

    def __init__(self, tables: int) -> None:
        self._numbers = np.zeros((tables, 4), dtype=np.int64)
        self._first = np.full(tables, np.iinfo(np.int64).max)
        self._last = np.full(tables, np.iinfo(np.int64).min)

    def add(self, parsed: pa.Table, judged: Judged) -> None:
        tables = len(self._numbers)
        of = judged.readings.column("table").to_numpy()
        quality = judged.readings.column("quality").to_numpy()
        numbers = [
            np.bincount(parsed.column("table").to_numpy(), minlength=tables),
            np.bincount(of[quality == Quality.REJECTED], minlength=tables),
            np.bincount(judged.duplicates, minlength=tables),
            np.bincount(of[quality == Quality.SUSPECT], minlength=tables),
        ]
        self._numbers += np.stack(numbers, axis=1)
        accepted = quality != Quality.REJECTED
        times = judged.readings.column("ts").cast(pa.int64()).to_numpy()[accepted].astype(np.int64)
        np.minimum.at(self._first, of[accepted], times)
        np.maximum.at(self._last, of[accepted], times)

    def of(self, load_id: UUID, tables: Sequence[Table]) -> ValidationCounts:
        """Add up the tables of one load."""
        read, rejected, duplicate, suspect = map(int, self._numbers[self._tables_of(load_id, tables)].sum(axis=0))
        return ValidationCounts(load_id, read, rejected, duplicate, suspect, *self._span(load_id, tables))

    def _span(self, load_id: UUID, tables: Sequence[Table]) -> tuple[int | None, int | None]:
        """Give first and last accepted time in microseconds since 1970 UTC, or None twice."""
        mine = self._tables_of(load_id, tables)
        first, last = self._first[mine].min(initial=np.iinfo(np.int64).max), self._last[mine].max(initial=-1)
        return (int(first), int(last)) if first <= last else (None, None)

    @staticmethod
    def _tables_of(load_id: UUID, tables: Sequence[Table]) -> list[int]:
        return [place for place, table in enumerate(tables) if table.load_id == load_id]


async def _find_meters(connection: Connection, codes: Sequence[str], settings: Settings) -> pa.Table:
    found = [METER.empty_table()]
    for start in range(0, len(codes), _CODES_AT_ONCE):
        rows = await connection.fetch(*sql("find_meters", settings, codes=codes[start : start + _CODES_AT_ONCE]))
        found.append(pa.table(list(zip(*rows, strict=True)) or METER.empty_table().columns, METER))
    return pa.concat_tables(found)


def _meters(rows: pa.Table) -> dict[str, Meter]:
    columns = [rows.column(name).to_pylist() for name in METER.names]
    return {code: Meter(*rest) for code, *rest in zip(*columns, strict=True)}


async def _store(
    connection: Connection, tables: Sequence[Table], judged: Judged, spool: Spool, settings: Settings
) -> None:
    readings = judged.readings
    await copy_table(connection, _series(tables, readings), into="parsed_series", schema=settings.stage_schema)
    rejected = readings.filter(pc.equal(readings.column("quality"), int(Quality.REJECTED)))
    if len(rejected):
        errors = await asyncio.to_thread(_row_errors, tables, rejected, spool)
        await connection.execute(sql.text("create_row_errors_in", settings))
        await copy_table(connection, errors, into="row_errors_in", schema=None)
        await connection.execute(sql.text("insert_row_errors", settings))
        await connection.execute("drop table row_errors_in")


def _row_errors(tables: Sequence[Table], rejected: pa.Table, spool: Spool) -> pa.Table:
    errors = row_errors([table.schema for table in tables], rejected)
    raw = _raw_rows_of(tables, errors, spool)
    places = pc.index_in(_row_keys(errors), value_set=_row_keys(raw))
    given = {name: errors.column(name) for name in errors.column_names if name != "table"}
    source = {name: raw.column(name).take(places) for name in ("cells", "payload")}
    return pa.table(_named(tables, errors.column("table")) | given | source)


def _raw_rows_of(tables: Sequence[Table], errors: pa.Table, spool: Spool) -> pa.Table:
    """Give the source rows that errors speak of, as stage keeps them: a look into stage would cost more."""
    found = []
    for place, table in enumerate(tables):
        row_nums = errors.filter(pc.equal(errors.column("table"), place)).column("row_num").to_numpy()
        if not len(row_nums):
            continue
        is_wanted = np.zeros(row_nums.max() + 1, dtype=bool)
        is_wanted[row_nums] = True
        for batch in raw_batches(table, spool):
            numbers = batch.column("row_num").to_numpy()
            rows = batch.filter(
                pa.array((numbers < len(is_wanted)) & is_wanted[np.minimum(numbers, len(is_wanted) - 1)])
            )
            cells, payload = pack_cells(rows)
            of_table = pa.repeat(pa.scalar(place, pa.int32()), len(rows))
            found.append(pa.table([of_table, rows.column("row_num"), cells, payload], names=_RAW_ROW))
    return pa.concat_tables(found)


_RAW_ROW = ["table", "row_num", "cells", "payload"]


def _row_keys(rows: pa.Table) -> pa.Array:
    return pa.array(rows.column("table").to_numpy().astype(np.int64) << 32 | rows.column("row_num").to_numpy())


def _named(tables: Sequence[Table], of: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    values = {
        "load_id": pa.array([table.load_id.bytes for table in tables], pa.binary(16)),
        "source_file": pa.array([table.source_file for table in tables], pa.string()),
        "sheet": pa.array([table.schema.sheet for table in tables], pa.string()),
        "table_num": pa.array([table.table_num for table in tables], pa.int16()),
    }
    return {name: value.take(of) for name, value in values.items()}


_COMMON = ["building_code", "itp_code", "meter_code", "metric", "unit", "quality", "reason", "meter_id"]


def _series(tables: Sequence[Table], readings: pa.Table) -> pa.Table:
    """Put readings that have all but row, time and value in common together, in pieces short enough to stay inline."""
    readings = readings.combine_chunks()
    words = [readings.column(name) for name in ("column_key", *_COMMON) if name not in ("quality", "meter_id")]
    numbers, _ = combine(
        [
            (readings.column("table").to_numpy(), len(tables)),
            (readings.column("quality").to_numpy(), len(Quality)),
            *((word_places(word), len(word.dictionary) + 1) for word in (word.combine_chunks() for word in words)),
        ]
    )
    order = np.argsort(numbers, kind="stable")
    begins = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    lengths = np.diff(begins, append=len(order))
    pieces = -(-lengths // _PIECE)
    number_in_run = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts = np.repeat(begins, pieces) + number_in_run * _PIECE
    offsets = pa.array(np.append(starts, len(order)).astype(np.int32))
    common = readings.take(pa.array(order[starts]))
    named = _named(tables, common.column("table"))
    layouts = [table.schema for table in tables]
    plain = {name: common.column(name).cast(pa.string()) for name in _COMMON if name not in ("quality", "meter_id")}
    meter_id = common.column("meter_id")
    in_order = readings.select(["row_num", "ts", "value"]).take(pa.array(order))

    def array_of(name: str, kind: pa.DataType) -> pa.Array:
        return pa.ListArray.from_arrays(offsets, in_order.column(name).combine_chunks().cast(kind))

    return pa.table(
        {
            **named,
            **plain,
            "column_ref": column_letters(layouts, common.column("table"), common.column("column_key")),
            "quality": common.column("quality"),
            "meter_id": pc.if_else(pc.equal(meter_id, NO_METER), None, meter_id),
            "row_nums": array_of("row_num", pa.int32()),
            "times_utc": array_of("ts", pa.timestamp("us")),
            "readings": array_of("value", pa.float64()),
        }
    )
