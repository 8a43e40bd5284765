from __future__ import annotations

from tasks.sources.cells import Row
from tasks.sources.draft_identity import counts_lines, draft_identity, is_like_a_code
from tasks.sources.find_tables import FoundColumn, FoundTable


def drafted(above: list[Row], *columns: FoundColumn, begins: int = 0) -> list[str]:
    lines = [*draft_identity(FoundTable(None, above, begins, len(above) + 1, []), columns)]
    assert (lines[0], lines[-1][:12]) == ("identity:", "  meter: ???")
    return lines[3:-1]


def test_columns_of_codes_are_offered_numeric_ones_and_several_too() -> None:
    assert drafted(
        [],
        FoundColumn("Здание", None, ["417", "417"]),
        FoundColumn("ИТП", None, ["4171", "4171"]),
        FoundColumn("Прибор", None, ["20133674", "20133675"]),
        FoundColumn("что-то", None, ["W-1", "W-2"]),
    ) == [
        '  # building: {column: "Здание"}  # such as "417"; the same in each line',
        '  # itp: {column: "ИТП"}  # such as "4171"; the same in each line',
        '  # meter: {column: "Прибор"}  # such as "20133674"; 2 different ones',
        '  # meter: {column: "что-то"}  # such as "W-1"; 2 different ones',
    ]


def test_cells_above_are_offered_nearest_first_but_neither_dates_nor_totals() -> None:
    above: list[Row] = [
        ["Отчёт за период c 01.04.2025 по 30.04.2025"],
        ["Заводской номер: ", None, "00123"],
        ["Прибор № 17"],
        ["Serial: 20"],
        ["Итого", "30"],
    ]

    assert drafted(above) == [
        r"""  # meter: {cell: A4, pattern: ':\s*(\S+)'}  # "Serial: 20\"""".replace('\\"', '"'),
        r"""  # meter: {cell: A3, pattern: '№\s*(\S+)'}  # "Прибор № 17\"""".replace('\\"', '"'),
        '  # meter: {cell: C2}  # "Заводской номер:" "00123"',
    ]


def test_lines_of_an_earlier_table_are_not_above() -> None:
    assert drafted([["01.04.2025", "0-1", "7"], ["Прибор № 2"]], begins=1) == [
        "  # meter: {cell: A2, pattern: '№\\s*(\\S+)'}  # \"Прибор № 2\""
    ]


def test_value_with_a_unit_is_no_code_though_its_meter_is_in_the_heading() -> None:
    assert not is_like_a_code(FoundColumn("Прибор 501 V, л", "л", ["7", "8"]))
    assert is_like_a_code(FoundColumn("Прибор", None, ["7", "8"]))


def test_values_and_numbers_of_lines_are_no_codes() -> None:
    assert is_like_a_code(FoundColumn("house_id", None, ["1"]))
    assert not is_like_a_code(FoundColumn("house1", None, ["1.5"]))
    assert not is_like_a_code(FoundColumn("№ п/п", None, ["1"]))
    assert counts_lines(FoundColumn("№", None, []))
    assert not counts_lines(FoundColumn("№ прибора", None, []))
