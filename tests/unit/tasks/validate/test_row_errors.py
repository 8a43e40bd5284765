from __future__ import annotations

import pyarrow as pa
import pytest

from schemas.reasons import ADVICE, OF_WHOLE_LINES, Reason
from schemas.settings import Settings
from schemas.spec_parts import fold_words
from schemas.time_faults import TIME_FAULTS, TimeFault
from tasks.validate.list_rejected import list_rejected
from tasks.validate.parse_readings import parse
from tasks.validate.problem_bits import REASON_BITS
from tasks.validate.row_errors import column_letters, row_keys, without_flags
from tests.unit.tasks.validate.tables import long_row, long_table, raw_batch, wide_row, wide_table


def test_a_fault_of_the_row_is_listed_once_and_a_fault_of_a_cell_for_each_cell() -> None:
    table = wide_table()
    rows = [wide_row(hour="99"), wide_row(supply="x", t1="y"), wide_row()]

    errors = list_rejected([table], parse(table, raw_batch(table, rows)), Settings())

    assert [(error["row_num"], error["cell"], error["metric"], error["reason"]) for error in errors.to_pylist()] == [
        (2, "B2", None, "bad_timestamp"),
        (3, "C3", "flow_supply", "bad_number"),
        (3, "D3", "T1", "bad_number"),
    ]
    assert errors.column("message").to_pylist() == [
        TIME_FAULTS[TimeFault.OUTSIDE_DAY].russian,
        *[ADVICE[Reason.BAD_NUMBER]] * 2,
    ]


def test_each_row_says_why_its_time_is_bad_and_names_the_cell_at_fault() -> None:
    table = long_table(tz_column="unit", unit_column=None)
    times = {"2025-04-31": "UTC", "2025-04-01 01:00": "Mars/Base", "13/04/2025": "UTC", "2014-10-26 01:30": None}
    rows = [long_row(timestamp=time, unit=zone) for time, zone in times.items()]

    errors = list_rejected([table], parse(table, raw_batch(table, rows)), Settings()).to_pylist()

    assert [(error["cell"], error["reason"], error["message"]) for error in errors] == [
        (cell, "bad_timestamp", TIME_FAULTS[fault].russian)
        for cell, fault in (
            ("A2", TimeFault.NO_SUCH_DATE),
            ("F3", TimeFault.UNKNOWN_ZONE),
            ("A4", TimeFault.SEVERAL_DATES),
            ("A5", TimeFault.CAME_TWICE),
        )
    ]


@pytest.mark.parametrize("reason", sorted(OF_WHOLE_LINES))
def test_a_line_whose_cells_are_not_the_columns_is_one_error_of_the_whole_row(reason: Reason) -> None:
    table = wide_table()

    parsed = parse(table, raw_batch(table, [wide_row(supply="x")], problems={2: reason}))

    (error,) = list_rejected([table], parsed, Settings()).to_pylist()

    assert (error["column_name"], error["cell"], error["raw_value"], error["reason"]) == (None, "A2", None, reason)


def test_a_formula_without_a_value_in_the_time_is_an_error_of_that_cell() -> None:
    table = long_table()
    rows = [long_row(timestamp="=A1"), long_row(value="=A1")]

    errors = list_rejected([table], parse(table, raw_batch(table, rows)), Settings())

    assert [(error["cell"], error["reason"]) for error in errors.to_pylist()] == [
        ("A2", "formula_without_value"),
        ("E3", "formula_without_value"),
    ]


def test_readable_rows_have_no_errors() -> None:
    table = long_table()

    assert len(list_rejected([table], parse(table, raw_batch(table, [long_row()])), Settings())) == 0


def test_row_keys_identify_a_source_row_in_all_tables_and_keep_the_order_of_tables() -> None:
    rows = pa.table({"table": pa.array([0, 0, 1], pa.int32()), "row_num": pa.array([5, 2**31 - 1, 1], pa.int32())})

    keys = row_keys(rows)

    assert keys.tolist() == sorted(set(keys.tolist()))


def test_a_column_has_the_letter_of_its_own_table() -> None:
    tables = pa.chunked_array([pa.array([0, 1, 1], pa.int32())])

    letters = column_letters([long_table(), wide_table()], tables, pa.array(["value", "Т1", "value"]))

    assert letters.to_pylist() == ["E", "D", None]


def test_reading_that_is_only_flagged_can_be_read() -> None:
    table = long_table(status_column="unit", status_words=fold_words({"расчёт": "suspect", "авария": "rejected"}))
    table = table.model_copy(update={"unit_column": None})

    parsed = without_flags(parse(table, raw_batch(table, [long_row(unit="Расчёт"), long_row(unit="Авария")])))

    assert parsed.column("problems").to_pylist() == [0, REASON_BITS[Reason.REJECTED_STATUS]]
    assert [error["reason"] for error in list_rejected([table], parsed, Settings()).to_pylist()] == ["rejected_status"]
