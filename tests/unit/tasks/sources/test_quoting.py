from __future__ import annotations

from tasks.sources.find_tables import FoundColumn
from tasks.sources.quoting import example, quote, quote_pattern


def test_text_is_one_line_of_yaml() -> None:
    assert quote('a\n "b"\x85c') == '"a \\"b\\" c"'
    assert quote(None) == '""'
    assert quote("a\x9fb") == '"a\\U0000009Fb"'


def test_example_is_the_first_sample_cut() -> None:
    assert example(FoundColumn("x", None, [None, "y" * 100])) == f'"{"y" * 80}"'
    assert example(FoundColumn("x", None, [])) == '""'


def test_pattern_keeps_its_backslashes() -> None:
    assert quote_pattern(r"d'(?P<hour>\d+)") == r"'d''(?P<hour>\d+)'"
    assert quote_pattern("\\d\x85") == r'"\\d"'
