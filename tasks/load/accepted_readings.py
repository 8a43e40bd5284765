"""The accepted readings of validated loads, as Arrow tables with the columns of core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pyarrow as pa

from schemas.readings import ACCEPTED
from schemas.settings import Settings
from tasks.warehouse.connection import Connection
from tasks.warehouse.spool import AcceptedWriter, Spool, read_stream
from tasks.warehouse.statements import Statements
from tasks.warehouse.storage import LOCAL

sql = Statements(__file__)

IN_CORE = pa.schema(
    [
        ("load_id", pa.binary(16)),
        *((field.name, field.type) for field in ACCEPTED.set(2, pa.field("metric", pa.string()))),
    ]
)
"""The columns of `core.measurements` that a load fills."""
_RESTORE_ROWS = 20_000


class AcceptedReadings(NamedTuple):
    """The accepted readings of one load, in the spool."""

    load_id: UUID
    file: Path

    def tables(self) -> Iterator[pa.Table]:
        """Yield the readings in small tables of schema IN_CORE, in the order of core."""
        for batch in read_stream(self.file):
            load_ids = pa.repeat(pa.scalar(self.load_id.bytes, pa.binary(16)), len(batch))
            yield pa.table([load_ids, *batch.columns], names=IN_CORE.names).cast(IN_CORE)

    def delete(self) -> None:
        """Delete the file; stage still has the readings."""
        LOCAL.delete(self.file)


async def open_accepted(connection: Connection, load_id: UUID, settings: Settings) -> AcceptedReadings:
    """Return a load's accepted readings, restored from stage if the spool of this machine does not have them."""
    file = Spool(settings).accepted(load_id)
    if LOCAL.stat(file) is None:
        query, *values = sql("select_accepted", settings, load_id=load_id)
        with AcceptedWriter(file) as writer:
            async with connection.transaction():
                cursor = await connection.cursor(query, *values)
                while rows := await cursor.fetch(_RESTORE_ROWS):
                    writer.write(pa.Table.from_pylist([dict(row) for row in rows], ACCEPTED))
    return AcceptedReadings(load_id, file)


def tables_of(sources: Sequence[AcceptedReadings]) -> Iterator[pa.Table]:
    """Yield the readings of several loads in small tables."""
    for source in sources:
        yield from source.tables()


def tables_of_size(sources: Sequence[AcceptedReadings], min_rows: int) -> Iterator[pa.Table]:
    """Yield the readings of several loads in tables of at least `min_rows` rows, but for the last."""
    collected: list[pa.Table] = []
    for table in tables_of(sources):
        collected.append(table)
        if sum(len(table) for table in collected) >= min_rows:
            yield pa.concat_tables(collected)
            collected = []
    if collected:
        yield pa.concat_tables(collected)
