"""JSON as a tree; that of XML, and what is refused, is tested with its rows (test_read_nodes.py)."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from schemas.errors import FileError
from schemas.node_rows import NodeRows
from schemas.problems import FileProblem, Kind
from schemas.settings import Settings
from tasks.ingest import parse_nodes as parsing
from tasks.ingest.detect_kind import kind_of
from tasks.ingest.parse_nodes import parse_nodes
from tasks.ingest.read_nodes import NodesGrid


def tree(folder: Path, content: bytes | str) -> str:
    file = folder / "a.json"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    assert kind_of(file, Settings()) is Kind.JSON
    return str(etree.tostring(parse_nodes(file, Kind.JSON, Settings()), encoding="unicode"))


@pytest.mark.parametrize(
    ("content", "xml"),
    [
        (
            '{"meter": "00417", "values": [1, 2.50, null]}',
            "<meter>00417</meter><values><item>1</item><item>2.50</item><item/></values>",
        ),
        ('[["a", true], []]', "<item><item>a</item><item>true</item></item><item/>"),
        (
            '{"Показание": 1e3, "t 1": -0.10, "1.8.0": NaN, "a:b": {}, "": 1}',
            "<Показание>1e3</Показание><t_x0020_1>-0.10</t_x0020_1><_x0031_.8.0>NaN</_x0031_.8.0><a_x003A_b/><_>1</_>",
        ),
        ('{"v": 1, "v": 2}', "<v>1</v><v>2</v>"),
        ('{"v": 1}\n{"v": 2}\r\n\n', "<item><v>1</v></item><item><v>2</v></item>"),
        ('\ufeff{"v": 123456789012345678901234567890}', "<v>123456789012345678901234567890</v>"),
        (r'{"v": "a\u0000\ud800<&"}', "<v>a��&lt;&amp;</v>"),
        ('{"v": "Ж"}'.encode("cp1251"), "<v>Ж</v>"),
        ('{"v": "Ж"}'.encode("utf-16"), "<v>Ж</v>"),
    ],
)
def test_members_and_items_are_elements_and_numbers_stay_as_they_are_written(
    tmp_path: Path, content: bytes | str, xml: str
) -> None:
    assert tree(tmp_path, content) == f"<json>{xml}</json>"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"v": 1', FileProblem.DAMAGED),
        (b'{"v": 1} x', FileProblem.DAMAGED),
        (b'{"v": ' + b"[" * 200_000, FileProblem.DAMAGED),
        (b'{"v": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", FileProblem.DAMAGED),
        ('{"v": "Показание Ж'.encode() + b'\xff"}', FileProblem.BYTE_NOT_IN_ENCODING),
        (b'{"v": "' + b" " * (1 << 20) + b'"}', FileProblem.PAGE_TOO_BIG),
    ],
)
def test_file_that_is_no_json_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, problem: FileProblem
) -> None:
    monkeypatch.setattr(parsing, "_MAX_MB", 1)

    with pytest.raises(FileError) as caught:
        tree(tmp_path, content)

    assert caught.value.problem is problem


@pytest.mark.parametrize("content", [b"[kWh];t\n1;2", b"{a};b", b'"[{";1', b"[2025-04-01 00:00] 5"])
def test_text_that_begins_with_a_bracket_is_a_text(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)

    assert kind_of(tmp_path / "a.csv", Settings()) is Kind.TEXT


def test_empty_array_in_the_place_of_the_rows_is_a_file_without_rows(tmp_path: Path) -> None:
    spec = NodeRows(rows="/json/readings/item", columns={"Когда": "t"})

    def rows(content: str) -> list[list[str | None]]:
        tree(tmp_path, content)
        return [*NodesGrid.of(parse_nodes(tmp_path / "a.json", Kind.JSON, Settings()), spec).rows()]

    assert rows('{"meter": 1, "readings": [{"t": "x"}]}') == [["Когда"], ["x"]]
    assert rows('{"meter": 1, "readings": []}') == [["Когда"]]
    with pytest.raises(FileError) as caught:
        rows('{"meter": 1, "values": []}')
    assert caught.value.problem is FileProblem.NO_ROWS_AT_PATH
