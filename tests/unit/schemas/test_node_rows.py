from __future__ import annotations

import pytest
from lxml import etree

from schemas.errors import MappingError
from schemas.mappings import read_mappings
from schemas.node_rows import NodeRows

MAPPING = """name: a
match: [a]
layout: day-sheet
timestamp: Время
columns: {Значение: {metric: T1}}
identity: {meter: M}
"""


def test_paths_are_compiled_with_the_namespaces_of_the_mapping() -> None:
    spec = NodeRows(namespaces={"n": "urn:n"}, rows="//n:a", columns={"A": "n:b"})

    (row,) = spec.compiled(spec.rows)(etree.fromstring("<a xmlns='urn:n'><b>1</b></a>"))
    (cell,) = spec.compiled("n:b")(row)

    assert cell.text == "1"


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("rows: 'a['\n  columns: {A: b}", "line 8: xml.rows: must be a path expression of XPath 1.0 (Invalid"),
        ("rows: //x:a\n  columns: {A: b}", "line 8: xml.rows: must be a path expression of XPath 1.0 (Undefined names"),
        ("rows: count(//a)\n  columns: {A: b}", "line 8: xml.rows: must be a path that selects nodes, not 'count(//a)"),
        ("rows: //a\n  columns:\n    A: b\n    Б: f()", "line 11: xml.columns.Б: must be a path expression of XPath"),
        ("rows: //a[$n]\n  columns: {A: b}", "line 8: xml.rows: must be a path that selects nodes"),
        ("rows: //a\n  columns: {A: $b}", "line 9: xml.columns.A: must be a path expression of XPath 1.0 (Undefined v"),
        ("rows: //a\n  columns: {}", "line 9: xml.columns: must have at least 1 item"),
        ("rows: //a", "line 7: xml.columns: must be given"),
        ("rows: //a\n  columns: {A: b}\n  namespaces: {1x: b}", "line 10: xml.namespaces.1x"),
        ("rows: //a\n  columns: {A: b}\npositions: [1, 5]", "either xml, which says what the columns are, or"),
        ("rows: //a\n  columns: {A: b}\nsheet: A", "either xml, which says what the columns are, or"),
        ("rows: //a\n  columns: {A: b}\njson:\n  rows: //a\n  columns: {A: b}", "either xml or json"),
    ],
)
def test_what_is_wrong_names_file_line_and_key(xml: str, said: str) -> None:
    with pytest.raises(MappingError) as refused:
        read_mappings("a.yaml", f"{MAPPING}xml:\n  {xml}\n".encode())

    assert str(refused.value).startswith("a.yaml: ")
    assert said in str(refused.value)


@pytest.mark.parametrize("key", ["xml", "json"])
def test_no_content_tells_whose_a_file_of_nodes_is(key: str) -> None:
    own = MAPPING.replace("match: [a]", "match: {content: true}") + f"{key}: {{rows: //a, columns: {{A: b}}}}\n"

    with pytest.raises(MappingError, match=f"match with globs where {key} names the columns"):
        read_mappings("a.yaml", own.encode())
