"""The files that hold raw, parsed and accepted rows while a run lives, as Arrow streams."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.layouts import TableLayout
from schemas.readings import ACCEPTED
from schemas.reasons import Quality
from schemas.settings import Settings
from tasks.validate.parse_readings import PARSED, meter_codes, parse, word_places
from tasks.warehouse.statements import Statements

if TYPE_CHECKING:
    import asyncpg

sql = Statements(__file__)

# Readings that are judged at once: little memory, used again and again, costs less than much of it.
_MOST_READINGS = 100_000
_BATCH_ROWS = 50_000  # small enough for the processor's cache
# Arrow computes without Python's lock: two threads parse a file in little more than half the time.
_THREADS = 2


class Table(NamedTuple):
    """One table of a group of loads; `parsed.table` is the index into the list of them."""

    load_id: UUID
    source_file: str
    table_num: int
    layout: TableLayout


class Spool(NamedTuple):
    """Where raw and accepted rows of a load lie while the run lives, as Arrow streams."""

    raw: Callable[[UUID, int], Path]
    accepted: Callable[[UUID], Path]
    cells: Callable[[pa.RecordBatch], tuple[pa.Array, pa.Array]]
    """How stage keeps the cells of raw rows."""


class AcceptedWriter(ExitStack):
    """Writes a load's accepted readings as an Arrow stream; complete only when it is renamed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        file = self.enter_context(pa.OSFile(str(path.with_suffix(".part")), "wb"))
        self._stream = self.enter_context(pa.ipc.new_stream(file, ACCEPTED))

    def write(self, table: pa.Table) -> None:
        """Add readings of the schema ACCEPTED."""
        self._stream.write_table(table, max_chunksize=_BATCH_ROWS)

    def __exit__(self, *details: object) -> None:
        super().__exit__(None, None, None)
        if details[0] is None:
            self._path.with_suffix(".part").rename(self._path)


def write_accepted(readings: pa.Table, file_of_table: Sequence[int], writers: Sequence[AcceptedWriter]) -> None:
    """Add what is accepted of judged readings to the file of each load."""
    is_accepted = pc.less(readings.column("quality"), int(Quality.REJECTED))
    accepted = readings if pc.all(is_accepted).as_py() else readings.filter(is_accepted)
    columns = accepted.select(["ts", *ACCEPTED.names[1:]]).rename_columns(ACCEPTED.names).cast(ACCEPTED)
    # The readings stand in the order of their files.
    files = pa.array(file_of_table, pa.int32()).take(accepted.column("table")).to_numpy()
    ends = np.searchsorted(files, np.arange(len(writers)), side="right")
    for writer, start, end in zip(writers, [0, *ends], ends, strict=False):
        writer.write(columns.slice(start, end - start))


async def restore_raw(connection: asyncpg.Connection, table: Table, path: Path, settings: Settings) -> None:
    """Make the Arrow file of a table's raw rows again from stage if it is not on this machine."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = [column.key for column in table.layout.columns]
    schema = pa.schema([("row_num", pa.int32()), *((key, pa.string()) for key in keys)])
    part = path.with_suffix(".part")
    query = sql.text("select_raw_rows", settings)
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


def raw_batches(table: Table, spool: Spool) -> Iterator[pa.RecordBatch]:
    """Give the raw rows of a table; a map of the whole file would count as memory of ours."""
    path = spool.raw(table.load_id, table.table_num)
    with pa.OSFile(str(path)) as source, pa.ipc.open_stream(source) as batches:
        yield from batches


def _parsed(tables: Sequence[Table], spool: Spool) -> Iterator[list[pa.Table]]:
    """Give the parsed readings, some batches at a time."""
    with ThreadPoolExecutor(_THREADS) as threads:
        for place, table in enumerate(tables):
            batches = raw_batches(table, spool)
            while some := list(islice(batches, 4 * _THREADS)):
                yield list(threads.map(partial(parse, table.layout, table=place), some))


def count_readings(tables: Sequence[Table], spool: Spool) -> Counter[str | None]:
    """Count the readings of each meter code; None: without one."""
    readings: Counter[str | None] = Counter({None: 0})
    for table in tables:
        in_a_row = len(table.layout.metrics) or 1
        for batch in raw_batches(table, spool):
            codes = meter_codes(table.layout, batch)
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
    first = spool.raw(tables[0].load_id, tables[0].table_num)
    files = [first.with_suffix(f".part{number}") for number in range(len(parts.meters))]
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
