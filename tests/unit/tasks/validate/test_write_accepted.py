from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from schemas.readings import ACCEPTED
from schemas.settings import Settings
from tasks.validate.apply_rules import Meter, apply_rules
from tasks.validate.parse_readings import parse
from tasks.validate.write_accepted import write_accepted
from tasks.warehouse.spool import AcceptedWriter, read_stream
from tests.unit.tasks.validate.tables import long_row, long_table, raw_batch


def test_each_file_gets_its_own_accepted_readings_and_no_rejected_one(tmp_path: Path) -> None:
    schema = long_table()
    rows = [
        [long_row(value="1"), long_row(timestamp="x")],
        [long_row(metric="T2", value="2")],
        [long_row(value="x")],
        [long_row(value="3")],
    ]
    file_indices = [0, 0, 1, 2]
    parsed = pa.concat_tables(parse(schema, raw_batch(schema, rows_), table=i) for i, rows_ in enumerate(rows))
    readings = apply_rules(parsed, {"M": Meter(7, "I", "B", 60)}, Settings(), file_indices).readings

    with ExitStack() as stack:
        writers = [stack.enter_context(AcceptedWriter(tmp_path / str(number))) for number in range(3)]
        write_accepted(readings, file_indices, writers)

    batches = [pa.Table.from_batches(read_stream(tmp_path / str(number)), schema=ACCEPTED) for number in range(3)]
    assert [table.column("value").to_pylist() for table in batches] == [[1.0, 2.0], [], [3.0]]
    assert batches[0].column("meter_id").to_pylist() == [7, 7]
