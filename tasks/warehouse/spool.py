"""The files that hold rows on their way between the steps of a run, as Arrow streams below STATE_DIR.

They are a cache: what is missing is restored from stage.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

import pyarrow as pa

from schemas.readings import ACCEPTED
from schemas.settings import Settings
from tasks.warehouse.heap import trim_heap_after
from tasks.warehouse.storage import LOCAL

_KEEP_SECONDS = 2 * 86_400
_BATCH_ROWS = 50_000  # small enough for the processor's cache


class Spool:
    """The spool of one state folder."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.state_dir / "spool"

    def raw(self, load_id: UUID, table_num: int) -> Path:
        """Return the path of one table's raw rows."""
        return self._folder / f"{load_id}.{table_num}.arrow"

    def accepted(self, load_id: UUID) -> Path:
        """Return the path of a load's accepted readings (schema ACCEPTED)."""
        return self._folder / f"{load_id}.accepted"

    def partition(self, load_id: UUID, number: int) -> Path:
        """Return the path of one partition of a batch's parsed readings; `load_id` is the batch's first."""
        return self._folder / f"{load_id}.partition{number}"

    def row_errors(self, load_id: UUID, bucket: int) -> Path:
        """Return the path of the row errors in one bucket of a batch's raw rows; `load_id` is the batch's first."""
        return self._folder / f"{load_id}.errors{bucket}"

    def load_ids(self) -> set[UUID]:
        """Return the loads that have files here."""
        return {load_id for file in LOCAL.list_files(self._folder) if (load_id := _load_of(file))}

    def delete(self, load_ids: Collection[UUID], *, now: float) -> None:
        """Delete the files of loads, and all that are old: those of loads in other databases are not known here.

        A load that still needs them restores them from stage.
        """
        for file in LOCAL.list_files(self._folder):
            stat = LOCAL.stat(file)
            is_old = stat is not None and now - stat.modified > _KEEP_SECONDS
            if is_old or _load_of(file) in load_ids:
                LOCAL.delete(file)


def _load_of(file: Path) -> UUID | None:
    """Return the load that a file of the spool belongs to; None: it is not ours."""
    with suppress(ValueError):
        return UUID(file.name.partition(".")[0])
    return None


class StreamWriter(ExitStack):
    """An Arrow stream that gets its name only when it is complete: a killed process leaves a `.part`."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__()
        file = self.enter_context(LOCAL.create(path))
        self._stream = self.enter_context(pa.ipc.new_stream(file, schema))

    def write(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Append rows of the stream's schema."""
        trim_heap_after(rows.nbytes)
        if isinstance(rows, pa.RecordBatch):
            self._stream.write_batch(rows)
        else:
            self._stream.write_table(rows, max_chunksize=_BATCH_ROWS)


class AcceptedWriter:
    """The stream of a load's accepted readings; few wait in memory: hundreds of files are not open at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._stream: StreamWriter | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, rows: pa.Table) -> None:
        """Append rows of the schema ACCEPTED."""
        self._waiting.append(rows)
        self._rows += len(rows)
        if self._rows > _BATCH_ROWS:
            self._write_waiting()

    def _write_waiting(self) -> StreamWriter:
        self._stream = self._stream or StreamWriter(self._path, ACCEPTED)
        for rows in self._waiting:
            self._stream.write(rows)
        self._waiting, self._rows = [], 0
        return self._stream

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stream = self._stream if kind else self._write_waiting()
        if stream:
            stream.__exit__(kind, error, trace)


def read_stream(path: Path) -> Iterator[pa.RecordBatch]:
    """Read a stream batch by batch; a mapped file would count as memory of this process."""
    with LOCAL.open(path) as source, pa.ipc.open_stream(source) as batches:
        for batch in batches:
            trim_heap_after(batch.nbytes)
            yield batch
