"""Split the readings of a batch of loads into partitions, small enough for memory: whole meters, or times of one."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tasks.validate.parse_readings import PARSED, TableRows, count_meter_codes, parse_together
from tasks.validate.row_error_buckets import Bucket, extend_buckets
from tasks.validate.staged_tables import StagedTable, read_raw_rows
from tasks.validate.words import word_indices
from tasks.warehouse.spool import Spool, read_stream
from tasks.warehouse.storage import LOCAL

# Readings of a partition: little memory, used again and again, costs less than much of it.
_MAX_READINGS = 75_000
# A city has half as many meters; a file may have a different wrong code in each row.
_MAX_CODES = 200_000
_STAND_INS = 1_000
_MAX_SLICES = 256  # each is an open file
_MAX_SAMPLES = 100_000  # of the times in a partition
_MAX_PARSED = 50_000  # readings that are parsed at once
_MAX_TOGETHER = 5_000  # rows of several tables that are parsed as those of one
# Arrow computes without Python's lock: two threads parse a file in little more than half the time.
_THREADS = 2

# Thousands of different codes go to the disk as text: a dictionary with every few rows would be larger.
_CODES = ["building_code", "itp_code", "meter_code"]
_ON_DISK = pa.schema([field.with_type(pa.string()) if field.name in _CODES else field for field in PARSED])


class ReadingCounts(NamedTuple):
    """What a batch of loads holds, known before anything is parsed."""

    by_code: Counter[str | None]
    """Readings of each meter code; None: without one. Where codes are many, unknown ones share a few stand-ins."""
    buckets: list[Bucket]
    """The raw rows, cut into buckets for the row errors."""


class Partitions(NamedTuple):
    """How a batch of loads is partitioned: by whole meters, whose ranges keep the order of core."""

    by_code: dict[str | None, int]
    meters: list[pa.Table]
    """The meters of each partition that the reference tables know, columns METER."""
    readings: list[int]
    """How many readings each partition holds."""


class Partition(NamedTuple):
    """Readings to be validated together: all that a batch of loads holds of some meters, or of one at some times."""

    parsed: pa.Table
    """Columns PARSED."""
    meters: pa.Table
    """Those of these meters that the reference tables know, columns METER."""


def count_readings(tables: Sequence[StagedTable], spool: Spool, known: Set[str] | None = None) -> ReadingCounts | None:
    """Count the readings of each meter code, and cut the raw rows into buckets: one look at each raw row.

    Returns None if there are more different codes than memory should hold. Then only those `known` are told apart.
    """
    by_code: Counter[str | None] = Counter({None: 0})
    buckets: list[Bucket] = []
    for index, table in enumerate(tables):
        readings_per_row = len(table.schema.metrics) or 1
        for batch in read_raw_rows(table, spool):
            for code, count in count_meter_codes(table.schema, batch).items():
                is_unknown = code is not None and known is not None and code not in known
                by_code[_stand_in(code or "") if is_unknown else code] += count
            extend_buckets(buckets, index, batch, readings=len(batch) * readings_per_row)
            if known is None and len(by_code) > _MAX_CODES:
                return None
    return ReadingCounts(by_code, buckets)


def _stand_in(code: str) -> str:
    return f"\0{zlib.crc32(code.encode()) % _STAND_INS}"


def plan_partitions(readings: Mapping[str | None, int], meters: pa.Table) -> Partitions:
    """Distribute the readings of each code in the order of meter ids; codes that are not known come last."""
    meters = meters.sort_by("meter_id")
    known: list[str | None] = meters.column("meter_code").to_pylist()
    order = known + sorted(readings.keys() - set(known), key=lambda code: code or "")
    readings_before = np.cumsum([0, *(readings[code] for code in order[:-1])])
    _, numbers = np.unique(readings_before // _MAX_READINGS, return_inverse=True)
    bounds = np.searchsorted(numbers[: len(known)], np.arange(numbers[-1] + 2))
    ranges = [meters.slice(start, end - start) for start, end in pairwise(bounds)]
    sizes = np.bincount(numbers, weights=[readings[code] for code in order]).astype(np.int64).tolist()
    return Partitions(dict(zip(order, numbers.tolist(), strict=True)), ranges, sizes)


def partition_readings(tables: Sequence[StagedTable], spool: Spool, partitions: Partitions) -> Iterator[Partition]:
    """Yield the parsed readings of each partition; those of more than one by way of the disk."""
    if len(partitions.meters) == 1 and _slices(partitions.readings[0]) == 1:
        parsed = pa.concat_tables([PARSED.empty_table(), *chain.from_iterable(_parse_tables(tables, spool))])
        yield Partition(parsed, partitions.meters[0])
        return
    files = [spool.partition(tables[0].load_id, number) for number in range(len(partitions.meters))]
    _distribute(_parse_tables(tables, spool), partial(_partition_numbers, partitions), files)
    partitions.by_code.clear()  # a city's codes are many, and no longer needed
    for file, readings, meters in zip(files, partitions.readings, partitions.meters, strict=True):
        for part in _cut_by_time(file, readings):
            yield Partition(_read_partition(part), meters)
            LOCAL.delete(part)


def _slices(readings: int) -> int:
    """Return into how many slices of time a partition is cut: into one, unless a single code has very many readings."""
    return min(max(readings // _MAX_READINGS, 1), _MAX_SLICES)


def _cut_by_time(file: Path, readings: int) -> list[Path]:
    """Cut a partition into files of about the same size; readings of the same time, which rules compare, are in one."""
    if (slices := _slices(readings)) == 1:
        return [file]
    step = -(-readings // _MAX_SAMPLES)
    samples = [rows.column("ts").drop_null().cast(pa.int64()).to_numpy()[::step] for rows in read_stream(file)]
    times = np.concatenate(samples)
    bounds = np.quantile(times, np.arange(1, slices) / slices, method="nearest") if len(times) else np.zeros(slices - 1)
    files = [file.with_name(f"{file.name}.{number}") for number in range(slices)]
    chunks = ([pa.Table.from_batches([rows])] for rows in read_stream(file))
    _distribute(chunks, partial(_slice_numbers, bounds), files)
    LOCAL.delete(file)
    return files


def _slice_numbers(bounds: np.ndarray, parsed: pa.Table) -> np.ndarray:
    times = parsed.column("ts").combine_chunks()
    numbers = np.searchsorted(bounds, times.cast(pa.int64()).fill_null(0).to_numpy(), side="right")
    # Nothing is compared with a reading without a time.
    return np.where(times.is_null(), np.arange(len(parsed)) % (len(bounds) + 1), numbers)


def _parse_tables(tables: Sequence[StagedTable], spool: Spool) -> Iterator[list[pa.Table]]:
    """Yield the parsed readings, a few batches at a time; the rows of small tables that are alike are parsed as one."""
    with ThreadPoolExecutor(_THREADS) as threads:
        for chunk in _chunks(_alike_together(_read_parts(tables, spool))):
            yield list(threads.map(parse_together, chunk))


def _read_parts(tables: Sequence[StagedTable], spool: Spool) -> Iterator[TableRows]:
    for index, table in enumerate(tables):
        for batch in read_raw_rows(table, spool):
            yield TableRows(index, table.schema, batch)


def _alike_together(parts: Iterator[TableRows]) -> Iterator[list[TableRows]]:
    """Put the rows of neighbouring tables together that can be parsed as those of one, as long as they are few."""
    together: list[TableRows] = []
    rows, alike = 0, ""
    for part in parts:
        is_few = len(part.batch) < _MAX_TOGETHER
        own = part.schema.alike if is_few else ""
        if together and (not is_few or own != alike or rows + len(part.batch) > _MAX_TOGETHER):
            yield together
            together, rows = [], 0
        together.append(part)
        rows, alike = rows + len(part.batch), own
        if not is_few:
            yield together
            together, rows = [], 0
    if together:
        yield together


def _chunks(parts: Iterator[list[TableRows]]) -> Iterator[list[list[TableRows]]]:
    """Yield what has about so many readings together: short lines make batches of many rows, wide ones of few."""
    chunk: list[list[TableRows]] = []
    readings = 0
    for together in parts:
        chunk.append(together)
        readings += sum(len(part.batch) for part in together) * (len(together[0].schema.metrics) or 1)
        if readings >= _MAX_PARSED:
            yield chunk
            chunk, readings = [], 0
    if chunk:
        yield chunk


def _distribute(
    chunks: Iterator[list[pa.Table]], numbers_of: Callable[[pa.Table], np.ndarray], files: Sequence[Path]
) -> None:
    """Write each reading into the file whose number it has."""
    with ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_stream(str(file), _ON_DISK)) for file in files]
        for chunk in chunks:
            numbers = np.concatenate([numbers_of(parsed) for parsed in chunk])
            order = np.argsort(numbers, kind="stable")
            rows = pa.concat_tables([parsed.cast(_ON_DISK) for parsed in chunk]).unify_dictionaries().take(order)
            starts = np.searchsorted(numbers[order], np.arange(len(files) + 1))
            for number in np.flatnonzero(np.diff(starts)):
                writers[number].write_table(rows.slice(starts[number], starts[number + 1] - starts[number]))


def _partition_numbers(partitions: Partitions, parsed: pa.Table) -> np.ndarray:
    codes = parsed.column("meter_code").combine_chunks()
    numbers_by_code = partitions.by_code
    by_word = np.array(
        [
            numbers_by_code[code if code in numbers_by_code else _stand_in(code)]
            for code in [*codes.dictionary.to_pylist(), None]
        ],
        dtype=np.uint16,
    )
    numbers: np.ndarray = by_word[word_indices(codes)]
    return numbers


def _read_partition(file: Path) -> pa.Table:
    with pa.OSFile(str(file)) as source, pa.ipc.open_stream(source) as stream:
        parsed = stream.read_all()
    for name in _CODES:
        codes = parsed.column(name).combine_chunks().dictionary_encode()
        parsed = parsed.set_column(PARSED.get_field_index(name), PARSED.field(name), codes)
    return parsed
