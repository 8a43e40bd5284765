from __future__ import annotations

from schemas.lines import LineClass, describe_left_out, line_counts


def test_lines_are_counted_by_their_names_in_the_order_of_the_classes() -> None:
    counts = {LineClass.NOTE: 2, LineClass.HEADER: 1, LineClass.TOTAL: 0}

    assert list(line_counts(counts).items()) == [("header", 1), ("note", 2)]


def test_row_of_a_workbook_that_holds_nothing_is_no_line_but_is_named() -> None:
    assert line_counts({LineClass.EMPTY: 2}) == {}
    assert describe_left_out({LineClass.EMPTY: 2, LineClass.BLANK: 1}) == "пустые строки 3"


def test_message_names_what_is_neither_header_nor_reading() -> None:
    assert describe_left_out({LineClass.HEADER: 1, LineClass.READING: 5}) == ""
    assert describe_left_out(dict.fromkeys(LineClass, 1)).count(",") == len(LineClass) - 4
    assert describe_left_out({LineClass.NOTE: 2, LineClass.BLANK: 3}) == "примечания 2, пустые строки 3"
