from __future__ import annotations

from tasks.sources.cells import Row
from tasks.sources.find_tables import Sheet
from tasks.sources.look_at_file import Looked, look_at_text

LINES = ["День          V", "01.04.2025   12", "02.04.2025    5"]


def test_text_is_cut_at_its_blanks_only_where_delimiters_make_no_table() -> None:
    by_delimiters: list[Row] = [["День", "V"], ["01.04.2025", "12"]]

    looked = look_at_text([Sheet(None, [[line] for line in LINES])], LINES)

    assert looked.sheets[0].rows == [["День", "V"], ["01.04.2025", "12"], ["02.04.2025", "5"]]
    assert looked.cut == ["positions: [1, 14]  # 2 lines with data have blanks before these"]
    assert look_at_text([Sheet(None, by_delimiters)], LINES) == Looked([Sheet(None, by_delimiters)])


def test_text_whose_blanks_make_no_table_either_is_left_as_it_is() -> None:
    lines = ["нет 01.04.2025", "так 02.04.2025"]
    sheets = [Sheet(None, [[line] for line in lines])]

    assert look_at_text(sheets, lines) == Looked(sheets)
    assert look_at_text(sheets, []) == Looked(sheets)
