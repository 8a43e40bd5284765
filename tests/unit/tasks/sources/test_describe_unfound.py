from __future__ import annotations

from tasks.sources.cells import Row
from tasks.sources.describe_unfound import describe_unfound
from tasks.sources.find_tables import Sheet


def described(*rows: Row, sheet: str | None = None) -> list[str]:
    first, *lines = describe_unfound([Sheet(sheet, [*rows])])
    assert first.startswith("# ??? No line with headings")
    return lines


def test_headings_and_two_lines_are_shown() -> None:
    assert described(["Показания"], ["Кв.", "V, м3"], ["1", "12,5"], ["2", None], sheet="Л\n1") == [
        '# sheet "Л 1", line 2, headings? "Кв." | "V, м3"',
        '# sheet "Л 1", line 3: "1" | "12,5"',
        '# sheet "Л 1", line 4: "2" | -',
        "# no column holds dates or times that are known; where else does the file say the day?",
    ]


def test_headings_that_are_dates_and_lines_without_headings_are_named() -> None:
    assert '# headings such as "01.04.2025" are dates: a column a day (intervals: {headings: …})' in described(
        ["Прибор", "Адрес", "01.04.2025"], ["W-1", "Мятная", "100"]
    )
    assert described(["1743454800", "7.2"], ["1743458400", "7.1"])[2:] == [
        "# no line of words stands above lines with numbers: without headings, columns have letters (header: none)",
        '# "1743454800" looks like a date that is not read without the key `dates` (epoch-seconds)',
    ]


def test_numbers_over_columns_beside_dates_without_a_heading_are_named() -> None:
    assert described([None, "85912345", "85912346"], ["13.04.2025", "1", "2"])[2:] == [
        '# the column of dates has no heading: below that line, columns have letters (header: none, after: "85912346")'
    ]


def test_date_that_nobody_knows_is_named() -> None:
    assert described(["t", "V"], ["32/13/2025", "1"])[-1] == (
        '# "32/13/2025" looks like a date that is written in no way that is known: see the key `dates`'
    )


def test_empty_sheet_has_nothing() -> None:
    assert described() == ["# no line with anything in it"]
    assert "and 8 more" in described(["x"] * 20)[0]
