"""The files that hold raw, parsed and accepted rows while a run lives, as Arrow streams."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import chain, islice, pairwise
from typing import NamedTuple
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.raw_rows import raw_row_schema
from schemas.readings import ACCEPTED
from schemas.reasons import Quality
from schemas.settings import Settings
from schemas.table_schema import TableSchema
from tasks.validate.parse_readings import PARSED, meter_codes, parse, word_places
from tasks.warehouse.connection import Connection
from tasks.warehouse.spool import Spool, StreamWriter, read_stream
from tasks.warehouse.statements import Statements

sql = Statements(__file__)

# Readings that are judged at once: little memory, used again and again, costs less than much of it.
_MOST_READINGS = 100_000
# Arrow computes without Python's lock: two threads parse a file in little more than half the time.
_THREADS = 2


class Table(NamedTuple):
    """One table of a group of loads; `parsed.table` is the index into the list of them."""

    load_id: UUID
    source_file: str
    table_num: int
    schema: TableSchema


def write_accepted(readings: pa.Table, file_of_table: Sequence[int], writers: Sequence[StreamWriter]) -> None:
    """Add what is accepted of judged readings to the file of each load."""
    is_accepted = pc.less(readings.column("quality"), int(Quality.REJECTED))
    accepted = readings if pc.all(is_accepted).as_py() else readings.filter(is_accepted)
    columns = accepted.select(["ts", *ACCEPTED.names[1:]]).rename_columns(ACCEPTED.names).cast(ACCEPTED)
    # The readings stand in the order of their files.
    files = pa.array(file_of_table, pa.int32()).take(accepted.column("table")).to_numpy()
    ends = np.searchsorted(files, np.arange(len(writers)), side="right")
    for writer, start, end in zip(writers, [0, *ends], ends, strict=False):
        writer.write(columns.slice(start, end - start))


async def restore_raw(connection: Connection, table: Table, spool: Spool, settings: Settings) -> None:
    """Restore a table's raw rows in the spool from stage if they are not on this machine."""
    path = spool.raw(table.load_id, table.table_num)
    if path.exists():
        return
    keys = [column.key for column in table.schema.columns]
    schema = raw_row_schema(keys)
    query, *values = sql("select_raw_rows", settings, load_id=table.load_id, table_num=table.table_num)
    with StreamWriter(path, schema) as writer:
        async with connection.transaction():
            cursor = await connection.cursor(query, *values)
            while rows := await cursor.fetch(20_000):
                cells = [json.loads(row["payload"]) for row in rows]
                columns = [[row["row_num"] for row in rows], *([row.get(key) for row in cells] for key in keys)]
                writer.write(pa.record_batch(columns, schema=schema))


def raw_batches(table: Table, spool: Spool) -> Iterator[pa.RecordBatch]:
    """Read the raw rows of a table."""
    return read_stream(spool.raw(table.load_id, table.table_num))


def _parsed(tables: Sequence[Table], spool: Spool) -> Iterator[list[pa.Table]]:
    """Give the parsed readings, some batches at a time."""
    with ThreadPoolExecutor(_THREADS) as threads:
        for place, table in enumerate(tables):
            batches = raw_batches(table, spool)
            while some := list(islice(batches, 4 * _THREADS)):
                yield list(threads.map(partial(parse, table.schema, table=place), some))


def count_readings(tables: Sequence[Table], spool: Spool) -> Counter[str | None]:
    """Count the readings of each meter code; None: without one."""
    readings: Counter[str | None] = Counter({None: 0})
    for table in tables:
        in_a_row = len(table.schema.metrics) or 1
        for batch in raw_batches(table, spool):
            codes = meter_codes(table.schema, batch)
            counts = np.bincount(word_places(codes), minlength=len(codes.dictionary) + 1)
            for code, count in zip([*codes.dictionary.to_pylist(), None], counts, strict=True):
                readings[code] += int(count) * in_a_row
    return readings


class Parts(NamedTuple):
    """How a group of loads is judged: in parts of whole meters, whose ranges keep the order of core."""

    of_code: dict[str | None, int]
    meters: list[pa.Table]
    """What the reference tables know of each part's meters, columns METER."""


METER = pa.schema(
    [("meter_code", pa.string()), ("meter_id", pa.int64()), ("itp_code", pa.string()), ("building_code", pa.string())]
)


def plan_parts(readings: Mapping[str | None, int], meters: pa.Table) -> Parts:
    """Share out the readings of each code, in the order of meter ids; codes that nobody knows come last."""
    meters = meters.sort_by("meter_id")
    known: list[str | None] = meters.column("meter_code").to_pylist()
    order = known + sorted(readings.keys() - set(known), key=lambda code: code or "")
    before = np.cumsum([0, *(readings[code] for code in order[:-1])])
    _, numbers = np.unique(before // _MOST_READINGS, return_inverse=True)
    bounds = np.searchsorted(numbers[: len(known)], np.arange(numbers[-1] + 2))
    ranges = [meters.slice(start, end - start) for start, end in pairwise(bounds)]
    return Parts(dict(zip(order, numbers.tolist(), strict=True)), ranges)


def split(tables: Sequence[Table], spool: Spool, parts: Parts) -> Iterator[pa.Table]:
    """Give the parsed readings of each part; those of more than one by way of the disk."""
    if len(parts.meters) == 1:
        yield pa.concat_tables([PARSED.empty_table(), *chain.from_iterable(_parsed(tables, spool))])
        return
    files = [spool.partition(tables[0].load_id, number) for number in range(len(parts.meters))]
    with ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_stream(str(file), _ON_DISK)) for file in files]
        for some in _parsed(tables, spool):
            numbers = np.concatenate([_part_numbers(parsed, parts) for parsed in some])
            order = np.argsort(numbers, kind="stable")
            in_order = pa.concat_tables([parsed.cast(_ON_DISK) for parsed in some]).unify_dictionaries().take(order)
            begins = np.searchsorted(numbers[order], np.arange(len(files) + 1))
            for place in np.flatnonzero(np.diff(begins)):
                writers[place].write_table(in_order.slice(begins[place], begins[place + 1] - begins[place]))
    parts.of_code.clear()  # a city's codes are many, and have done their work
    for file in files:
        with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as stream:
            parsed = stream.read_all()
        file.unlink()
        for name in _CODES:
            codes = parsed.column(name).combine_chunks().dictionary_encode()
            parsed = parsed.set_column(PARSED.get_field_index(name), PARSED.field(name), codes)
        yield parsed


# Thousands of different codes go over the disk as text: a dictionary with each few rows would be larger.
_CODES = ["building_code", "itp_code", "meter_code"]
_ON_DISK = pa.schema([field.with_type(pa.string()) if field.name in _CODES else field for field in PARSED])


def _part_numbers(parsed: pa.Table, parts: Parts) -> np.ndarray:
    codes = parsed.column("meter_code").combine_chunks()
    numbers = np.array([parts.of_code[code] for code in [*codes.dictionary.to_pylist(), None]], dtype=np.uint16)
    of_rows: np.ndarray = numbers[word_places(codes)]
    return of_rows
