from __future__ import annotations

import numpy as np
import pyarrow as pa

from schemas.table_schema import Column, StatedCode, TableSchema
from tasks.ingest.note_codes import CodeNotes


def test_lines_that_state_a_code_are_noted_over_several_batches_and_an_empty_one_ends_the_last() -> None:
    stated = StatedCode(where=[("A", ("200",))])
    schema = TableSchema(
        table_format="day-sheet",
        header_row=0,
        columns=[Column(key=letter, heading=letter, letter=letter) for letter in "AB"],
        time_zone="UTC",
        interval_minutes=60,
        meter_column="B",
        stated_codes={"meter": stated},
    )
    notes = CodeNotes(schema)

    notes.add(np.arange(1, 4), [pa.array(["100", "200", "300"]), pa.array(["x", "W-1", "20250401"])])
    notes.add(np.arange(4, 6), [pa.array(["300", "200"]), pa.array(["20250402", None], pa.string())])

    assert stated.lines == [(2, "W-1"), (5, "")]
