"""Binary COPY: Arrow → pgpq → asyncpg is the cheapest way in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import aclosing

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder

from tasks.warehouse.batches import prefetch
from tasks.warehouse.connection import Connection
from tasks.warehouse.lost_copies import Turn, run_copy

_BATCH_ROWS = 50_000
_MIN_ROWS = 5_000


def encode(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[bytes]:
    """Encode tables of one schema as PostgreSQL's binary COPY format."""
    encoder = ArrowToPostgresBinaryEncoder(schema)
    yield encoder.write_header()
    for table in _together(tables):
        for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
            yield encoder.write_batch(batch)
    yield encoder.finish()


def _together(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Put small tables together: each block costs a turn of a thread, and of the connection."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(map(len, waiting)) >= _MIN_ROWS:
            yield pa.concat_tables(waiting).combine_chunks() if len(waiting) > 1 else table
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


async def copy_tables(
    connection: Connection, tables: Iterable[pa.Table], *, of: pa.Schema, into: str, schema: str | None
) -> None:
    """COPY tables with the columns `of`; `schema` None means a temporary table.

    Raises:
        ConnectionLostError: the connection was lost.

    """
    turn = Turn()
    async with aclosing(prefetch(encode(tables, of))) as blocks, aclosing(turn.while_sending(blocks)) as source:
        copying = connection.copy_to_table(into, schema_name=schema, source=source, columns=of.names, format="binary")
        await run_copy(connection, copying, turn)


async def copy_table(connection: Connection, table: pa.Table, *, into: str, schema: str | None) -> None:
    """COPY a table into the columns of the same names; `schema` None means a temporary table."""
    await copy_tables(connection, [table], of=table.schema, into=into, schema=schema)


async def copy_out(connection: Connection, query: str, *values: object) -> bytearray:
    """Return the rows of a query as binary COPY sends them.

    Raises:
        ConnectionLostError: the connection was lost.

    """
    received = bytearray()
    turn = Turn()

    async def keep(data: bytes) -> None:
        turn.give_to_server()
        received.extend(data)

    await run_copy(connection, connection.copy_from_query(query, *values, output=keep, format="binary"), turn)
    return received
