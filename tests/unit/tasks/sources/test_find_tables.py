from __future__ import annotations

from tasks.sources.cells import Row
from tasks.sources.find_tables import FoundColumn, FoundTable, Sheet, find_tables, find_undated


def found(*rows: Row) -> list[FoundTable]:
    return list(find_tables(Sheet("Лист", [*rows])))


def headings(table: FoundTable) -> list[str]:
    return [column.heading for column in table.columns]


def test_table_is_found_below_its_title_header_and_units() -> None:
    (table,) = found(
        ["Архив"], ["Дата", "T1", "V, м3"], [None, "°C", None], ["01.04.2025", "60", "1"], ["02.04.2025", "61", "2"]
    )

    assert (table.title, table.header_line, table.sheet) == ("Архив", 2, "Лист")
    assert table.columns[1:] == [FoundColumn("T1", "°C", ["60", "61"]), FoundColumn("V, м3", "м3", ["1", "2"])]


def test_header_in_two_lines_is_joined_and_two_tables_are_told_apart() -> None:
    first, second = found(
        ["Дата", "Подающий", None],
        [None, "t", "V"],
        ["01.04.2025", "60", "1"],
        ["Сутки", None],
        ["Дата", "t"],
        ["01.04.2025", "60"],
    )

    assert headings(first) == ["Дата", "Подающий t", "Подающий V"]
    assert (second.title, headings(second)) == ("Сутки", ["Дата", "t"])


def test_line_above_is_joined_too_where_headings_are_the_same_without_it() -> None:
    (table,) = found(["Узел 1", None, None], [None, "Подача", "Обратка"], ["Дата", "V", "V"], ["01.04.2025", "60", "1"])

    assert headings(table) == ["Дата", "Подача V", "Обратка V"]


def test_header_in_three_lines_is_joined_and_a_title_in_several_cells_is_none_of_them() -> None:
    lines: list[list[str | None]] = [
        ["Дата", "Система 1", None, "Система 2"],
        [None, "Подача", "Обратка", "Подача"],
        [None, "V", "V", "V"],
        ["01.04.2025", "60", "1", "2"],
    ]
    (table,) = found(["Абонент", "ООО", None, None, "Адрес"], *lines)
    (with_title,) = found(["Абонент", "ООО", None, "Адрес"], ["Дата", "Подача", None, None], *lines[2:])

    assert headings(table) == ["Дата", "Система 1 Подача V", "Система 1 Обратка V", "Система 2 Подача V"]
    assert headings(with_title) == ["Дата", "Подача V", "Подача V", "Подача V"]


def test_unknown_units_and_a_blank_line_may_stand_between_header_and_data() -> None:
    (table,) = found(["Дата", "Q", "P"], [None, "Гкал", "кгс/см2"], ["1", "2", "3"], [], ["01.04.2025", "6", "1"])

    assert [column.unit for column in table.columns] == [None, "Гкал", "кгс/см2"]


def test_first_lines_without_values_and_lines_without_a_date_belong_to_the_table() -> None:
    (table,) = found(
        ["Дата", "Час", "V"],
        ["01.04.2025", None, None],
        ["02.04.2025", "0-1", "1"],
        [None, "1-2", "2"],
        ["03.04.2025", "0-1", "н/д"],
        ["Итого", None, "3"],
    )

    assert table.header_line == 1
    assert table.columns[0].cells == ["01.04.2025", "02.04.2025", None, "03.04.2025"]
    assert table.columns[2].samples == ["1", "2", "н/д"]


def test_first_lines_with_texts_and_a_date_but_no_values_belong_to_the_table_be_they_all() -> None:
    empty: list[Row] = [[f"{day:02}.04.2025", "A-1", "нет счёта", None] for day in range(1, 29)]
    header: Row = ["Дата", "Код", "Состояние", "V"]

    earlier: list[Row] = [["Дата", "T"], ["01.03.2025", "5"], ["Отчёт", "01.04.2025"]]
    _, filled = found(*earlier, header, *empty, ["29.04.2025", "A-1", "снято", "1"])
    (without,) = found(["Отчёт", "01.04.2025"], header, *empty)

    assert (filled.header_line, len(filled.columns[0].cells), filled.columns[3].samples) == (4, 29, ["1"])
    assert (without.header_line, len(without.columns[0].cells), without.columns[3].samples) == (2, 28, [])
    assert found(["Отчёт", "за"], ["01.04.2025", "пусто"], ["Подпись", "Иванов"]) == []


def test_values_are_seen_below_however_many_lines_without_them() -> None:
    empty: list[Row] = [["01.04.2025", "нет", None]] * 1_500

    (table,) = found(["Дата", "Состояние", "V"], *empty, ["02.04.2025", "есть", "1"])

    assert (table.header_line, table.columns[2].samples) == (1, ["1"])


def test_title_with_a_date_is_not_taken_for_a_line_without_values() -> None:
    (table,) = found(["Отчёт", "01.04.2025"], ["Дата", "V"], ["02.04.2025", "1"])

    assert (table.header_line, headings(table)) == (2, ["Дата", "V"])


def test_date_may_be_written_otherwise_or_as_a_number_below_a_heading_that_says_so() -> None:
    (slashes,) = found(["t", "V"], ["13/04/2025 00:00", "1"])
    (seconds,) = found(["Время", "V"], ["1743454800", "1"])

    assert slashes.header_line == seconds.header_line == 1
    assert found(["Номер", "V"], ["1743454800", "1"]) == []


def test_table_that_goes_on_below_its_header_again_is_one_but_that_of_another_meter_is_not() -> None:
    table: list[Row] = [["Дата", "V"], ["01.04.2025", "1"]]

    (one,) = found(*table, ["Данные с 02.04.2025"], *table)
    two = found(["Прибор № 111"], *table, ["Прибор № 222"], *table)

    assert one.columns[1].samples == ["1", "1"]
    assert [(part.title, part.begins) for part in two] == [("Прибор № 111", 0), ("Прибор № 222", 3)]


def test_header_right_below_another_table_is_not_joined_with_its_last_line() -> None:
    _, second = found(["Дата", "t", "V"], ["01.04.2025", "60", "1"], ["Дата", "T2"], ["01.04.2025", "40"])

    assert headings(second) == ["Дата", "T2"]


def test_table_without_dates_is_found_only_by_those_who_ask_for_it() -> None:
    rows: list[Row] = [["Показания на 01.04.2025"], ["Кв.", "V"], [None, "м3"], ["1", "12,5"], ["2", "8"]]

    assert found(*rows) == []
    table = find_undated(Sheet(None, rows))
    assert table
    assert (table.header_line, table.columns[1]) == (2, FoundColumn("V", "м3", ["12,5", "8"]))
    assert find_undated(Sheet(None, [["1", "2"]])) is None
    assert find_undated(Sheet(None, [["a", "b"]])) is None


def test_data_without_a_header_is_not_a_table() -> None:
    assert found(["01.04.2025", "60"]) == []


def test_mostly_is_four_of_five_words_for_missing_values_left_out() -> None:
    assert FoundColumn("", None, ["1", "2", "3", "4", "x"]).mostly(str.isdigit)
    assert FoundColumn("", None, ["1", "NaN", "#Н/Д", "-", None]).mostly(str.isdigit)
    assert not FoundColumn("", None, ["1", "2", "x"]).mostly(str.isdigit)
    assert not FoundColumn("", None, []).mostly(str.isdigit)
