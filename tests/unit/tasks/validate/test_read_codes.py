from __future__ import annotations

from schemas.reasons import Reason
from schemas.settings import Settings
from schemas.table_schema import CodePart, StatedCode
from tasks.validate.list_rejected import list_rejected
from tasks.validate.parse_readings import parse
from tasks.validate.problem_bits import REASON_BITS
from tasks.validate.read_codes import read_codes
from tests.unit.tasks.validate.tables import long_row, long_table, raw_batch

PARTS = [CodePart(text="D-"), CodePart(column="building"), CodePart(text="/"), CodePart(column="meter")]


def test_code_is_joined_from_its_columns_and_lacks_where_one_is_empty() -> None:
    table = long_table(code_parts={"meter": PARTS})
    rows = [long_row(building="7", meter=meter) for meter in ("1", '="002"', " 1 ", None)]

    codes = read_codes(table, raw_batch(table, rows), "meter").to_pylist()

    assert codes == ["D-7/1", "D-7/002", "D-7/1", None]


def test_code_is_the_part_of_the_cell_that_the_pattern_finds() -> None:
    with_group = long_table(code_patterns={"meter": r"№\s*(\d+)"})
    without = long_table(code_patterns={"meter": r"\d+"})
    rows = [long_row(meter=meter) for meter in ("ВКТ-7 № 12", "№12", "ВКТ-7", None)]

    assert read_codes(with_group, raw_batch(with_group, rows), "meter").to_pylist() == ["12", "12", None, None]
    assert read_codes(without, raw_batch(without, rows), "meter").to_pylist() == ["7", "12", "7", None]


def test_row_without_a_code_names_the_cell_that_lacks_it() -> None:
    table = long_table(code_patterns={"meter": r"№(\d+)", "building": "^B$"})
    batch = raw_batch(table, [long_row(meter="№1"), long_row(meter="1"), long_row(meter="№1", building="C")])

    parsed = parse(table, batch)

    assert parsed.column("problems").to_pylist() == [0, *[REASON_BITS[Reason.NO_CODE]] * 2]
    errors = list_rejected([table], parsed, Settings()).to_pylist()
    assert [(error["cell"], error["reason"]) for error in errors] == [("C3", "no_code"), ("B4", "no_code")]


def test_code_on_a_line_of_its_own_is_that_of_the_lines_below_it_whatever_rows_come_with_them() -> None:
    stated = StatedCode(where=[("building", ("200",))], lines=[(3, "W-1"), (6, "="), (8, "№ 2"), (10, "")])
    table = long_table(stated_codes={"meter": stated})
    numbers = [12, 9, 7, 4, 5, 2]

    codes = read_codes(table, raw_batch(table, [long_row() for _ in numbers], row_nums=numbers), "meter")

    assert codes.to_pylist() == [None, "№ 2", "=", "W-1", "W-1", None]
    of_pattern = long_table(stated_codes={"meter": stated}, code_patterns={"meter": r"№\s*(\d+)"})
    batch = raw_batch(of_pattern, [long_row(), long_row()], row_nums=[4, 9])
    assert read_codes(of_pattern, batch, "meter").to_pylist() == [None, "2"]
    problems = parse(of_pattern, batch).column("problems").to_pylist()
    assert [bits & REASON_BITS[Reason.NO_CODE] != 0 for bits in problems] == [True, False]
