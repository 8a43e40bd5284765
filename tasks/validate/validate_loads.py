"""Validate staged loads and write the outcome: parsed readings, row errors, and what the merge may take."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from schemas.problems import Step
from schemas.reasons import Quality
from schemas.settings import Settings
from schemas.table_schema import TableSchema
from tasks.validate.apply_rules import Outcome, apply_rules
from tasks.validate.count_outcomes import OutcomeCounts
from tasks.validate.find_meters import find_all_meters, find_meters, meters_by_code
from tasks.validate.partition_readings import (
    Partitions,
    ReadingCounts,
    count_readings,
    partition_readings,
    plan_partitions,
)
from tasks.validate.row_error_buckets import RowErrorBuckets
from tasks.validate.row_errors import row_errors
from tasks.validate.staged_tables import StagedTable, read_all_raw_rows, restore_raw_rows
from tasks.validate.store_outcomes import store_row_errors, store_series
from tasks.validate.write_accepted import write_accepted
from tasks.warehouse.batches import (
    BatchResult,
    Progress,
    batch_by_size,
    ignore_progress,
    prefetch,
    together_or_each_alone,
)
from tasks.warehouse.connection import Connection, Warehouse
from tasks.warehouse.heap import trim_heap_after
from tasks.warehouse.load_log import Run, ValidationCounts, fail_alone, finish_validation
from tasks.warehouse.spool import AcceptedWriter, Spool
from tasks.warehouse.statements import Statements
from tasks.warehouse.storage import LOCAL

sql = Statements(__file__)

_log = logging.getLogger("dataops.validate")


class StagedLoad(NamedTuple):
    """A load whose rows are in stage and not yet validated."""

    load_id: UUID
    source_file: str
    raw_rows: int
    tables: list[TableSchema]

    @property
    def readings(self) -> int:
        """About how many readings the file holds, to batch files by size."""
        return self.raw_rows * max((len(table.metrics) or 1 for table in self.tables), default=1)


async def _find_staged_loads(connection: Connection, run: Run, settings: Settings) -> list[StagedLoad]:
    """Find the loads of a run that are staged and not yet validated."""
    rows = await connection.fetch(*sql("find_staged_loads", settings, claim_key=run.claim_key))
    return [
        StagedLoad(
            row["load_id"],
            row["source_file"],
            row["raw_rows"],
            [TableSchema.model_validate(table) for table in json.loads(row["layout"])],
        )
        for row in rows
    ]


async def find_staged_batches(run: Run, warehouse: Warehouse) -> list[list[StagedLoad]]:
    """Batch the loads of a run that are staged and not yet validated."""
    async with warehouse.connect() as connection:
        loads = await _find_staged_loads(connection, run, warehouse.settings)
    return list(batch_by_size(loads, rows=lambda load: load.readings))


async def validate_loads(
    loads: Sequence[StagedLoad], run: Run, warehouse: Warehouse, *, progress: Progress = ignore_progress
) -> BatchResult:
    """Validate a batch of staged loads together; if that fails, each alone, so that only what is broken fails.

    Raises:
        Exception: a transient one, which a new try may cure.

    """
    settings = warehouse.settings

    async def validate(loads: Sequence[StagedLoad]) -> None:
        async with warehouse.connect() as connection:
            counts = await _validate_together(connection, loads, run, settings, progress)
        for load, load_counts in zip(loads, counts, strict=True):
            _log.info(
                "validated %r: %d readings, %d rejected, %d duplicate, %d suspect",
                load.source_file,
                load_counts.rows_read,
                load_counts.rows_rejected,
                load_counts.rows_duplicate,
                load_counts.rows_suspect,
            )

    async def fail(load: StagedLoad, error: Exception) -> BatchResult:
        return await fail_alone(load.load_id, load.source_file, error, run, warehouse, step=Step.VALIDATE, log=_log)

    return await together_or_each_alone(loads, validate, fail)


async def _validate_together(
    connection: Connection, loads: Sequence[StagedLoad], run: Run, settings: Settings, progress: Progress
) -> list[ValidationCounts]:
    """Validate a batch of loads and write all outcomes in one transaction."""
    batch = _Batch.of(loads)
    spool = Spool(settings)
    await restore_raw_rows(connection, batch.tables, spool, settings)
    async with connection.transaction():
        counts = await _validate_partitions(connection, batch, spool, settings, progress)
        await finish_validation(connection, counts, run.claim_key, settings)
    for table in batch.tables:
        LOCAL.delete(spool.raw(table.load_id, table.table_num))
    return counts


class _Batch(NamedTuple):
    """The tables of a batch of loads."""

    load_ids: list[UUID]
    tables: list[StagedTable]
    file_indices: list[int]
    """Index of each table's load."""

    @classmethod
    def of(cls, loads: Sequence[StagedLoad]) -> _Batch:
        tables = [
            (index, StagedTable(load.load_id, load.source_file, number, schema))
            for index, load in enumerate(loads)
            for number, schema in enumerate(load.tables)
        ]
        return cls([load.load_id for load in loads], [table for _, table in tables], [index for index, _ in tables])


async def _validate_partitions(
    connection: Connection, batch: _Batch, spool: Spool, settings: Settings, progress: Progress
) -> list[ValidationCounts]:
    """Validate and write the readings partition by partition, so that memory is bounded.

    While one partition is written, the next is validated.
    """
    counts = OutcomeCounts(batch.tables)
    readings, meters = await _count(connection, batch, spool, settings)
    advance = _Progress(readings.by_code.total(), progress).advance
    partitions = plan_partitions(readings.by_code, meters)
    readings.by_code.clear()  # a city's codes are many, and no longer needed
    with ExitStack() as stack:
        writers = [stack.enter_context(AcceptedWriter(spool.accepted(load_id))) for load_id in batch.load_ids]
        path_of_bucket = partial(spool.row_errors, batch.load_ids[0])
        errors = stack.enter_context(RowErrorBuckets(readings.buckets, path_of_bucket))
        async for parsed, outcome in prefetch(_validate_each(batch, spool, partitions, settings)):
            trim_heap_after(parsed.nbytes + outcome.readings.nbytes)
            counts.add(parsed, outcome)
            await asyncio.gather(
                store_series(connection, batch.tables, outcome.readings, settings),
                asyncio.to_thread(write_accepted, outcome.readings, batch.file_indices, writers),
                asyncio.to_thread(_add_errors, errors, batch, outcome.readings),
            )
            advance(len(parsed))
        joined = errors.join(read_all_raw_rows(batch.tables, spool))
        await store_row_errors(connection, batch.tables, joined, settings)
    return [counts.of_load(load_id) for load_id in batch.load_ids]


class _Progress:
    """Reports how many of the readings are validated."""

    def __init__(self, total: int, report: Progress) -> None:
        self._total = max(total, 1)
        self._report = report
        self._done = 0

    def advance(self, readings: int) -> None:
        """Count readings of a partition as validated."""
        self._done += readings
        self._report(self._done / self._total)


async def _count(
    connection: Connection, batch: _Batch, spool: Spool, settings: Settings
) -> tuple[ReadingCounts, pa.Table]:
    """Count the readings of each meter code, and find the meters (columns METER)."""
    readings = await asyncio.to_thread(count_readings, batch.tables, spool)
    if readings:
        codes = [code for code in readings.by_code if code is not None]
        return readings, await find_meters(connection, codes, settings)
    meters = await find_all_meters(connection, settings)
    known = set(meters.column("meter_code").to_pylist())
    readings = await asyncio.to_thread(count_readings, batch.tables, spool, known)
    assert readings  # noqa: S101 - among known codes none is too many
    return readings, meters


def _validate_each(
    batch: _Batch, spool: Spool, partitions: Partitions, settings: Settings
) -> Iterator[tuple[pa.Table, Outcome]]:
    intervals = [table.schema.stated_interval for table in batch.tables]
    for parsed, meters in partition_readings(batch.tables, spool, partitions):
        yield parsed, apply_rules(parsed, meters_by_code(meters), settings, batch.file_indices, intervals)


def _add_errors(errors: RowErrorBuckets, batch: _Batch, readings: pa.Table) -> None:
    faulty = readings.filter(pc.not_equal(readings.column("quality"), int(Quality.VALID)))
    if len(faulty):
        errors.add(row_errors([table.schema for table in batch.tables], faulty))
