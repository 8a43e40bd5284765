from __future__ import annotations

from schemas.headings import heading_cells


def test_merged_cell_heads_those_to_its_right_down_to_another_group() -> None:
    rows = [["Дата", "A", None, "B", None], [None, "p", "q", None, "r"], [None, "V", "V", "V", None]]

    cells = list(heading_cells(rows))

    assert [one.joined for one in cells] == ["Дата", "A p V", "A q V", "B V", "B r"]
    assert [one.below(1).joined for one in cells] == ["", "p V", "q V", "V", "r"]
    assert [one.own for one in cells][1] == ["A", "p", "V"]
