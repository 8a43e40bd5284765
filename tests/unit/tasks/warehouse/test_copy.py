from __future__ import annotations

import struct

import pyarrow as pa

from tasks.warehouse.copy import encode

SIGNATURE = b"PGCOPY\n\xff\r\n\0"


def test_tables_become_one_binary_copy_stream() -> None:
    schema = pa.schema([("id", pa.int64())])
    tables = [pa.table({"id": [1]}, schema), pa.table({"id": [2, None]}, schema)]

    content = b"".join(encode(tables, schema))

    row = struct.Struct(">hiq")
    assert content.startswith(SIGNATURE)
    assert content[19:] == row.pack(1, 8, 1) + row.pack(1, 8, 2) + struct.pack(">hi", 1, -1) + struct.pack(">h", -1)


def test_no_tables_make_an_empty_stream() -> None:
    content = b"".join(encode([], pa.schema([("id", pa.int64())])))

    assert content[19:] == struct.pack(">h", -1)
