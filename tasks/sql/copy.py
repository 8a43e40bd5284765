"""Binary COPY of Arrow data: Arrow → pgpq → asyncpg, the cheapest way in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder

if TYPE_CHECKING:
    import asyncpg

_BATCH_ROWS = 50_000


def encode(table: pa.Table) -> Iterable[bytes]:
    """Encode a table as PostgreSQL's binary COPY format; columns in the table's order."""
    encoder = ArrowToPostgresBinaryEncoder(table.schema)
    yield encoder.write_header()
    for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
        yield encoder.write_batch(batch)
    yield encoder.finish()


async def copy_table(connection: asyncpg.Connection, table: pa.Table, *, into: str, schema: str | None) -> None:
    """COPY a table into the columns of the same names; `schema` None means a temporary table."""

    async def source() -> AsyncIterator[bytes]:
        for chunk in encode(table):
            yield chunk

    await connection.copy_to_table(
        into, schema_name=schema, source=source(), columns=table.column_names, format="binary"
    )
