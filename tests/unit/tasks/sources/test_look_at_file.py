from __future__ import annotations

from lxml import etree

from schemas.problems import Kind
from tasks.sources.cells import Row
from tasks.sources.find_tables import Sheet
from tasks.sources.look_at_file import Looked, look_at_nodes, look_at_text

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


def test_xml_is_drafted_with_an_example_of_each_column_or_what_repeats_in_it() -> None:
    rows = '<r t="2025-04-01T00:00">1</r><r t="2025-04-01T01:00">2</r>'

    looked = look_at_nodes(etree.fromstring(f'<a xmlns="urn:a">{rows}<old>{rows}</old></a>'), Kind.XML)
    nothing = look_at_nodes(etree.fromstring("<a><b>1</b><b>2</b></a>"), Kind.XML)

    assert looked.sheets == [Sheet(None, [["t", "value"], ["2025-04-01T00:00", "1"], ["2025-04-01T01:00", "2"]])]
    assert looked.cut == [
        "xml:  # FILE_PATTERNS must have names such as *.xml",
        '  namespaces: {n1: "urn:a"}',
        '  rows: "/n1:a/n1:r"  # 2 of them; ??? or 2 of a/old/r',
        "  columns:",
        '    "t": "@t"  # such as "2025-04-01T00:00"',
        '    "value": "."  # such as "1"',
    ]
    assert nothing.sheets == []
    assert nothing.cut == [
        "# ??? xml: no element that comes again has a time and a number. Such elements:",
        "#   2 of a/b",
    ]
