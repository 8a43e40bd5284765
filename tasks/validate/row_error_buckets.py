"""Join row errors with their source rows: an external hash join that reads the raw spool once.

Errors come partition by partition, in the order of meters; raw rows are in the order of the file. So the raw rows are
cut into buckets of consecutive batches, errors are collected by bucket (on disk where they are many), and in the end
each bucket that has errors is read and joined. Memory holds one bucket, whatever the size of the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.validate.row_errors import row_keys
from tasks.validate.words import WORD, without_dictionaries
from tasks.warehouse.raw_cells import pack_cells
from tasks.warehouse.storage import LOCAL

_MIN_READINGS = 100_000
"""Of a bucket: with fewer, many buckets would hold a few errors each."""
_MAX_ERRORS = 50_000
"""That wait in memory to be written to the files of their buckets."""
_JOINED_ERRORS = 12_500
"""With their texts written out, and their source rows, at once."""

# Of these there are few different texts, and the longest.
_WORDS = ("column_name", "metric", "reason", "severity", "message")


class Bucket(NamedTuple):
    """Consecutive raw batches, over all tables in the order of the spool, whose row keys no other bucket has."""

    batches: int
    readings: int
    last_key: int
    """The largest key of a row; the largest of the bucket before is smaller than every key here."""


def extend_buckets(buckets: list[Bucket], table: int, batch: pa.RecordBatch, *, readings: int) -> None:
    """Add the next raw batch, whose rows are below those of the batch before, to the last bucket or to a new one."""
    bucket = Bucket(1, readings, table << 32 | (pc.max(batch.column("row_num")).as_py() or 0))
    if buckets and (buckets[-1].readings < _MIN_READINGS or not len(batch)):
        before = buckets.pop()
        last_key = max(before.last_key, bucket.last_key)
        bucket = Bucket(before.batches + 1, before.readings + readings, last_key)
    buckets.append(bucket)


class RowErrorBuckets:
    """The row errors of a batch of loads by bucket; its files are deleted at the end of the `with` block."""

    def __init__(self, buckets: Sequence[Bucket], path_of: Callable[[int], Path]) -> None:
        self._buckets = buckets
        self._last_keys = np.array([bucket.last_key for bucket in buckets], dtype=np.int64)
        self._path_of = path_of
        self._waiting: list[pa.Table] = []
        self._files: dict[int, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        for file in self._files.values():
            LOCAL.delete(file)

    def add(self, errors: pa.Table) -> None:
        """Add row errors (the columns of `row_errors`)."""
        fields = [field.with_type(WORD) if field.name in _WORDS else field for field in errors.schema]
        self._waiting.append(errors.cast(pa.schema(fields)))
        if len(self._buckets) > 1 and sum(map(len, self._waiting)) > _MAX_ERRORS:
            self._write_waiting()

    def join(self, batches: Iterable[tuple[int, pa.RecordBatch]]) -> Iterator[pa.Table]:
        """Yield the errors of each bucket that has any, with `cells` and `payload` of the source row (PackedCells).

        Those of a full bucket come in several tables. `batches` are all raw batches, each with the index of its table,
        in the order of `extend_buckets`.
        """
        if self._files:
            self._write_waiting()
        by_bucket = dict(self._split_waiting())
        remaining = iter(batches)
        last = max([*by_bucket, *self._files], default=-1)
        for number, bucket in enumerate(self._buckets[: last + 1]):
            own_batches = islice(remaining, bucket.batches)
            if number in self._files:
                yield from _join(_read_streams(self._files[number]), own_batches)
            elif number in by_bucket:
                yield from _join(by_bucket.pop(number), own_batches)
            else:
                deque(own_batches, maxlen=0)

    def _split_waiting(self) -> Iterator[tuple[int, pa.Table]]:
        if not self._waiting:
            return
        errors = pa.concat_tables(self._waiting).unify_dictionaries()
        self._waiting.clear()
        numbers = np.searchsorted(self._last_keys, row_keys(errors))
        order = np.argsort(numbers, kind="stable")
        errors = errors.take(pa.array(order))
        starts = np.searchsorted(numbers[order], np.arange(len(self._buckets) + 1))
        for number in np.flatnonzero(np.diff(starts)).tolist():
            yield number, errors.slice(starts[number], starts[number + 1] - starts[number])

    def _write_waiting(self) -> None:
        for number, errors in self._split_waiting():
            if number not in self._files:
                self._files[number] = self._path_of(number)
                LOCAL.delete(self._files[number])  # what a killed process may have left
            with LOCAL.append(self._files[number]) as target, pa.ipc.new_stream(target, errors.schema) as stream:
                stream.write_table(errors)


def _read_streams(file: Path) -> pa.Table:
    """Read the streams that a file holds, one after the other."""
    tables = []
    with LOCAL.open(file) as source:
        while source.peek(1):
            tables.append(pa.ipc.open_stream(source).read_all())
    return pa.concat_tables(tables)


def _join(errors: pa.Table, batches: Iterable[tuple[int, pa.RecordBatch]]) -> Iterator[pa.Table]:
    keys = row_keys(errors)
    wanted = np.sort(keys)
    source_rows = pa.concat_tables(_select_rows(table, batch, wanted) for table, batch in batches)
    indices = pc.index_in(pa.array(keys), value_set=source_rows.column("key").combine_chunks())
    for start in range(0, len(errors), _JOINED_ERRORS):
        part = without_dictionaries(errors.slice(start, _JOINED_ERRORS))
        of_part = indices.slice(start, _JOINED_ERRORS)
        columns = {name: source_rows.column(name).take(of_part) for name in ("cells", "payload")}
        yield pa.table({name: part.column(name) for name in part.column_names} | columns)


def _select_rows(table: int, batch: pa.RecordBatch, wanted: np.ndarray) -> pa.Table:
    """Return the keys and the packed cells of the rows of a batch with one of the wanted keys (in ascending order)."""
    keys = table << 32 | batch.column("row_num").to_numpy().astype(np.int64)
    nearest = wanted[np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)]
    is_wanted = pa.array(nearest == keys)
    rows = batch.filter(is_wanted)
    return pa.table([pa.array(keys).filter(is_wanted), *pack_cells(rows)], names=["key", "cells", "payload"])
