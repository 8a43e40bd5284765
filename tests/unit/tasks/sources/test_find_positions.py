from __future__ import annotations

from tasks.sources.find_positions import FoundPositions, find_positions


def starts(*lines: str) -> list[int] | None:
    found = find_positions(lines)
    return found.starts if found else None


def test_columns_begin_behind_blanks_that_all_lines_share() -> None:
    found = find_positions(["20250401   1,5  A", "20250402 12,25", "", "Итого 13"])

    assert found == FoundPositions([1, 10, 17], 2, is_narrow=True)
    assert found.cut("20250401   1,5  A") == ["20250401", "1,5", "A"]
    assert found.cut("x") == ["x", None, None]


def test_heading_left_of_its_numbers_belongs_to_them() -> None:
    assert starts("Дата        Расход  T", "01.04.2025     1,5 60", "02.04.2025    12,5 61") == [1, 13, 20]


def test_heading_across_a_single_blank_is_of_one_column_but_not_across_several() -> None:
    lines = ("01.04.2025 00:00    1,5", "01.04.2025 01:00   12,5")

    assert starts("Дата и время        V", *lines) == [1, 20]
    assert starts("Дата       Время    V", *lines) == [1, 12, 20]
    assert starts("Дата и время, показание", *lines) == [1, 20]


def test_rule_below_the_headings_is_not_a_heading() -> None:
    assert starts("День     V", "---- -----", "01.04.2025  1", "02.04.2025  2") == [1, 13]


def test_text_without_such_blanks_has_no_columns() -> None:
    assert starts("01.04.2025;1", "02.04.2025;2") is None
    assert starts("01.04.2025 5") is None
    assert starts("с 01.04.2025 нет воды", "вода с 02.04.2025 есть") is None
    assert starts("01.04.2025\t 5", "02.04.2025\t 5") is None
    assert starts() is None
