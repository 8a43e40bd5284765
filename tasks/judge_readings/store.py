"""Judge staged loads and write the verdicts: parsed readings, row errors, and what the load may take."""

from __future__ import annotations

import asyncio
import json
import zlib
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
from pgpq import ArrowToPostgresBinaryEncoder

from schemas.layouts import TableLayout
from schemas.readings import NO_METER
from schemas.reasons import Quality
from schemas.settings import Settings
from tasks.judge_readings.judge import Judged, Meter, judge
from tasks.judge_readings.parse import PARSED, combine, parse, word_places
from tasks.judge_readings.report_errors import row_errors
from tasks.sql import statement
from tasks.sql.copy import copy_table

if TYPE_CHECKING:
    import asyncpg

# Readings that are judged at once: about 150 MB at the peak. A larger file is split by meter, on disk.
_MOST_READINGS = 1_000_000
# Three arrays of so many readings stay below the 2 kB from which PostgreSQL moves values out of the row.
_PIECE = 64
_BATCH_ROWS = 50_000
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
    """Where raw and accepted rows of a load lie while the run lives."""

    raw: Callable[[UUID, int], Path]
    accepted: Callable[[UUID], Path]


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

    Memory is bounded: a group of more than a million readings is split by meter into files first.
    """
    tables = [
        Table(load.load_id, load.source_file, num, layout) for load in loads for num, layout in enumerate(load.layouts)
    ]
    for table in tables:
        await _restore_raw(connection, table, spool.raw(table.load_id, table.table_num), settings)
    readings = sum(load.readings for load in loads)
    parts = max(1, -(-readings // _MOST_READINGS))
    counts = _Counts(len(tables))
    order = {load.load_id: place for place, load in enumerate(loads)}
    file_of_table = [order[table.load_id] for table in tables]
    with ExitStack() as stack:
        writers = {load.load_id: stack.enter_context(_AcceptedWriter(spool.accepted(load.load_id))) for load in loads}
        async with connection.transaction():
            for done, parsed in enumerate(await asyncio.to_thread(_partitions, tables, spool, parts)):
                meters = await _find_meters(connection, parsed, settings)
                judged = await asyncio.to_thread(judge, parsed, meters, settings, file_of_table)
                counts.add(parsed, judged)
                await asyncio.gather(
                    _store(connection, tables, judged, settings),
                    asyncio.to_thread(_write_accepted, tables, judged.readings, writers),
                )
                progress((done + 1) / parts)
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
    """Writes a load's accepted readings in binary COPY format; complete only when it is renamed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._encoder = ArrowToPostgresBinaryEncoder(_ACCEPTED)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.enter_context(path.with_suffix(".part").open("wb"))
        self._file.write(self._encoder.write_header())

    def write(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=_BATCH_ROWS):  # small enough for the processor's cache
            self._file.write(self._encoder.write_batch(batch))

    def __exit__(self, *details: object) -> None:
        self._file.write(self._encoder.finish())
        super().__exit__(None, None, None)
        if details[0] is None:
            self._path.with_suffix(".part").rename(self._path)


_ACCEPTED = pa.schema(
    [
        ("load_id", pa.binary(16)),
        ("time", pa.timestamp("us", "UTC")),
        ("meter_id", pa.int64()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("quality", pa.int16()),
    ]
)
"""As the product's own core has it, and in the order of its key."""


def _write_accepted(tables: Sequence[Table], readings: pa.Table, writers: Mapping[UUID, _AcceptedWriter]) -> None:
    is_accepted = pc.less(readings.column("quality"), int(Quality.REJECTED))
    accepted = readings if pc.all(is_accepted).as_py() else readings.filter(is_accepted)
    ids = pa.array([table.load_id.bytes for table in tables], pa.binary(16))
    accepted = pa.table(
        {
            "load_id": ids.take(accepted.column("table")),
            "time": accepted.column("ts"),
            "meter_id": accepted.column("meter_id"),
            "metric": accepted.column("metric").cast(pa.string()),
            "value": accepted.column("value"),
            "quality": accepted.column("quality"),
        },
        schema=_ACCEPTED,
    )
    for load_id, writer in writers.items():
        mine = accepted if len(writers) == 1 else accepted.filter(pc.equal(accepted.column("load_id"), load_id.bytes))
        writer.write(mine)


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


def _parsed(tables: Sequence[Table], spool: Spool) -> Iterator[pa.Table]:
    with ThreadPoolExecutor(_THREADS) as threads:
        for place, table in enumerate(tables):
            path = spool.raw(table.load_id, table.table_num)
            with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as batches:
                while some := list(islice(batches, 4 * _THREADS)):
                    yield from threads.map(partial(parse, table.layout, table=place), some)


def _partitions(tables: Sequence[Table], spool: Spool, parts: int) -> Iterator[pa.Table]:
    """Give the parsed readings in parts of whole meters; more than one part goes over the disk."""
    if parts == 1:
        return iter([pa.concat_tables([PARSED.empty_table(), *_parsed(tables, spool)])])
    first = spool.raw(tables[0].load_id, tables[0].table_num)
    files = [first.with_suffix(f".part{number}") for number in range(parts)]
    with ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_stream(str(file), PARSED)) for file in files]
        for parsed in _parsed(tables, spool):
            number = _part_of_meter(parsed, parts)
            for place, writer in enumerate(writers):
                writer.write_table(parsed.filter(pa.array(number == place)))
    return _read_and_remove(files)


def _read_and_remove(files: Sequence[Path]) -> Iterator[pa.Table]:
    for file in files:
        with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as stream:
            yield stream.read_all()
        file.unlink()


def _part_of_meter(parsed: pa.Table, parts: int) -> np.ndarray:
    codes = parsed.column("meter_code").combine_chunks()
    numbers = [zlib.crc32(code.encode()) % parts for code in codes.dictionary.to_pylist()]
    part: np.ndarray = np.array([*numbers, 0], dtype=np.int64)[word_places(codes)]
    return part


async def _find_meters(connection: asyncpg.Connection, parsed: pa.Table, settings: Settings) -> dict[str, Meter]:
    codes = parsed.column("meter_code").combine_chunks().dictionary.to_pylist()
    rows = await connection.fetch(statement("find_meters", settings), codes)
    return {code: Meter(*found) for code, *found in rows}


async def _store(connection: asyncpg.Connection, tables: Sequence[Table], judged: Judged, settings: Settings) -> None:
    readings = judged.readings
    await copy_table(connection, _series(tables, readings), into="parsed_series", schema=settings.stage_schema)
    rejected = readings.filter(pc.equal(readings.column("quality"), int(Quality.REJECTED)))
    if len(rejected):
        await connection.execute(statement("create_row_errors_in", settings))
        errors = row_errors([table.layout for table in tables], rejected)
        named = _named(tables, errors.column("table"))
        rows = pa.table(named | {name: errors.column(name) for name in errors.column_names if name != "table"})
        await copy_table(connection, rows, into="row_errors_in", schema=None)
        loads = list({table.load_id for table in tables})
        await connection.execute("analyze row_errors_in")
        await connection.execute(statement("insert_row_errors", settings), loads)


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
    letters = [{column.key: column.letter for column in table.layout.columns} for table in tables]
    plain = {name: common.column(name).cast(pa.string()) for name in _COMMON if name not in ("quality", "meter_id")}
    meter_id = common.column("meter_id")
    in_order = readings.select(["row_num", "ts", "value"]).take(pa.array(order))

    def array_of(name: str, kind: pa.DataType) -> pa.Array:
        return pa.ListArray.from_arrays(offsets, in_order.column(name).combine_chunks().cast(kind))

    return pa.table(
        {
            **named,
            **plain,
            "column_ref": column_letters(letters, common),
            "quality": common.column("quality"),
            "meter_id": pc.if_else(pc.equal(meter_id, NO_METER), None, meter_id),
            "row_nums": array_of("row_num", pa.int32()),
            "times_utc": array_of("ts", pa.timestamp("us")),
            "readings": array_of("value", pa.float64()),
        }
    )


def column_letters(letters: Sequence[Mapping[str, str]], rows: pa.Table) -> pa.Array:
    """Give the Excel letter of each row's `column_key` in its `table`."""
    keys = rows.column("column_key").combine_chunks()
    lookup = [of.get(key) for of in letters for key in [*keys.dictionary.to_pylist(), None]]
    place = rows.column("table").to_numpy() * (len(keys.dictionary) + 1) + word_places(keys)
    return pa.array(lookup, pa.string()).take(pa.array(place))
