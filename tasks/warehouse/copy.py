"""Binary COPY of Arrow data: Arrow → pgpq → asyncpg, the cheapest way in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder

if TYPE_CHECKING:
    import asyncpg

_BATCH_ROWS = 50_000
T = TypeVar("T")


def encode(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[bytes]:
    """Encode tables of one schema as PostgreSQL's binary COPY format."""
    encoder = ArrowToPostgresBinaryEncoder(schema)
    yield encoder.write_header()
    for table in tables:
        for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
            yield encoder.write_batch(batch)
    yield encoder.finish()


async def ahead(items: Iterator[T]) -> AsyncIterator[T]:
    """Give the items; while one is used, a thread makes the next."""
    coming = asyncio.ensure_future(asyncio.to_thread(next, items, None))
    try:
        while (item := await coming) is not None:
            coming = asyncio.ensure_future(asyncio.to_thread(next, items, None))
            yield item
    finally:
        await asyncio.wait([coming])


async def copy_tables(
    connection: asyncpg.Connection, tables: Iterable[pa.Table], *, of: pa.Schema, into: str, schema: str | None
) -> None:
    """COPY tables with the columns `of`; `schema` None means a temporary table."""
    pieces = ahead(encode(tables, of))
    await connection.copy_to_table(into, schema_name=schema, source=pieces, columns=of.names, format="binary")


async def copy_table(connection: asyncpg.Connection, table: pa.Table, *, into: str, schema: str | None) -> None:
    """COPY a table into the columns of the same names; `schema` None means a temporary table."""
    await copy_tables(connection, [table], of=table.schema, into=into, schema=schema)
