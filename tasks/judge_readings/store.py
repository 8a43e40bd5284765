"""Judge staged loads and write the verdicts: parsed readings, row errors, and what the load may take."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.layouts import TableLayout
from schemas.readings import ACCEPTED, NO_METER
from schemas.reasons import Quality
from schemas.settings import Settings
from tasks.judge_readings.judge import Judged, Meter, judge
from tasks.judge_readings.parse import PARSED, combine, meter_codes, parse, word_places
from tasks.judge_readings.report_errors import column_letters, row_errors
from tasks.sql import statement
from tasks.sql.copy import ahead, copy_table

if TYPE_CHECKING:
    import asyncpg

# Readings that are judged at once: little memory, used again and again, costs less than much of it.
_MOST_READINGS = 250_000
# Three arrays of so many readings stay below the 2 kB from which PostgreSQL moves values out of the row.
_PIECE = 64
_BATCH_ROWS = 50_000  # small enough for the processor's cache
# Arrow computes without Python's lock: two threads parse a file in little more than half the time.
_THREADS = 2


class StagedLoad(NamedTuple):
    """A load whose rows are in stage and wait for their verdict."""

    load_id: UUID
    source_file: str
    raw_rows: int
    layouts: list[TableLayout]

    @property
    def readings(self) -> int:
        """About how many readings the file holds, to size groups."""
        return self.raw_rows * max((len(layout.metrics) or 1 for layout in self.layouts), default=1)


class Table(NamedTuple):
    """One table of a group of loads; `parsed.table` is the index into the list of them."""

    load_id: UUID
    source_file: str
    table_num: int
    layout: TableLayout


class Verdict(NamedTuple):
    """What the judging of one load came to, in readings."""

    load_id: UUID
    read: int
    rejected: int
    duplicate: int
    suspect: int


class Spool(NamedTuple):
    """Where raw and accepted rows of a load lie while the run lives, as Arrow streams."""

    raw: Callable[[UUID, int], Path]
    accepted: Callable[[UUID], Path]
    cells: Callable[[pa.RecordBatch], tuple[pa.Array, pa.Array]]
    """How stage keeps the cells of raw rows."""


async def find_staged(connection: asyncpg.Connection, flow_run_id: UUID, settings: Settings) -> list[StagedLoad]:
    """Find the loads of a run that are staged and not yet judged."""
    rows = await connection.fetch(statement("find_staged_loads", settings), flow_run_id)
    return [
        StagedLoad(
            row["load_id"],
            row["source_file"],
            row["raw_rows"],
            [TableLayout.model_validate(layout) for layout in json.loads(row["layout"])],
        )
        for row in rows
    ]


async def judge_loads(
    connection: asyncpg.Connection,
    loads: Sequence[StagedLoad],
    spool: Spool,
    settings: Settings,
    *,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Verdict]:
    """Judge a group of loads and write all verdicts in one transaction.

    Memory is bounded: a larger group is split by meter, and one part is stored while the next is judged.
    """
    tables = [
        Table(load.load_id, load.source_file, num, layout) for load in loads for num, layout in enumerate(load.layouts)
    ]
    for table in tables:
        await _restore_raw(connection, table, spool.raw(table.load_id, table.table_num), settings)
    counts = _Counts(len(tables))
    order = {load.load_id: place for place, load in enumerate(loads)}
    file_of_table = [order[table.load_id] for table in tables]
    with ExitStack() as stack:
        writers = [stack.enter_context(_AcceptedWriter(spool.accepted(load.load_id))) for load in loads]
        async with connection.transaction():
            readings = await asyncio.to_thread(_count_readings, tables, spool)
            meters = await _find_meters(connection, [code for code in readings if code is not None], settings)
            parts = _split(tables, spool, _parts_of_meters(readings, meters))
            done = 0
            async for part in ahead((parsed, judge(parsed, meters, settings, file_of_table)) for parsed in parts):
                counts.add(*part)
                await asyncio.gather(
                    _store(connection, tables, part[1], spool, settings),
                    asyncio.to_thread(_write_accepted, part[1].readings, file_of_table, writers),
                )
                done += len(part[0])
                progress(done / max(readings.total(), 1))
            verdicts = [counts.verdict(load.load_id, tables) for load in loads]
            for load, verdict in zip(loads, verdicts, strict=True):
                span = counts.span(load.load_id, tables)
                await connection.execute(statement("finish_judging", settings), *verdict, *span)
    for table in tables:
        spool.raw(table.load_id, table.table_num).unlink(missing_ok=True)
    return verdicts


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

    def verdict(self, load_id: UUID, tables: Sequence[Table]) -> Verdict:
        return Verdict(load_id, *(int(number) for number in self._numbers[self._of(load_id, tables)].sum(axis=0)))

    def span(self, load_id: UUID, tables: Sequence[Table]) -> tuple[int | None, int | None]:
        """Give first and last accepted time in microseconds since 1970 UTC, or None twice."""
        mine = self._of(load_id, tables)
        first, last = self._first[mine].min(initial=np.iinfo(np.int64).max), self._last[mine].max(initial=-1)
        return (int(first), int(last)) if first <= last else (None, None)

    @staticmethod
    def _of(load_id: UUID, tables: Sequence[Table]) -> list[int]:
        return [place for place, table in enumerate(tables) if table.load_id == load_id]


class _AcceptedWriter(ExitStack):
    """Writes a load's accepted readings as an Arrow stream; complete only when it is renamed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        file = self.enter_context(pa.OSFile(str(path.with_suffix(".part")), "wb"))
        self._stream = self.enter_context(pa.ipc.new_stream(file, ACCEPTED))

    def write(self, table: pa.Table) -> None:
        self._stream.write_table(table, max_chunksize=_BATCH_ROWS)

    def __exit__(self, *details: object) -> None:
        super().__exit__(None, None, None)
        if details[0] is None:
            self._path.with_suffix(".part").rename(self._path)


def _write_accepted(readings: pa.Table, file_of_table: Sequence[int], writers: Sequence[_AcceptedWriter]) -> None:
    is_accepted = pc.less(readings.column("quality"), int(Quality.REJECTED))
    accepted = readings if pc.all(is_accepted).as_py() else readings.filter(is_accepted)
    columns = accepted.select(["ts", *ACCEPTED.names[1:]]).rename_columns(ACCEPTED.names).cast(ACCEPTED)
    # The readings stand in the order of their files.
    files = pa.array(file_of_table, pa.int32()).take(accepted.column("table")).to_numpy()
    ends = np.searchsorted(files, np.arange(len(writers)), side="right")
    for writer, start, end in zip(writers, [0, *ends], ends, strict=False):
        writer.write(columns.slice(start, end - start))


async def _restore_raw(connection: asyncpg.Connection, table: Table, path: Path, settings: Settings) -> None:
    """Make the Arrow file of a table's raw rows again from stage if it is not on this machine."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = [column.key for column in table.layout.columns]
    schema = pa.schema([("row_num", pa.int32()), *((key, pa.string()) for key in keys)])
    part = path.with_suffix(".part")
    query = statement("select_raw_rows", settings)
    with pa.OSFile(str(part), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        async with connection.transaction():
            cursor = await connection.cursor(query, table.load_id, table.table_num)
            while rows := await cursor.fetch(20_000):
                cells = [json.loads(row["payload"]) for row in rows]
                columns = [
                    [row["row_num"] for row in rows],
                    *([row.get(key) for row in cells] for key in keys),
                ]
                writer.write_batch(pa.record_batch(columns, schema=schema))
    part.rename(path)


def _raw_batches(table: Table, spool: Spool) -> Iterator[pa.RecordBatch]:
    path = spool.raw(table.load_id, table.table_num)
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as batches:
        yield from batches


def _parsed(tables: Sequence[Table], spool: Spool) -> Iterator[pa.Table]:
    with ThreadPoolExecutor(_THREADS) as threads:
        for place, table in enumerate(tables):
            batches = _raw_batches(table, spool)
            while some := list(islice(batches, 4 * _THREADS)):
                yield from threads.map(partial(parse, table.layout, table=place), some)


def _count_readings(tables: Sequence[Table], spool: Spool) -> Counter[str | None]:
    readings: Counter[str | None] = Counter({None: 0})
    for table in tables:
        in_a_row = len(table.layout.metrics) or 1
        for batch in _raw_batches(table, spool):
            codes = meter_codes(table.layout, batch)
            counts = np.bincount(word_places(codes), minlength=len(codes.dictionary) + 1)
            for code, count in zip([*codes.dictionary.to_pylist(), None], counts, strict=True):
                readings[code] += int(count) * in_a_row
    return readings


def _parts_of_meters(readings: Counter[str | None], meters: Mapping[str, Meter]) -> dict[str | None, int]:
    """Give each meter code the number of its part: ranges of meters, so that the parts keep core's order."""

    def place(code: str | None) -> tuple[bool, int, str]:
        meter = meters.get(code or "")
        return meter is None, meter.meter_id if meter else 0, code or ""

    order = sorted(readings, key=place)
    before = np.cumsum([0, *(readings[code] for code in order[:-1])])
    _, numbers = np.unique(before // _MOST_READINGS, return_inverse=True)
    return {code: int(number) for code, number in zip(order, numbers, strict=True)}


def _split(tables: Sequence[Table], spool: Spool, part_of: Mapping[str | None, int]) -> Iterator[pa.Table]:
    """Give the parsed readings; those of more than one part by way of the disk."""
    if max(part_of.values()) == 0:
        yield pa.concat_tables([PARSED.empty_table(), *_parsed(tables, spool)])
        return
    first = spool.raw(tables[0].load_id, tables[0].table_num)
    files = [first.with_suffix(f".part{number}") for number in range(max(part_of.values()) + 1)]
    with ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_stream(str(file), PARSED)) for file in files]
        for parsed in _parsed(tables, spool):
            codes = parsed.column("meter_code").combine_chunks()
            numbers = np.array([part_of[code] for code in [*codes.dictionary.to_pylist(), None]])[word_places(codes)]
            for number in np.unique(numbers):
                writers[number].write_table(parsed.filter(pa.array(numbers == number)))
    for file in files:
        with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as stream:
            file.unlink()
            yield stream.read_all()


async def _find_meters(connection: asyncpg.Connection, codes: Sequence[str], settings: Settings) -> dict[str, Meter]:
    rows = await connection.fetch(statement("find_meters", settings), codes)
    return {code: Meter(*found) for code, *found in rows}


async def _store(
    connection: asyncpg.Connection, tables: Sequence[Table], judged: Judged, spool: Spool, settings: Settings
) -> None:
    readings = judged.readings
    await copy_table(connection, _series(tables, readings), into="parsed_series", schema=settings.stage_schema)
    rejected = readings.filter(pc.equal(readings.column("quality"), int(Quality.REJECTED)))
    if len(rejected):
        errors = await asyncio.to_thread(_row_errors, tables, rejected, spool)
        await connection.execute(statement("create_row_errors_in", settings))
        await copy_table(connection, errors, into="row_errors_in", schema=None)
        await connection.execute(statement("insert_row_errors", settings))
        await connection.execute("drop table row_errors_in")


def _row_errors(tables: Sequence[Table], rejected: pa.Table, spool: Spool) -> pa.Table:
    errors = row_errors([table.layout for table in tables], rejected)
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
        for batch in _raw_batches(table, spool):
            numbers = batch.column("row_num").to_numpy()
            rows = batch.filter(
                pa.array((numbers < len(is_wanted)) & is_wanted[np.minimum(numbers, len(is_wanted) - 1)])
            )
            cells, payload = spool.cells(rows)
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
        "sheet": pa.array([table.layout.sheet for table in tables], pa.string()),
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
    layouts = [table.layout for table in tables]
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
