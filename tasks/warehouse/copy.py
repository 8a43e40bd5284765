"""Binary COPY of Arrow data: Arrow → pgpq → asyncpg, the cheapest way in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder

from tasks.warehouse.batches import prefetch
from tasks.warehouse.connection import Connection

_BATCH_ROWS = 50_000


def encode(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[bytes]:
    """Encode tables of one schema as PostgreSQL's binary COPY format."""
    encoder = ArrowToPostgresBinaryEncoder(schema)
    yield encoder.write_header()
    for table in tables:
        for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
            yield encoder.write_batch(batch)
    yield encoder.finish()


async def copy_tables(
    connection: Connection, tables: Iterable[pa.Table], *, of: pa.Schema, into: str, schema: str | None
) -> None:
    """COPY tables with the columns `of`; `schema` None means a temporary table."""
    blocks = prefetch(encode(tables, of))
    await connection.copy_to_table(into, schema_name=schema, source=blocks, columns=of.names, format="binary")


async def copy_table(connection: Connection, table: pa.Table, *, into: str, schema: str | None) -> None:
    """COPY a table into the columns of the same names; `schema` None means a temporary table."""
    await copy_tables(connection, [table], of=table.schema, into=into, schema=schema)
