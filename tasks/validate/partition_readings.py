"""Split the readings of a batch of loads into partitions of whole meters, small enough for memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tasks.validate.parse_readings import PARSED, meter_codes, parse
from tasks.validate.row_error_buckets import Bucket, extend_buckets
from tasks.validate.staged_tables import StagedTable, read_raw_rows
from tasks.validate.words import word_indices
from tasks.warehouse.spool import Spool
from tasks.warehouse.storage import LOCAL

# Readings of a partition: little memory, used again and again, costs less than much of it.
_MAX_READINGS = 100_000
# Arrow computes without Python's lock: two threads parse a file in little more than half the time.
_THREADS = 2

# Thousands of different codes go to the disk as text: a dictionary with every few rows would be larger.
_CODES = ["building_code", "itp_code", "meter_code"]
_ON_DISK = pa.schema([field.with_type(pa.string()) if field.name in _CODES else field for field in PARSED])


class ReadingCounts(NamedTuple):
    """What a batch of loads holds, known before anything is parsed."""

    by_code: Counter[str | None]
    """Readings of each meter code; None: without one."""
    buckets: list[Bucket]
    """The raw rows, cut into buckets for the row errors."""


class Partitions(NamedTuple):
    """How a batch of loads is partitioned: by whole meters, whose ranges keep the order of core."""

    by_code: dict[str | None, int]
    meters: list[pa.Table]
    """The meters of each partition that the reference tables know, columns METER."""


def count_readings(tables: Sequence[StagedTable], spool: Spool) -> ReadingCounts:
    """Count the readings of each meter code, and cut the raw rows into buckets: one look at each raw row."""
    by_code: Counter[str | None] = Counter({None: 0})
    buckets: list[Bucket] = []
    for index, table in enumerate(tables):
        readings_per_row = len(table.schema.metrics) or 1
        for batch in read_raw_rows(table, spool):
            codes = meter_codes(table.schema, batch)
            counts = np.bincount(word_indices(codes), minlength=len(codes.dictionary) + 1)
            for code, count in zip([*codes.dictionary.to_pylist(), None], counts, strict=True):
                by_code[code] += int(count) * readings_per_row
            extend_buckets(buckets, index, batch, readings=len(batch) * readings_per_row)
    return ReadingCounts(by_code, buckets)


def plan_partitions(readings: Mapping[str | None, int], meters: pa.Table) -> Partitions:
    """Distribute the readings of each code in the order of meter ids; codes that are not known come last."""
    meters = meters.sort_by("meter_id")
    known: list[str | None] = meters.column("meter_code").to_pylist()
    order = known + sorted(readings.keys() - set(known), key=lambda code: code or "")
    readings_before = np.cumsum([0, *(readings[code] for code in order[:-1])])
    _, numbers = np.unique(readings_before // _MAX_READINGS, return_inverse=True)
    bounds = np.searchsorted(numbers[: len(known)], np.arange(numbers[-1] + 2))
    ranges = [meters.slice(start, end - start) for start, end in pairwise(bounds)]
    return Partitions(dict(zip(order, numbers.tolist(), strict=True)), ranges)


def partition_readings(tables: Sequence[StagedTable], spool: Spool, partitions: Partitions) -> Iterator[pa.Table]:
    """Yield the parsed readings of each partition; those of more than one by way of the disk."""
    if len(partitions.meters) == 1:
        yield pa.concat_tables([PARSED.empty_table(), *chain.from_iterable(_parse_tables(tables, spool))])
        return
    files = [spool.partition(tables[0].load_id, number) for number in range(len(partitions.meters))]
    _write_partitions(_parse_tables(tables, spool), partitions, files)
    partitions.by_code.clear()  # a city's codes are many, and no longer needed
    for file in files:
        yield _read_partition(file)
        LOCAL.delete(file)


def _parse_tables(tables: Sequence[StagedTable], spool: Spool) -> Iterator[list[pa.Table]]:
    """Yield the parsed readings, a few batches at a time."""
    with ThreadPoolExecutor(_THREADS) as threads:
        for index, table in enumerate(tables):
            batches = read_raw_rows(table, spool)
            while chunk := list(islice(batches, 4 * _THREADS)):
                yield list(threads.map(partial(parse, table.schema, table=index), chunk))


def _write_partitions(chunks: Iterator[list[pa.Table]], partitions: Partitions, files: Sequence[Path]) -> None:
    with ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_stream(str(file), _ON_DISK)) for file in files]
        for chunk in chunks:
            numbers = np.concatenate([_partition_numbers(parsed, partitions) for parsed in chunk])
            order = np.argsort(numbers, kind="stable")
            rows = pa.concat_tables([parsed.cast(_ON_DISK) for parsed in chunk]).unify_dictionaries().take(order)
            starts = np.searchsorted(numbers[order], np.arange(len(files) + 1))
            for number in np.flatnonzero(np.diff(starts)):
                writers[number].write_table(rows.slice(starts[number], starts[number + 1] - starts[number]))


def _partition_numbers(parsed: pa.Table, partitions: Partitions) -> np.ndarray:
    codes = parsed.column("meter_code").combine_chunks()
    by_word = np.array([partitions.by_code[code] for code in [*codes.dictionary.to_pylist(), None]], dtype=np.uint16)
    numbers: np.ndarray = by_word[word_indices(codes)]
    return numbers


def _read_partition(file: Path) -> pa.Table:
    with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as stream:
        parsed = stream.read_all()
    for name in _CODES:
        codes = parsed.column(name).combine_chunks().dictionary_encode()
        parsed = parsed.set_column(PARSED.get_field_index(name), PARSED.field(name), codes)
    return parsed
