from __future__ import annotations

import datetime as dt
from uuid import UUID

import pyarrow as pa

from schemas.settings import Settings
from tasks.validate.apply_rules import Meter, apply_rules
from tasks.validate.count_outcomes import OutcomeCounts
from tasks.validate.parse_readings import parse
from tasks.warehouse.load_log import ValidationCounts
from tests.unit.tasks.validate.tables import LOAD, long_row, long_table, raw_batch, staged

OTHER = UUID(int=2)


def micros(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp() * 1e6)


def test_readings_are_counted_by_load_over_its_tables_and_partitions() -> None:
    schema = long_table()
    counts = OutcomeCounts([staged(schema), staged(schema, 1), staged(schema, load_id=OTHER)])
    partitions = [
        [
            [long_row(), long_row(), long_row(timestamp="2025-04-01 06:00", value="x")],
            [long_row(timestamp="2025-04-01 07:00")],
            [long_row(timestamp="2025-04-02 05:00", value="60")],
        ],
        [[], [long_row(timestamp="2025-04-01 04:00"), long_row(timestamp="2025-04-01 04:00", metric="T2")], []],
    ]

    for tables in partitions:
        parsed = pa.concat_tables(parse(schema, raw_batch(schema, rows), table=i) for i, rows in enumerate(tables))
        counts.add(parsed, apply_rules(parsed, {"M": Meter(7, "I", "B", 60)}, Settings(), [0, 0, 1]))

    first, last = micros("2025-04-01T04:00+03:00"), micros("2025-04-01T07:00+03:00")
    assert counts.of_load(LOAD) == ValidationCounts(LOAD, 6, 1, 1, 2, first, last, "отклонено показаний: не число 1")
    assert counts.of_load(OTHER)[1:5] == (1, 0, 0, 0)


def test_a_load_without_accepted_readings_has_no_times() -> None:
    schema = long_table()
    counts = OutcomeCounts([staged(schema)])
    parsed = parse(schema, raw_batch(schema, [long_row(value="x")]))

    counts.add(parsed, apply_rules(parsed, {}, Settings()))

    found = counts.of_load(LOAD)
    assert (found.first_time, found.last_time) == (None, None)
    assert found.message == "отклонено показаний: не число 1, код не найден в справочнике 1"
    assert OutcomeCounts([]).of_load(LOAD) == ValidationCounts(LOAD, 0, 0, 0, 0, None, None, None)
