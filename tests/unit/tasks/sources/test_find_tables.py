from __future__ import annotations

import datetime as dt

from tasks.sources.find_tables import FoundColumn, FoundTable, Row, Sheet, Times, find_tables


def read_date(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, "%d.%m.%Y")  # noqa: DTZ007
    except ValueError:
        return None


TIMES = Times(read_date, lambda text: "-" in text)


def found(*rows: Row) -> list[FoundTable]:
    return list(find_tables(Sheet("Лист", [*rows]), TIMES))


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

    assert [column.heading for column in first.columns] == ["Дата", "Подающий t", "Подающий V"]
    assert (second.title, [column.heading for column in second.columns]) == ("Сутки", ["Дата", "t"])


def test_header_right_below_another_table_is_not_joined_with_its_last_line() -> None:
    _, second = found(["Дата", "t", "V"], ["01.04.2025", "60", "1"], ["Дата", "T2"], ["01.04.2025", "40"])

    assert [column.heading for column in second.columns] == ["Дата", "T2"]


def test_data_without_a_header_is_not_a_table() -> None:
    assert found(["01.04.2025", "60"]) == []


def test_mostly_is_four_of_five() -> None:
    assert FoundColumn("", None, ["1", "2", "3", "4", "x"]).mostly(str.isdigit)
    assert not FoundColumn("", None, ["1", "2", "x"]).mostly(str.isdigit)
    assert not FoundColumn("", None, []).mostly(str.isdigit)
