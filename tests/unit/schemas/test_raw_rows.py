from __future__ import annotations

import pyarrow as pa

from schemas.raw_rows import raw_row_schema


def test_raw_rows_have_their_line_and_a_text_a_column() -> None:
    schema = raw_row_schema(["Дата", "T1"])

    assert schema == pa.schema(
        [("row_num", pa.int32()), ("row_problem", pa.string()), ("Дата", pa.string()), ("T1", pa.string())]
    )
